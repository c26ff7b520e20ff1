"""One transaction that is taken back: how it is named, what is said before, and the run, with fakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fakes import BEFORE, BILLING, LINES, NOW, Ear, FakeWorld, definition, request
from rdsrestore.app.requests.binlog.transaction import refuse_untouched
from rdsrestore.domain.codec import decode, encode
from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.facts import Dumped
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Policy
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.domain.tables.definition import ForeignKey
from rdsrestore.domain.tables.transaction import (
    LISTED,
    Form,
    LaterChange,
    LaterChanges,
    LoggedTransaction,
    TouchedTable,
    TransactionName,
    gathered,
)
from rdsrestore.steps.recipe import TRANSACTION_RECIPE
from rdsrestore.steps.remaining_steps import Found, remaining
from rdsrestore.workflow.events import Announcer
from rdsrestore.workflow.journal.replay import ReplayedRun
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.preflight import Severity, check
from rdsrestore.workflow.run.run_io import RunIO
from rdsrestore.workflow.run.runner import execute
from rdsrestore.workflow.step import Facts, Run
from rdsrestore.workflow.surveyor import survey
from workflow.test_runner import Paper

RUN = RunId("170601-103000-abcd")
ALONG = f"rdsrestore table billing {LINES.table}"
UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
LOGGED = LoggedTransaction("log.000007", 512, BEFORE.utc, "0-1-5", (TouchedTable(BILLING, 0, 2, 3),))
LATER = LaterChange(BILLING, 2, "log.000008", 99, NOW, "0-1-9")


@pytest.mark.parametrize(
    ("text", "form", "means"),
    [
        (f"{UUID.upper()}:23", Form.MYSQL, f"{UUID}:23"),
        (f"{UUID}:nightly:4", Form.MYSQL, f"{UUID}:nightly:4"),
        (" 0-1-270 ", Form.MARIADB, "0-1-270"),
        ("mysql-bin-changelog.000042:1873", Form.PLACE, "mysql-bin-changelog.000042:1873"),
    ],
)
def test_a_name_is_read_in_each_form(text: str, form: Form, means: str) -> None:
    name = TransactionName.read(text)
    assert (name.form, name.text) == (form, means)
    assert (name.file, name.position) == (("mysql-bin-changelog.000042", 1873) if form is Form.PLACE else ("", 0))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{UUID}:1-5", "several"),
        (f"{UUID}:1:3-5", "several"),
        (f"{UUID}:1,{UUID}:2", "several"),
        ("0-1-2,0-1-3", "several"),
        (f"{UUID}", "names no transaction"),
        (f"{UUID}:0", "names no transaction"),
        ("0-1", "names no transaction"),
        ("binlog.000001", "names no transaction"),
        ("binlog.000001:x", "names no transaction"),
        ("../binlog.000001:4", "names no transaction"),
        ("", "names no transaction"),
    ],
)
def test_what_is_no_name_of_one_transaction_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        TransactionName.read(text)
    assert refused.value.where == "--transaction"


def said(logged: LoggedTransaction, later: LaterChanges | None = None, policy: Policy | None = None) -> dict[str, str]:
    chosen = policy or Policy(Merge.OVERWRITE, three_way=True)
    wanted = replace(request(), rows_from=RowsFrom.BINLOG, transaction=logged, policy=chosen)
    read = replace(survey(wanted, FakeWorld().world(), Path()), later=later)
    found = [each for each in check(wanted, read) if each.code.startswith("transaction.")]
    return {f"{each.code} {each.severity}": f"{each.message} | {each.hint}" for each in found}


def test_a_transaction_that_nobody_built_on_needs_no_word() -> None:
    assert said(LOGGED) == {}
    assert said(LOGGED, LaterChanges()) == {}


def test_later_changes_are_named_with_what_becomes_of_such_rows() -> None:
    found = said(LOGGED, LaterChanges((LATER,) * 7, 3))
    (text,) = found.values()
    assert list(found) == [f"transaction.later {Severity.WARNS}"]
    assert "(10): " in text
    assert "UTC, GTID 0-1-9, log.000008:99, 2 rows of shop.billing; " in text
    assert text.count("log.000008:99") == 5
    assert "; and 5 more | " in text
    assert text.endswith("or the row came or went since, production's stays and is reported (--on-conflict keep)")
    missing = Policy(Merge.MISSING, three_way=True)
    assert "stays as it is" in said(LOGGED, LaterChanges((LATER,)), missing)["transaction.later warns"]
    for conflict, means in {
        OnConflict.RESTORE: "before the transaction wins",
        OnConflict.STOP: "nothing at all",
    }.items():
        policy = Policy(Merge.OVERWRITE, conflict, three_way=True)
        assert means in said(LOGGED, LaterChanges((LATER,)), policy)["transaction.later warns"]


def test_rows_that_it_added_stay_and_where_it_did_nothing_else_there_is_nothing_to_do() -> None:
    both = replace(LOGGED, tables=(TouchedTable(BILLING, 4, 2),))
    only = replace(LOGGED, tables=(TouchedTable(BILLING, 4),))
    exact = Policy(Merge.EXACT, three_way=True)
    assert list(said(both)) == ["transaction.added warns"]
    assert list(said(only)) == ["transaction.added blocks"]
    assert "stay: 4 of shop.billing" in said(only)["transaction.added blocks"]
    assert said(only, policy=exact) == {}


def test_other_tables_that_it_touched_are_named() -> None:
    others = replace(LOGGED, tables=(*LOGGED.tables, TouchedTable(LINES, 0, 0, 9)))
    assert f"{LINES}: 9 deleted" in said(others)["transaction.others warns"]


def test_rows_that_a_rule_may_have_carried_away_are_said_where_the_log_does_not_show_them() -> None:
    rule = ForeignKey("fk_lines", LINES, ("billing_id",), BILLING, ("id",), "CASCADE")
    world = FakeWorld()
    world.server.define(definition(BILLING, referenced_by=(rule,)))
    shown = replace(LOGGED, tables=(*LOGGED.tables, TouchedTable(LINES, 0, 0, 9)))
    for transaction, told in ((LOGGED, True), (shown, False)):
        wanted = replace(request(), rows_from=RowsFrom.BINLOG, transaction=transaction)
        read = survey(wanted, world.world(), Path())
        hints = [each.hint for each in check(wanted, read) if each.code == "table.children"]
        assert hints == (["they come back with --before, without --transaction: " + ALONG] if told else [])


def test_a_table_that_it_did_not_touch_is_refused_with_what_it_did() -> None:
    refuse_untouched(LOGGED, BILLING)
    with pytest.raises(Refused, match=rf"changed no row of {LINES}") as refused:
        refuse_untouched(LOGGED, LINES)
    assert "shop.billing: 3 deleted, 2 changed" in refused.value.hint
    with pytest.raises(Refused, match="as a statement, without rows") as refused:
        refuse_untouched(replace(LOGGED, tables=()), BILLING)
    assert f"--before {BEFORE.utc:%Y-%m-%dT%H:%M:%SZ}" in refused.value.hint
    assert refused.value.code == "transaction.table"


def test_a_run_dumps_both_sides_and_keeps_who_changed_the_rows_since(tmp_path: Path) -> None:
    world, paper = FakeWorld(), Paper()
    world.server.later = LaterChanges((LATER,), 4)
    wanted = replace(request(), rows_from=RowsFrom.BINLOG, transaction=LOGGED, point=BEFORE)
    read = survey(wanted, world.world(), tmp_path)
    run = Run(RUN, wanted, read, world.world(), tmp_path, lambda _text, _share: None)
    plan = make_plan(wanted, read, RUN, TRANSACTION_RECIPE)

    ended = execute(plan, run, RunIO(paper, Announcer([Ear()])))

    dumped = run.facts.get(Dumped)
    assert (ended.exit_code, len(dumped.dumps), len(dumped.afters)) == (ExitCode.OK, 1, 1)
    assert dumped.later == world.server.later
    assert decode(Dumped, encode(dumped)) == dumped
    assert plan.headline == "shop.billing of production without transaction 0-1-5 (log.000007:512)"
    cut_off = Facts()
    cut_off.put(dumped)
    left = remaining(plan.steps, ReplayedRun(wanted, read, (), cut_off), Found("r", dumps=True, scratch=False))
    assert "rewind-transaction" not in [step.name for step in left]


def test_later_changes_of_several_tables_stand_in_the_order_of_time_and_are_bounded() -> None:
    early = replace(LATER, ref=LINES, at=NOW - timedelta(hours=1))
    found = gathered([LaterChanges((LATER,) * LISTED, 2), LaterChanges((early,))])
    assert found.listed[0] == early
    assert (len(found.listed), found.more, len(found)) == (LISTED, 3, LISTED + 3)


def test_older_facts_and_requests_have_no_transaction() -> None:
    assert Dumped(()).later is None
    assert Request.__dataclass_fields__["transaction"].default is None
