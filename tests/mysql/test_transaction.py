"""One transaction taken back from production's binlog, on real servers of both families; what was done since stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mysql.rewinding import Scratches
from mysql.site import PASSWORD, USER, Site, silent
from mysql.test_binlog import FORMS, OWN, globally
from mysql.test_rows_from_binlog import STATEMENT, WORK, digests
from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Policy
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.rows import Act, Provenance, Relation, TableDifference
from rdsrestore.domain.tables.transaction import LaterChanges, LoggedTransaction, TouchedTable, TransactionName
from rdsrestore.mysql.binlog import fetch
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.rewind import named_transaction, transaction_rows
from rdsrestore.mysql.rewind.replay import Replay
from rdsrestore.mysql.rewind.rows_from_binlog import Server
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import Login, connect
from tiers import amount
from tool import counted

pytestmark = pytest.mark.xdist_group("binlog")

BACK = Policy(Merge.OVERWRITE, three_way=True)
ALL_BACK = Policy(Merge.EXACT, three_way=True)


def mariadb(site: Site) -> bool:
    return site.production.programs.engine == "mariadb"


def done(site: Site, text: str) -> str:
    """Run statements as one transaction; returns its place."""
    *_older, (file, size, *_more) = site.production.sql("SHOW BINARY LOGS")
    site.now(f"START TRANSACTION; {text}; COMMIT")
    return f"{file}:{size}"


@contextmanager
def reader(site: Site) -> Iterator[Server]:
    login = Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca)
    with closing(connect(login, "production")) as session:
        yield Server(session, login)


def find(site: Site, name: str, since: datetime | None = None) -> LoggedTransaction:
    with reader(site) as source:
        return named_transaction.located(source.session, source.login, TransactionName.read(name), since, silent)


def later(site: Site, logged: LoggedTransaction, *tables: str) -> LaterChanges:
    with site.live() as server:
        definitions = [found for table in tables if (found := server.definition(site.ref(table)))]
    with reader(site) as source:
        return transaction_rows.later_changes(source, definitions, logged, silent)


def turn_back(site: Site, scratches: Scratches, name: str, *tables: str) -> LaterChanges | None:
    """Take a transaction's rows for the steps that follow; returns who changed those of the last table since."""
    logged, found = find(site, name), None
    with site.live() as server:
        definitions = [made for table in tables if (made := server.definition(site.ref(table)))]
    store = DumpStore(site.folder, None)
    with reader(site) as source, fetch.folder() as place, closing(connect(scratches(site), "scratch")) as own:
        walks = transaction_rows.since(source, definitions, logged, place, silent)
        scratch = Server(own, scratches(site))
        for definition, walk in zip(definitions, walks, strict=True):
            found = transaction_rows.alone(definition, walk, scratch, store, silent)
            assert transaction_rows.proved(source, definition, walk, scratch, place, silent)
            assert found.after
            table = definition.ref.table
            site.dumps[table], site.afters[table], site.located[table] = found.dump, found.after, found.located
    site.stage(*tables)
    return found.later if found else None


def shown(site: Site, query: str) -> tuple[tuple[object, ...], ...]:
    return tuple(site.now(query))


def planned(found: TableDifference) -> dict[tuple[Relation, Provenance], tuple[Act, int]]:
    return {(each.relation, each.provenance): (each.act, each.rows) for each in found.groups}


def test_it_is_found_by_its_gtid_and_by_the_place_of_each_of_its_events(binlog: Site) -> None:
    binlog.now("CREATE TABLE w (id INT PRIMARY KEY, t INT); CREATE TABLE v (id INT PRIMARY KEY)")
    done(binlog, "INSERT INTO w VALUES (1, 1), (2, 2), (3, 3)")
    place = done(binlog, "DELETE FROM w WHERE id > 1; UPDATE w SET t = 7; INSERT INTO v VALUES (1), (2)")
    done(binlog, "DELETE FROM w")
    file, _, position = place.partition(":")
    events = binlog.production.sql(f"SHOW BINLOG EVENTS IN '{file}' FROM {position}")

    logged = find(binlog, place)

    touched = {TouchedTable(binlog.ref("w"), 0, 1, 2), TouchedTable(binlog.ref("v"), 2)}
    assert (logged.file, str(logged.position), set(logged.tables)) == (file, position, touched)
    assert find(binlog, logged.gtid) == logged
    assert find(binlog, f"{file}:{events[1][1]}") == logged
    binlog.production.sql("FLUSH BINARY LOGS")
    done(binlog, "DELETE FROM v")
    assert find(binlog, logged.gtid) == logged
    assert find(binlog, logged.gtid, logged.at) == logged
    with pytest.raises(Refused, match=r"is not in production's binlog since --before, which goes from"):
        find(binlog, logged.gtid, datetime.now(UTC) + timedelta(days=1))


def test_a_name_of_nothing_is_refused_with_what_is_kept(binlog: Site) -> None:
    binlog.now("CREATE TABLE w (id INT PRIMARY KEY)")
    file, _, position = done(binlog, "INSERT INTO w VALUES (1)").partition(":")
    own, other = "9-9-99", "00000000-0000-0000-0000-000000000000:7"
    own, other = (own, other) if mariadb(binlog) else (other, own)

    for name in (own, "binlog.999999:4"):
        with pytest.raises(Refused, match=r"is not in production's binlog, which goes from \S+, begun at .* UTC, to"):
            find(binlog, name)
    with pytest.raises(Refused, match=rf"no transaction has an event that begins at byte .* of {file}"):
        find(binlog, f"{file}:{int(position) + 1}")
    with pytest.raises(UsageError, match="and production is"):
        find(binlog, other)


def test_a_delete_is_taken_back_and_what_was_added_since_stays(binlog: Site, scratches: Scratches) -> None:
    binlog.both("CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(30)); INSERT INTO w VALUES (1, 'é'), (2, 'b'), (3, 'c')")
    place = done(binlog, "DELETE FROM w WHERE id < 3")
    binlog.now(
        "INSERT INTO w VALUES (9, 'since'); UPDATE w SET t = 'since' WHERE id = 3; INSERT INTO w VALUES (2, 'x')"
    )

    assert [each.rows for each in (turn_back(binlog, scratches, place, "w") or LaterChanges()).listed] == [1]
    found = binlog.compare("w", policy=BACK)
    saved = binlog.save("w", policy=BACK)
    load = binlog.load("w", policy=BACK)

    assert planned(found) == {(Relation.MISSING, Provenance.TAKEN): (Act.INSERT, 1)}
    assert [(each.rows, each.sample) for each in found.conflicts] == [(1, ("2",))]
    assert load.inserted == 1
    assert shown(binlog, "SELECT * FROM w ORDER BY id") == ((1, "é"), (2, "x"), (3, "since"), (9, "since"))
    binlog.undo(saved)
    assert shown(binlog, "SELECT id FROM w ORDER BY id") == ((2,), (3,), (9,))


def test_later_edits_of_other_columns_stay_and_of_the_same_are_conflicts(binlog: Site, scratches: Scratches) -> None:
    binlog.both(
        "CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(9), n INT); INSERT INTO w VALUES (1,'a',1),(2,'b',2),(3,'c',3),(4,'d',4)"
    )
    place = done(binlog, "UPDATE w SET t = 'oops' WHERE id < 4")
    second = done(binlog, "UPDATE w SET n = 20 WHERE id IN (2, 4)")
    third = done(binlog, "UPDATE w SET t = 'mine' WHERE id = 3")
    done(binlog, "UPDATE w SET n = 44 WHERE id = 4")
    logged = find(binlog, place)

    named = later(binlog, logged, "w")
    again = turn_back(binlog, scratches, logged.gtid, "w")
    found = binlog.compare("w", policy=BACK)
    saved = binlog.save("w", policy=BACK)
    binlog.load("w", policy=BACK)

    assert named == again
    assert [(f"{each.file}:{each.position}", each.rows) for each in named.listed] == [(second, 1), (third, 1)]
    assert all(each.gtid and each.at.year > 2000 for each in named.listed)
    assert planned(found) == {
        (Relation.CHANGED, Provenance.TAKEN): (Act.UPDATE, 1),
        (Relation.CHANGED, Provenance.MERGED): (Act.UPDATE, 1),
    }
    assert found.unfit == 1
    assert shown(binlog, "SELECT * FROM w ORDER BY id") == ((1, "a", 1), (2, "b", 20), (3, "mine", 3), (4, "d", 44))
    binlog.undo(saved)
    assert shown(binlog, "SELECT t FROM w ORDER BY id") == (("oops",), ("oops",), ("mine",), ("d",))


def test_on_conflict_restore_gives_the_row_from_before_it(binlog: Site, scratches: Scratches) -> None:
    binlog.both("CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(9)); INSERT INTO w VALUES (1, 'a')")
    place = done(binlog, "UPDATE w SET t = 'oops'")
    done(binlog, "UPDATE w SET t = 'mine'")
    policy = Policy(Merge.OVERWRITE, OnConflict.RESTORE, three_way=True)

    turn_back(binlog, scratches, place, "w")
    binlog.compare("w", policy=policy)
    binlog.save("w", policy=policy)

    assert binlog.load("w", policy=policy).updated == 1
    assert binlog.equal("w")


def test_added_rows_stay_unless_all_of_it_is_to_go_and_then_those_that_nobody_changed(
    binlog: Site, scratches: Scratches
) -> None:
    binlog.both("CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(9)); INSERT INTO w VALUES (1, 'a')")
    place = done(binlog, "INSERT INTO w VALUES (5, 'e'), (6, 'f'), (7, 'g')")
    binlog.now("INSERT INTO w VALUES (8, 'h'); UPDATE w SET t = 'mine' WHERE id = 6; DELETE FROM w WHERE id = 7")

    turn_back(binlog, scratches, place, "w")
    assert planned(binlog.compare("w", policy=BACK)) == {
        (Relation.EXTRA, Provenance.TAKEN): (Act.KEEP, 1),
        (Relation.EXTRA, Provenance.EDITED): (Act.KEEP, 1),
    }
    found = binlog.compare("w", policy=ALL_BACK)
    saved = binlog.save("w", policy=ALL_BACK)
    load = binlog.load("w", policy=ALL_BACK)

    assert (load.deleted, found.unfit) == (1, 1)
    assert shown(binlog, "SELECT * FROM w ORDER BY id") == ((1, "a"), (6, "mine"), (8, "h"))
    binlog.undo(saved)
    assert shown(binlog, "SELECT id FROM w ORDER BY id") == ((1,), (5,), (6,), (8,))


def test_several_tables_of_one_transaction_come_back_together(binlog: Site, scratches: Scratches) -> None:
    binlog.both("""
        CREATE TABLE p (id INT PRIMARY KEY, t INT);
        CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id));
        CREATE TABLE o (id INT PRIMARY KEY);
        INSERT INTO p VALUES (1, 1), (2, 2); INSERT INTO c VALUES (1, 1), (2, 2), (3, 2); INSERT INTO o VALUES (1)""")
    place = done(binlog, "DELETE FROM c WHERE p = 2; DELETE FROM p WHERE id = 2; DELETE FROM o")
    logged = find(binlog, place)

    turn_back(binlog, scratches, place, "p", "c")
    targets = [binlog.target(table, policy=BACK) for table in ("p", "c")]
    found = binlog.compare_all(*targets)
    for table in ("p", "c"):
        binlog.save(table, policy=BACK)
    binlog.load("p", "c", policy=BACK)

    assert {each.ref.table: each.deleted for each in logged.tables} == {"p": 1, "c": 2, "o": 1}
    assert [each.missing for each in found] == [1, 2]
    assert binlog.equal("p")
    assert binlog.equal("c")
    assert shown(binlog, "SELECT * FROM o") == ()


def test_rows_that_hit_themselves_and_keys_of_text_are_followed(binlog: Site, scratches: Scratches) -> None:
    binlog.both(
        "CREATE TABLE w (a DECIMAL(5,2) NULL, id VARCHAR(20), PRIMARY KEY (id)); INSERT INTO w VALUES (1, 'Ä'), (NULL, 'b')"
    )
    place = done(
        binlog, "UPDATE w SET id = 'c' WHERE id = 'b'; UPDATE w SET id = 'd' WHERE id = 'c'; DELETE FROM w WHERE a = 1"
    )
    binlog.now("UPDATE w SET id = 'e' WHERE id = 'd'; UPDATE w SET a = 3 WHERE id = 'e'; INSERT INTO w VALUES (2, 'ä')")

    named = turn_back(binlog, scratches, place, "w")
    found = binlog.compare("w", policy=ALL_BACK)

    assert named is not None
    assert [each.rows for each in named.listed] == [1, 1, 1]
    assert found.unfit == 1
    assert planned(found) == {(Relation.MISSING, Provenance.TAKEN): (Act.INSERT, 1)}


@pytest.mark.parametrize("form", ["no checksum", "compressed"])
def test_it_comes_back_in_every_form_of_the_log(binlog: Site, scratches: Scratches, form: str) -> None:
    names = {OWN[name][not mariadb(binlog)] if name in OWN else name: value for name, value in FORMS[form].items()}
    binlog.both(
        f"CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(500)); INSERT INTO w SELECT seq, 'x' FROM {counted(50)}"
    )
    with globally(binlog, **names):
        place = done(binlog, "UPDATE w SET t = REPEAT('y', 400); DELETE FROM w WHERE id > 40")
        second = done(binlog, "UPDATE w SET t = REPEAT('z', 400) WHERE id = 7")
    file, _, position = place.partition(":")
    events = binlog.production.sql(f"SHOW BINLOG EVENTS IN '{file}' FROM {position}")
    within = {row[1] for row in events if row[1] < int(second.rpartition(":")[2])}
    logged = find(binlog, place)

    named = turn_back(binlog, scratches, logged.gtid, "w")
    found = binlog.compare("w", policy=BACK)

    assert [find(binlog, f"{file}:{each}") for each in within] == [logged] * len(within)
    assert named
    assert [f"{each.file}:{each.position}" for each in named.listed] == [second]
    assert (found.missing, found.planned(Act.UPDATE), found.unfit) == (10, 39, 1)


def test_the_same_holds_where_the_server_gives_no_gtids(binlog: Site, scratches: Scratches) -> None:
    if mariadb(binlog):
        pytest.skip("MariaDB always gives them")
    modes = ("ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF")
    binlog.both("CREATE TABLE w (id INT PRIMARY KEY); INSERT INTO w VALUES (1), (2)")
    binlog.production.sql("; ".join(f"SET GLOBAL gtid_mode = {mode}" for mode in modes))
    try:
        place = done(binlog, "DELETE FROM w")
        logged = find(binlog, place)
        turn_back(binlog, scratches, place, "w")
        found = binlog.compare("w", policy=BACK)
    finally:
        binlog.production.sql("; ".join(f"SET GLOBAL gtid_mode = {mode}" for mode in (*modes[1::-1], "ON")))

    assert (logged.gtid, found.missing) == ("", 2)


ONE = st.lists(STATEMENT.filter(lambda text: not text.startswith("FLUSH")), min_size=1, max_size=4)


@settings(max_examples=amount(5, long=100), deadline=None, suppress_health_check=list(HealthCheck))
@given(ONE, WORK)
def test_whatever_it_did_both_sides_are_what_was_there_before_and_after_it(
    binlog: Site, scratches: Scratches, work: list[str], since: list[tuple[list[str], str]]
) -> None:
    binlog.now("DROP TABLE IF EXISTS w; CREATE TABLE w (id INT PRIMARY KEY, u INT, v INT, UNIQUE KEY (u))")
    binlog.now(f"INSERT INTO w SELECT seq * 2, seq, seq FROM {counted(6)}")
    ref = binlog.ref("w")
    with reader(binlog) as source, fetch.folder() as place, closing(connect(scratches(binlog), "scratch")) as own:
        before = digests(source.session, ref)
        name = done(binlog, "; ".join(work))
        after = digests(source.session, ref)
        for statements, ending in since:
            binlog.now(f"START TRANSACTION; {'; '.join(statements)}; {ending}")
        made = catalog.definition(source.session, ref)
        assert made
        assume(before != after)
        logged = find(binlog, name)
        (walk,) = transaction_rows.since(source, [made], logged, place, silent)
        replay, changes = Replay(own, made, walk.form_of_all), walk.groups[0].changes
        replay.back(changes, silent)
        back = digests(own, ref)
        replay.forward(changes, silent)
        forward = digests(own, ref)
        assert transaction_rows.proved(source, made, walk, Server(own, scratches(binlog)), place, silent)
        named = transaction_rows.later(made, walk)
        now = digests(source.session, ref)

    differing = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    touched = back.keys() | forward.keys()
    assert differing <= touched
    assert back == {key: before[key] for key in touched & before.keys()}
    assert forward == {key: after[key] for key in touched & after.keys()}
    if any(now.get(key) != after.get(key) for key in touched):
        assert named.listed


@pytest.mark.parametrize(
    ("since", "why"),
    [
        ("ALTER TABLE w ADD KEY (t)", r"since \(ALTER\) names w"),
        ("SET sql_log_bin = 0; UPDATE w SET t = 4", "are not what production holds"),
    ],
)
def test_what_is_not_proved_is_not_taken_back(binlog: Site, since: str, why: str) -> None:
    binlog.now("CREATE TABLE w (id INT PRIMARY KEY, t INT); INSERT INTO w VALUES (1, 1), (2, 2)")
    logged = find(binlog, done(binlog, "UPDATE w SET t = 3 WHERE id = 2"))
    binlog.now(since)
    with binlog.live() as server:
        definition = server.definition(binlog.ref("w"))
    assert definition

    with pytest.raises(Refused, match=why) as refused, closing(binlog.databases) as databases:
        databases.rows_of_transaction(binlog.production.endpoint, USER, [definition], logged, binlog.folder, silent)

    assert (refused.value.code, refused.value.where) == ("binlog.unproved", "--transaction")
    assert f"--before {logged.at:%Y-%m-%dT%H:%M:%SZ}" in refused.value.hint
    assert list(binlog.folder.rglob("*.sql*")) == []
