"""What is made of a log: which change is the likely accident, and the command that takes it back."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fakes import FakeCloud
from fakes.scene import SOURCE
from rdsrestore.app.find import by_transaction, command, identified, taking_back, times
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.rows_known import OF_A_COPY, RowsKnown
from rdsrestore.domain.cloud.audit_log import AuditEntry
from rdsrestore.domain.errors import CloudError, UsageError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import Change, Logged, Timeline, proposed, suspicions, worst_first
from rdsrestore.mysql.binlog import decode, statements
from rdsrestore.notify import timeline_view
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.workflow.preflight.quicker import ONE_MOMENT, ONE_TABLE

AT = datetime(2017, 6, 1, 10, 14, 5, tzinfo=UTC)
BILLING, LINES = TableRef("shop", "billing"), TableRef("shop", "billing_lines")
ASKED = CommandLine(instance="production", database="shop")


def change(**more: object) -> Change:
    """A change of billing, the second of a file."""
    usual = {"at": AT, "ref": BILLING, "logged": Logged.ROWS, "file": "log.000001", "position": 120, "end": 400}
    return Change(**usual | more)  # type: ignore[arg-type]  # what a test is about


def timeline(*changes: Change, rows: int = 0, kept_from: datetime | None = AT - timedelta(days=2)) -> Timeline:
    """What was done in a day."""
    since, until = AT - timedelta(hours=20), AT + timedelta(hours=4)
    return Timeline(since, until, kept_from, changes, rows={BILLING: rows}, minutes={AT: 3})


DELETED = change(deleted=5000, text="DELETE FROM billing", act="DELETE", unfiltered=True)
NIGHTLY = change(deleted=40, at=AT - timedelta(hours=2), position=4, end=100)
DROPPED = change(logged=Logged.DEFINITION, text="DROP TABLE `billing`", act="DROP", position=500, end=600)
MAYBE = change(logged=Logged.DEFINITION, text="DROP TABLE IF EXISTS `billing`", act="DROP", position=500, end=600)


def test_what_hit_most_of_the_table_without_a_condition_is_likely() -> None:
    found = timeline(DELETED, NIGHTLY, rows=2)
    assert suspicions(DELETED, found) == ("no WHERE", "most of the table")
    assert suspicions(NIGHTLY, found) == ()
    assert proposed(found) == DELETED
    assert worst_first(found) == [DELETED, NIGHTLY]


def test_a_dropped_table_goes_before_rows_unless_there_may_have_been_none() -> None:
    assert proposed(timeline(DELETED, DROPPED)) == DROPPED
    assert proposed(timeline(DELETED, MAYBE)) == DELETED


def test_nothing_suspicious_proposes_nothing() -> None:
    assert proposed(timeline(NIGHTLY, rows=100_000)) is None


def test_deleted_rows_need_the_moment_alone() -> None:
    words = command(ASKED, DELETED, timeline(DELETED))
    assert words == ("rdsrestore table billing --before 2017-06-01T10:14:05Z --instance production --database shop")


def test_a_transaction_of_row_events_can_be_taken_back_alone() -> None:
    lines = change(ref=LINES, deleted=9000)
    words = "rdsrestore table billing billing_lines --transaction log.000001:120 --instance production --database shop"
    for reason in ("", ONE_MOMENT, ONE_TABLE):
        assert by_transaction(ASKED, DELETED, timeline(DELETED, lines), RowsKnown({DELETED: reason})) == words
    for known in (RowsKnown({DELETED: OF_A_COPY}), RowsKnown()):
        assert by_transaction(ASKED, DELETED, timeline(DELETED), known) == ""
    altered = change(logged=Logged.DEFINITION, text="ALTER TABLE billing ADD a INT", act="ALTER", position=500)
    assert by_transaction(ASKED, DELETED, timeline(DELETED, altered), RowsKnown({DELETED: ""})) == ""
    text = change(logged=Logged.STATEMENT, text="DELETE FROM billing")
    for other in (DROPPED, text, change(deleted=1, prepared=True), change(deleted=1, into=LINES)):
        assert by_transaction(ASKED, other, timeline(other), RowsKnown({other: ""})) == ""


def test_changed_rows_are_known_by_what_they_were_after_it() -> None:
    changed = change(updated=7, committed=AT + timedelta(seconds=3, microseconds=5))
    assert taking_back(ASKED, changed, timeline(changed)).incident_end == "2017-06-01T10:14:09Z"


def test_a_dropped_table_is_made_again() -> None:
    assert "--recreate" in shlex.split(command(ASKED, DROPPED, timeline(DROPPED)))


def test_all_tables_that_the_transaction_hit_come_back_together() -> None:
    lines = change(ref=LINES, deleted=9000)
    assert taking_back(ASKED, DELETED, timeline(DELETED, lines, NIGHTLY)).tables == ("billing", "billing_lines")


def test_a_table_that_a_rule_emptied_is_the_one_that_comes_back() -> None:
    carried = change(ref=TableRef("shop", "customers"), into=BILLING, deleted=4)
    assert taking_back(ASKED, carried, timeline(carried)).tables == ("billing",)


def test_a_time_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UsageError, match="--since: is not before --until"):
        times("1 hour ago", "2 hours ago")


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("DELETE FROM t", True),
        ("delete from t -- where", True),
        ("/* app */ UPDATE t SET a = 'where'", True),
        ("DELETE FROM t WHERE a = 1", False),
        ("DELETE FROM t LIMIT 5", False),
        ("DELETE t FROM t JOIN u USING (id)", False),
        ("UPDATE t SET a = (SELECT 1 FROM u WHERE b)", False),
        ("INSERT INTO t VALUES (1)", False),
        ("DELETE FROM t" + " " * 3000 + "WHERE a", False),
    ],
)
def test_a_condition_is_seen_where_there_is_one(text: str, without: bool) -> None:  # noqa: FBT001
    assert statements.unfiltered(text[: decode.SHOWN]) is without


@pytest.mark.parametrize(
    ("text", "defines"),
    [
        ("DROP TABLE t", True),
        ("DROP TABLE IF EXISTS `a`.`t`", True),
        ("TRUNCATE t", True),
        ("truncate table t", True),
        ("ALTER TABLE t DROP COLUMN a", True),
        ("ALTER ONLINE TABLE t ADD a INT", True),
        ("RENAME TABLE t TO u", True),
        ("CREATE OR REPLACE TABLE t (a INT)", True),
        ("DROP DATABASE shop", True),
        ("CREATE TABLE t (a INT)", False),
        ("DROP TEMPORARY TABLE t", False),
        ("DROP TRIGGER t", False),
        ("CREATE TRIGGER x BEFORE DELETE ON t FOR EACH ROW SET @a = 1", False),
        ("DELETE FROM t", False),
    ],
)
def test_what_changes_a_table_itself_is_told_from_the_rest(text: str, defines: bool) -> None:  # noqa: FBT001
    assert statements.defines(text) is defines


@pytest.mark.parametrize(
    ("text", "ran_in", "about"),
    [
        ("DELETE FROM billing", "shop", True),
        ("DELETE FROM `billing`", "shop", True),
        ("DELETE FROM Billing", "shop", True),
        ("DELETE FROM billing", "other", False),
        ("DELETE FROM shop.billing", "other", True),
        ("DELETE FROM billing_lines", "shop", False),
        ("DROP DATABASE shop", "", True),
        ("DROP DATABASE shop2", "", False),
    ],
)
def test_a_text_concerns_the_table_that_it_names(text: str, ran_in: str, about: bool) -> None:  # noqa: FBT001
    assert statements.concerns(text, ran_in, BILLING) is about


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("DROP TABLE t", TableRef("shop", "t")),
        ("DROP TABLE IF EXISTS `a b`.`t``u`", TableRef("a b", "t`u")),
        ("TRUNCATE TABLE other.t", TableRef("other", "t")),
        ("ALTER TABLE t ADD a INT", TableRef("shop", "t")),
        ("DELETE FROM t", None),
    ],
)
def test_a_gone_table_is_known_by_the_text_that_took_it(text: str, ref: TableRef | None) -> None:
    assert statements.table_of(text, "shop") == ref


def shown(found: Timeline) -> str:
    out = io.StringIO()
    timeline_view.show(Terminal(out), found, worst_first(found), proposed(found))
    return out.getvalue()


def test_a_gap_is_never_shown_as_nothing_happened() -> None:
    text = shown(timeline(kept_from=AT))
    assert "what was done before is not known" in text
    assert "in what is kept of that time" in text
    assert "nothing is known of that time" in shown(timeline(kept_from=None))
    assert "not known" not in shown(timeline())


def test_each_change_is_told_with_its_rows_its_text_and_its_place() -> None:
    text = shown(timeline(DELETED, NIGHTLY, rows=2))
    assert "1  2017-06-01 10:14:05  billing  5,000 rows deleted  ! no WHERE; most of the table  (most likely)" in text
    assert "    DELETE FROM billing\n" in text
    assert "log.000001:120, who: unknown" in text


LOG = "/aws/rds/instance/production/audit"
AUDITED = replace(SOURCE, audit_log=LOG)
APP = AuditEntry(AT, "production", "app", "10.0.0.5", 47, "QUERY")


def refuse_words(why: str) -> None:
    raise AssertionError(why)


def test_who_it_was_is_told_where_the_audit_log_is_exported_and_says_so() -> None:
    cloud = FakeCloud()
    login = replace(APP, user="before", operation="CONNECT")
    later = replace(APP, user="later", at=AT + timedelta(seconds=2))
    cloud.audit(LOG, login, later, replace(APP, thread=48, user="other"), APP)
    found = timeline(replace(DELETED, thread=47), NIGHTLY, replace(DROPPED, thread=49))
    told = identified(found, AUDITED, cloud, refuse_words)
    assert [each.who for each in told.changes] == ["app@10.0.0.5", "", ""]
    assert "thread 47, who: app@10.0.0.5 (audit log)" in shown(told)
    users = [line["user"] for line in timeline_view.lines(told, None, lambda _c: "", lambda _c: "") if "user" in line]
    assert users == ["app@10.0.0.5", None, None]
    assert identified(found, SOURCE, cloud, refuse_words) == found


def test_a_connection_id_that_two_servers_of_a_cluster_had_names_nobody() -> None:
    cloud = FakeCloud()
    cloud.audit(LOG, APP, replace(APP, server="reader", user="report"))
    told = identified(timeline(replace(DELETED, thread=47)), AUDITED, cloud, refuse_words)
    assert [each.who for each in told.changes] == [""]


def test_an_audit_log_that_may_not_be_read_leaves_it_unknown_and_one_line_says_what_it_takes() -> None:
    cloud, said = FakeCloud(), list[str]()
    cloud.audit(LOG, APP)
    cloud.faults.fail("audited", CloudError("CloudWatch Logs", "not authorized", code="aws.denied"))
    told = identified(timeline(replace(DELETED, thread=47)), AUDITED, cloud, said.append)
    assert "who: unknown" in shown(told)
    assert said == [
        "who it was is not known: CloudWatch Logs: not authorized. To read it takes logs:FilterLogEvents on " + LOG
    ]


def test_a_name_with_a_dot_goes_on_as_one_name() -> None:
    odd = change(ref=TableRef("shop", "2017.billing"), deleted=4)
    meant = taking_back(ASKED, odd, timeline(odd))
    assert meant.named().tables == ("2017.billing",)
    assert "'`2017.billing`'" in command(ASKED, odd, timeline(odd))


def test_a_zone_that_is_none_is_a_plain_error() -> None:
    asked = "from rdsrestore.app.requests.local_zone import local_zone; print(local_zone())"
    for zone in ("Nonsense", ":bad/zone", "/etc/passwd"):
        ended = subprocess.run(
            [sys.executable, "-c", asked], env={"TZ": zone}, check=False, capture_output=True, text=True, timeout=60
        )
        assert "UsageError: TZ: this machine's time zone can't be read" in ended.stderr, zone


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("RENAME TABLE a TO b", {"b": "shop.a"}),
        ("/* app */ rename table `a` to `b`, c TO a, `b` TO c", {"a": "shop.c", "c": "shop.a"}),
        ("RENAME TABLE IF EXISTS old.`a``1` WAIT 5 TO shop.b", {"b": "old.a`1"}),
        ("ALTER TABLE a RENAME b", {"b": "shop.a"}),
        ("ALTER TABLE shop.a RENAME TO `b`", {"b": "shop.a"}),
        ("ALTER TABLE a RENAME = b", {"b": "shop.a"}),
        ("ALTER TABLE a RENAME COLUMN b TO c", {}),
        ("ALTER TABLE a RENAME INDEX b TO c", {}),
        ("ALTER TABLE a ADD b INT", {}),
        ("DROP TABLE a", {}),
    ],
)
def test_what_a_table_was_called_is_read_from_the_statement_that_renames_it(text: str, wanted: dict[str, str]) -> None:
    found = statements.renamed(text, "shop")
    assert {new.table: f"{old.database}.{old.table}" for new, old in found.items()} == wanted


def test_each_change_that_can_be_picked_has_a_name_of_its_own() -> None:
    again = replace(DELETED, position=DELETED.position + 1)
    names = timeline_view.names([DELETED, NIGHTLY, again])
    assert list(names.values()) == [DELETED, NIGHTLY, again]
    assert [name.partition(" ")[2] for name in names] == [
        "billing, 5,000 rows deleted",
        "billing, 40 rows deleted",
        f"billing, 5,000 rows deleted, at {again.position}",
    ]
