from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pymysql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mysql.site import Site
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.mysql.schema.where_filter import one_line, problem, unqualified
from tiers import amount

COLUMNS = frozenset({"id", "Notes", "created", "sleep", "select", "from", "a`b", "left"})


@pytest.mark.parametrize(
    "expression",
    [
        "id = 5",
        "`id` > -3 AND NOT (id <= 4 OR id <> 7)",
        "ID IN (1, 2, 3)",
        "id BETWEEN 1 AND 1e3",
        "id % 2 = 0 OR id DIV 3 = 1",
        "notes IS NOT NULL AND notes NOT LIKE 'a%'",
        "notes = 'it''s; -- /* fine */'",
        "notes = '' XOR notes <=> NULL",
        "created >= '2017-06-01' - INTERVAL 1 DAY",
        "DATE(created) = DATE '2017-06-01'",
        "LOWER(LEFT(notes, 3)) = 'abc'",
        "CASE WHEN id THEN 1 ELSE 0 END",
        "`left` = 1 AND `a``b` = 2 AND `select` = 3",
        "id\n=\n5",
        "created >= '2017-06-01' - INTERVAL 2 WEEK",
        "created > DATE_SUB('2017-06-01', INTERVAL '1 2' DAY_HOUR)",
        "DATE_FORMAT(created, '%Y-%m') = '2017-06'",
        "created BETWEEN TIMESTAMP '2017-06-01 00:00:00' AND DATE_ADD('2017-06-01', INTERVAL 1 DAY)",
        "notes COLLATE utf8mb4_bin = 'a'",
        "CAST(notes AS UNSIGNED) = 5 OR CAST(notes AS CHAR(3)) = 'abc' OR CAST(id AS DECIMAL(10,2)) > 1.5",
        "CONVERT(notes USING latin1) = 'a' OR CONVERT(notes, SIGNED) = 1",
        "id = b'1' OR notes = x'41' OR notes = 0x41",
        "FIND_IN_SET('a', notes) > 0",
        "JSON_EXTRACT(notes, '$.a') = 1 OR notes->'$.a[0]' = 1 OR notes->>'$.b' = 'x'",
        "TRIM(BOTH ' ' FROM notes) = 'x' OR TRIM(notes) = ''",
        "LOCATE('a', notes) > 0 OR POSITION('a' IN notes) > 0 OR INSTR(notes, 'a')",
        "SUBSTRING(notes FROM 1 FOR 2) = 'ab' OR SUBSTRING(notes, -2) = 'cd'",
        "EXTRACT(YEAR FROM created) = 2017 AND YEAR(created) = 2017",
        "notes REGEXP '^a' OR notes RLIKE 'b$' OR REGEXP_LIKE(notes, 'c')",
        "notes IS TRUE OR notes IS NOT UNKNOWN",
        "(id, notes) IN ((1, 'a'), (2, 'b'))",
        "id & 1 = 1",
        "id ^ 3 = 1 OR ~id OR id << 2 > 8",
        "CASE id WHEN 1 THEN 'a' ELSE 'b' END = notes",
        "COALESCE(notes, '') = '' OR NULLIF(id, 0) IS NULL OR IF(id > 3, 1, 0)",
        "GREATEST(id, 5) = 5 AND CRC32(notes) % 10 = 3 AND MD5(notes) LIKE 'a%'",
        "TIMESTAMPDIFF(DAY, created, '2017-06-01') > 3",
        "BINARY notes = 'a'",
        "id -1 = 3 AND id - -1 = 5",
        "UNIX_TIMESTAMP(created) > 1496311440",
        "CONVERT_TZ(created, '+00:00', '-08:00') >= '2017-06-01'",
    ],
)
def test_one_expression_over_the_table_s_columns_is_taken(expression: str) -> None:
    assert problem(expression, COLUMNS) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "  ",
        "id = 1; DROP TABLE t",
        "id = 1;",
        "id = 1 -- x",
        "id = 1 # x",
        "id = 1 /* x */",
        "id /*!50000 = 1 OR SLEEP(9) */",
        "id = (SELECT 1)",
        "id IN (select id from from)",
        "EXISTS (SELECT 1)",
        "id = 1 UNION SELECT 2",
        "id = 1 INTO OUTFILE '/tmp/x'",
        "id = 1 PROCEDURE ANALYSE()",
        "id = 1 LIMIT 1",
        "id = 1 FOR UPDATE",
        "id = @a",
        "id = @@version",
        "(@a := 1)",
        "SLEEP(5)",
        "sleep(5)",
        "`sleep`(5)",
        "sleep (5)",
        "BENCHMARK(1, 1)",
        "LOAD_FILE('/etc/passwd')",
        "GET_LOCK('a', 1)",
        "RAND() > 0.5",
        "my_function(id)",
        "other.id = 1",
        "stranger = 1",
        'notes = "a"',
        "notes = _utf8'a'",
        "notes = x'4'' OR sleep(9)",
        "0+@id",
        "0+@@timestamp",
        "sleep #\n(0.3)",
        "id IN (table t)",
        "id -- 1",
        "id --1",
        "id/**/= 1",
        "notes = N'a'",
        "notes || id",
        "created > NOW()",
        "created > CURRENT_DATE",
        "created > UNIX_TIMESTAMP()",
        "UNIX_TIMESTAMP(created) < UNIX_TIMESTAMP()",
        "UNIX_TIMESTAMP(created) < UNIX_TIMESTAMP( )",
        "SUBSTRING (notes, 1, 1) = 'a'",
        "`lower`(notes) = 'a'",
        "SUM(id)",
        "MATCH(notes) AGAINST ('x')",
        "VALUES(id)",
        "UUID()",
        "id = ANY (SELECT 1)",
        "t.id = 1",
        "shop.t.id = 1",
        "id AS x",
        "id notes",
        "notes 'a'",
        "(id, id) OVER ()",
        "COUNT(*) > 1",
        "ROW_NUMBER() OVER (ORDER BY id)",
        "LAST_INSERT_ID(5)",
        "VERSION()",
        "USER() = 'x'",
        "1 PROCEDURE ANALYSE()",
        "id = 1abc",
        "notes = 'a",
        "id = 1)",
        "(id = 1",
        "id) OR (id",
        "id = ?",
        "id = :a",
        "id = %s",
        r"notes = 'x\\' OR SLEEP(9) /* ' */",
        r"notes = 'x\\' OR SLEEP(9) OR notes = '",
        r"notes = 'x\'",
        "notes = 'a\n-- b'",
        "notes = 'a\rb'",
        "(" * 3000 + "id" + ")" * 3000,
    ],
)
def test_everything_else_is_refused_with_a_reason(expression: str) -> None:
    assert problem(expression, COLUMNS)


def test_line_breaks_go_and_texts_stay_as_they_are() -> None:
    assert one_line(" id\n = 1\tAND notes = 'two  spaces' ") == "id = 1 AND notes = 'two  spaces'"


def test_only_the_filtered_rows_come_back(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)); INSERT INTO t VALUES (1, 'a  b'), (2, 'a b'), (3, '50%'), (4, NULL)"
    )
    site.now("DELETE FROM t")

    difference, load, check = site.restore("t", "v = 'a  b'\n OR v LIKE '%!%' ESCAPE '!' OR id % 4 = 0")

    assert (difference.restored, load.inserted, check.matching) == (3, 3, 3)
    assert site.now("SELECT id FROM t ORDER BY id") == [(1,), (3,), (4,)]


def test_a_filter_is_tried_on_production_s_table(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), j JSON)")
    with site.live() as server:
        assert server.check_where(site.ref("t"), "id % 2 = 0 AND v LIKE 'a%'") == ""
        assert "stranger" in server.check_where(site.ref("t"), "stranger = 1")
        assert server.check_where(site.ref("t"), "id = = 1")


@pytest.mark.parametrize(
    "where", ["v = 0", "v < 5", "v + 0 = 2", "v = '2017-06-01' + INTERVAL 1 DAY OR v = 0", "1 / (id - 1) IS NULL"]
)
@pytest.mark.parametrize(
    "policy", [Policy(), Policy(Merge.OVERWRITE), Policy(Merge.EXACT)], ids=lambda each: each.merge
)
def test_a_filter_means_what_it_means_in_a_select(family: Site, where: str, policy: Policy) -> None:
    family.both("""
        CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20));
        INSERT INTO t VALUES (1, 'a'), (2, '2x'), (3, '7'), (4, NULL), (5, '')""")
    wanted = {row[0] for row in family.then(f"SELECT id FROM t WHERE {where}")}
    assert wanted
    family.now("DELETE FROM t WHERE id <> 3")

    family.restore("t", where, policy=policy)

    assert {row[0] for row in family.now("SELECT id FROM t")} == wanted | {3}


def test_a_filter_of_rows_without_a_key_means_the_same(family: Site) -> None:
    family.both("CREATE TABLE t (v VARCHAR(20)); INSERT INTO t VALUES ('a'), ('2x'), ('7'), ('a')")
    family.now("DELETE FROM t WHERE v <> '7'")

    family.restore("t", "v = 0")

    assert sorted(row[0] for row in family.now("SELECT v FROM t")) == ["7", "a", "a"]


def test_the_table_before_a_column_is_left_out() -> None:
    assert unqualified("Billing.id = 1 AND `shop`.`billing`.`a b` = 'billing.x'", "shop", "billing") == (
        "id = 1 AND `a b` = 'billing.x'"
    )
    assert unqualified("other.id = 1", "shop", "billing") == "other.id = 1"
    assert unqualified("id = 1.5", "shop", "billing") == "id = 1.5"
    assert unqualified("id = \\", "shop", "billing") == "id = \\"


PIECES = st.sampled_from(
    """
    id notes created ( ( ) ) , = <> < >= <=> + - -1 * / % & | ^ ~ ! && || AND OR XOR NOT IN IS NULL LIKE BETWEEN TRUE DIV
    MOD REGEXP CASE WHEN THEN ELSE END INTERVAL DAY 1 DAY DATE '2017-06-01' TIMESTAMP 'a' '' 'it''s' '1' 0 1 2.5 1e1 x'41'
    b'1' 0x41 UPPER( LEFT( IF( COALESCE( CAST( AS CHAR) SIGNED) CONVERT( USING utf8mb4) TRIM( BOTH FROM JSON_EXTRACT( ->
    '$.a' COLLATE utf8mb4_bin BINARY @a @@version := SLEEP( SELECT 1 UNION t canary ; -- # /* */ /*! `id` `canary` "x" NOW()
    COUNT( *) EXISTS( ANY ROW( VALUES( DEFAULT( . t.id INTO OUTFILE LIMIT FOR UPDATE PROCEDURE LOAD_FILE( touch( touch (
    """.split()  # noqa: SIM905 - a list of words is easier to read
)


@given(st.lists(PIECES, min_size=1, max_size=9).map(" ".join))
@settings(max_examples=amount(1500, long=60_000), deadline=None, suppress_health_check=list(HealthCheck))
def test_what_passes_is_evaluated_and_nothing_else_happens(guarded: Site, where: str) -> None:
    """The server is the judge: whatever it makes of a filter that passes, it does nothing else."""
    known = frozenset({"id", "notes", "created"})
    if problem(where, known):
        return
    with guarded.production.root(guarded.database) as connection, connection.cursor() as cursor:
        with suppress(pymysql.MySQLError):  # no expression, or none with a value: the survey says so
            cursor.execute(f"SELECT COUNT(*) FROM t WHERE ({one_line(where)})")
        cursor.execute("SELECT n, @a FROM canary")
        assert cursor.fetchall() == ((0, None),)


@pytest.fixture
def guarded(family: Site) -> Site:
    """A table, and a function that somebody would notice."""
    family.production.sql(
        """
        CREATE TABLE t (id INT PRIMARY KEY, notes VARCHAR(40), created DATETIME);
        INSERT INTO t VALUES (1, 'a', '2017-06-01'), (2, NULL, NULL);
        CREATE TABLE canary (n INT); INSERT INTO canary VALUES (0)""",
        family.database,
    )
    family.production.sql(
        "SET GLOBAL log_bin_trust_function_creators = 1; CREATE FUNCTION touch (a INT) RETURNS INT"
        " BEGIN UPDATE canary SET n = n + 1; RETURN a; END",
        family.database,
    )
    return family


TIMED = (
    "at >= '2017-06-01 10:00:00'",
    "at<'2017-06-01 10:00:00'AND id>0",
    "DATE(at) = '2017-06-01'",
    "at BETWEEN '2017-05-31 20:00:00' AND DATE_ADD('2017-06-01 00:00:00', INTERVAL 1 HOUR)",
    "HOUR(`at`) < 12 OR `AT` IS NULL",
    "EXTRACT(DAY FROM at) = 1",
    "UNIX_TIMESTAMP(at) > 1496300000",
    "at = FROM_UNIXTIME(1496311440)",
    "FROM_UNIXTIME(1496311440, '%Y-%m-%d %H') = DATE_FORMAT(at, '%Y-%m-%d %H')",
    "UNIX_TIMESTAMP('2017-06-01 10:14:00') <= UNIX_TIMESTAMP(at)",
    "UNIX_TIMESTAMP(plain) <= 1496311440",
    "plain >= '2017-06-01 10:00:00'",
    "plain > at",
    "at = 0 OR at < '1980-01-01'",
    "at LIKE '2017-06-01 %'",
    "TIMESTAMPDIFF(MINUTE, at, '2017-06-01 12:00:00') BETWEEN -100 AND 100",
    "CASE WHEN at > '2017-06-01' THEN id ELSE NULL END > 2",
    "'at' = text OR id = 3",
    "UNIX_TIMESTAMP(CONCAT(DATE(at), ' 00:00:00')) = UNIX_TIMESTAMP('2017-06-01')",
)


@pytest.mark.parametrize("zone", ["-08:00", "+05:45"])
def test_times_in_a_filter_mean_what_they_mean_in_the_servers_own_sessions(family: Site, zone: str) -> None:
    family.both(
        "SET sql_mode = ''; SET time_zone = '+00:00'; CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, at TIMESTAMP NULL,"
        " plain DATETIME, text VARCHAR(9)); INSERT INTO t (at, plain, text) VALUES (NULL, NULL, 'at'), (0, 0, '')"
    )
    hours = ", ".join(
        f"('2017-05-31 10:14:00' + INTERVAL {hour} HOUR, '2017-06-02 10:14:00' - INTERVAL {hour} HOUR, '')"
        for hour in range(48)
    )
    family.both(f"SET time_zone = '+00:00'; INSERT INTO t (at, plain, text) VALUES {hours}")
    (before,) = family.production.sql("SELECT @@GLOBAL.time_zone")[0]
    family.production.sql(f"SET GLOBAL time_zone = '{zone}'")
    differing = 0
    try:
        with family.live() as server:
            definition = family.definition("t")
            for where in TIMED:
                meant, told = server.where_here(definition, where)
                assert server.check_where(definition.ref, meant) == "", where
                ids = "SELECT id FROM t WHERE "
                theirs = family.now(f"SET sql_mode = ''; SET time_zone = '{zone}'; {ids} ({where}) ORDER BY id")
                ours = family.now(f"SET sql_mode = ''; SET time_zone = '+00:00'; {ids} ({meant}) ORDER BY id")
                assert ours == theirs, (where, meant)
                assert told in ({zone} if meant != where else {""})
                differing += family.now(f"SET time_zone = '+00:00'; {ids} ({where}) ORDER BY id") != theirs
    finally:
        family.production.sql(f"SET GLOBAL time_zone = '{before}'")
    assert differing > len(TIMED) // 2


@pytest.fixture
def in_zone(site: Site) -> Iterator[Callable[[str], None]]:
    """Give production's sessions a zone."""
    (before,) = site.production.sql("SELECT @@GLOBAL.time_zone")[0]

    def turn(zone: str) -> None:
        site.production.sql(f"SET GLOBAL time_zone = '{zone}'")

    yield turn
    site.production.sql(f"SET GLOBAL time_zone = '{before}'")


@pytest.mark.parametrize("zone", ["+00:00", "SYSTEM"])
def test_where_sessions_are_in_utc_a_filter_stays_as_it_is(
    site: Site, in_zone: Callable[[str], None], zone: str
) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, at TIMESTAMP NULL)")
    in_zone(zone)
    with site.live() as server:
        assert server.where_here(site.definition("t"), "at > '2017-06-01'") == ("at > '2017-06-01'", "")


@pytest.mark.parametrize(
    "where",
    [
        "at > '2017-06-01 10:14:00+02:00'",
        "at > TIMESTAMP '2017-06-01 10:14:00-08:00'",
        "date > '2017-06-01'",
        "at > '2017-06-01' - INTERVAL 1 HOUR AND hour IS NULL",
        "CAST('2017-06-01' AS DATE) < date",
        " OR ".join("at = '2017-06-01 10:14:00'" for _each in range(300)),
        "id > 3",
    ],
)
def test_what_can_t_be_written_for_another_zone_for_certain_stays_as_it_is(
    site: Site, in_zone: Callable[[str], None], where: str
) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, at TIMESTAMP NULL, date TIMESTAMP NULL, hour TIMESTAMP NULL)")
    in_zone("-08:00")
    with site.live() as server:
        assert server.where_here(site.definition("t"), where) == (where, "")
        assert server.where_here(site.definition("t"), "`date` > '2017-06-01'")[1] == "-08:00"
