"""What the operator reads. The texts themselves are in tests/golden: read them when they change."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from rich.text import Text

from fakes import BILLING, request
from goldens import check_golden
from rdsrestore.domain.errors import CutOff, DatabaseError, Interrupted, Refused, UsageError, VerifyError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.load_result import Ledger, TableLoad
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.survey import TableSurvey
from rdsrestore.domain.tables.rows import LOOKED_AT, Act, Cell, Group, LostChildren, Provenance, Relation
from rdsrestore.notify import next_steps
from rdsrestore.notify.console import preview, views
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.workflow.preflight import Finding, Severity
from samples import (
    EVIL,
    RUN,
    Screen,
    ended_badly,
    ended_short,
    ended_well,
    sample_differences,
    sample_plan,
    sample_survey,
)

EXPECTED = {"restore-instance": 1234.0}
CALLS = {"own-group": ("ec2:CreateSecurityGroup", "ec2:CreateTags"), "load": ("INSERT INTO ... SELECT ...",)}
FOUND = (
    Finding("table.triggers", Severity.BLOCKS, "shop.billing has triggers that would fire", "add --triggers fire"),
    Finding("window.not-yet", Severity.WARNS, "backups of production reach 10:27:00Z", "nothing to do"),
)


def show_plan(terminal: Terminal) -> None:
    views.plan(terminal, sample_plan(), sample_survey(), EXPECTED, CALLS)


SHOWN: dict[str, Callable[[Terminal], None]] = {
    "plan": show_plan,
    "findings": lambda terminal: views.findings(terminal, FOUND),
    "preview": lambda terminal: preview.preview(terminal, sample_differences()),
    "compared": lambda terminal: preview.preview(terminal, sample_differences(), asked=False),
    "summary-good": lambda terminal: views.summary(terminal, ended_well(), Path("/var/runs/x")),
    "summary-short": lambda terminal: views.summary(terminal, ended_short(), Path("/var/runs/x")),
    "summary-bad": lambda terminal: views.summary(terminal, ended_badly(), Path("/var/runs/x")),
    "error": lambda terminal: views.error(terminal, UsageError("--before", "is in the future", "say it in UTC")),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_text_reads_as_it_was_approved(name: str) -> None:
    screen = Screen()
    SHOWN[name](screen.terminal)
    check_golden(f"{name}.txt", screen.text)


@pytest.mark.parametrize("name", SHOWN)
def test_a_text_in_a_pipe_has_no_control_codes_and_no_trailing_blanks(name: str) -> None:
    screen = Screen()
    SHOWN[name](screen.terminal)
    assert "\x1b" not in screen.text
    assert [line for line in screen.text.splitlines() if line != line.rstrip()] == []


def test_on_a_narrow_terminal_long_lines_go_on_below_indented() -> None:
    screen = Screen(animated=True)
    show_plan(screen.terminal)
    lines = Text.from_ansi(screen.text).plain.splitlines()
    first = next(number for number, line in enumerate(lines) if "restore production as of" in line)
    after = next(number for number, line in enumerate(lines) if "open-rule" in line)
    folded = lines[first:after]
    assert len(folded) > 1
    assert " ".join(folded).split()[-2:] == ["rdsrestore-170601-103000-abcd", "(db.t3.medium)"]
    assert all(line.startswith(" " * 24) and line[24] != " " for line in folded[1:])
    assert max(map(len, lines)) <= 80


def test_a_terminal_without_unicode_gets_ascii_signs_and_never_an_encoding_error() -> None:
    raw = BytesIO()
    terminal = Terminal(TextIOWrapper(raw, encoding="ascii", write_through=True), animated=False)
    views.summary(terminal, ended_well())
    views.findings(terminal, (replace(FOUND[0], message="Zoë … 東京"),))
    text = raw.getvalue().decode("ascii")
    assert "\nok restored and verified" in text
    assert "FAILED Zo? ? ??" in text


def test_texts_from_outside_can_not_take_over_the_terminal() -> None:
    evil = TableRef(EVIL, EVIL)
    screen = Screen()
    difference = replace(
        sample_differences()[0],
        ref=evil,
        target=evil,
        groups=(Group(Relation.MISSING, Provenance.UNKNOWN, Act.INSERT, 1, ((Cell(EVIL, EVIL, EVIL),),)),),
        children=(LostChildren(evil, "CASCADE", 2, 1), LostChildren(evil, "SET NULL", 2, 1)),
    )
    preview.preview(screen.terminal, [difference])
    views.findings(screen.terminal, [Finding("x", Severity.BLOCKS, EVIL, EVIL)])
    views.error(screen.terminal, UsageError(EVIL, EVIL, EVIL))
    views.summary(screen.terminal, replace(ended_badly(), cause=UsageError(EVIL, EVIL, EVIL), notices=(EVIL,)))
    table = TableSurvey(evil, None)
    plan = replace(sample_plan(), request=request(tables=(EVIL,), policy=Policy(where=EVIL), operator=EVIL))
    views.plan(screen.terminal, plan, replace(sample_survey(), tables=(table,)), {}, {"own-group": (EVIL,)})
    assert all(each.isprintable() or each == "\n" for each in screen.text)
    assert screen.text.count("[bold]x[/bold]") > 10


def test_a_dropped_table_and_a_table_beside_are_named_in_the_plan() -> None:
    screen = Screen()
    plan = replace(sample_plan(), request=request(into="billing_then"))
    views.plan(screen.terminal, plan, replace(sample_survey(), tables=(TableSurvey(BILLING, None),)), {}, {})
    assert "shop.billing: not there now; the rows go to shop.billing_then" in screen.text


@pytest.mark.parametrize(("rows", "part"), [(LOOKED_AT, ""), (LOOKED_AT + 1, " in the first 500 rows")])
def test_how_often_a_column_differs_is_said_of_the_rows_that_were_looked_at(rows: int, part: str) -> None:
    screen, found = Screen(), sample_differences()[0]
    changed = replace(found.groups[1], rows=rows)
    preview.preview(screen.terminal, [replace(found, groups=(changed,))])
    assert f"columns that differ{part}: notes (2), amount (1)" in screen.text


def test_a_sentence_after_a_command_is_folded_between_words_and_a_long_command_never() -> None:
    text = "rdsrestore report 170601-103000-abcd writes a page about it for those who were not there"
    screen = Screen(animated=True)
    views.labelled(screen.terminal, "next", text, fold=views.short(text))
    assert [line.rsplit(None, 1)[-1] for line in screen.text.splitlines()] == ["for", "there"]
    assert not views.short("rdsrestore table billing --before 2017-06-01T10:14:00Z --instance production")


def test_children_that_lost_nothing_are_not_mentioned() -> None:
    screen = Screen()
    child = LostChildren(TableRef("shop", "lines"), "CASCADE", 5, 5)
    preview.preview(screen.terminal, [replace(sample_differences()[0], children=(child,))])
    assert "lines" not in screen.text


def outcome(**changes: object) -> Outcome:
    return replace(Outcome(run=RUN.value), **changes)  # type: ignore[arg-type]  # a test names the fields it changes


MISMATCH = VerifyError("verify shop.billing", "restored rows present", "compare first", expected=9, actual=8)


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        (outcome(), "no table was written to"),
        (outcome(loads=(TableLoad(BILLING),)), "no table was written to"),
        (outcome(cause=Interrupted(signal.SIGINT, "SIGINT")), "no table was written to"),
        (outcome(cause=MISMATCH, production_touched=True), "by how many rows is not known"),
        (
            outcome(cause=MISMATCH, production_touched=True, loads=(TableLoad(BILLING, 8, 1),), saved=True),
            "it was changed before the run failed: shop.billing: 9 rows (8 inserted, 1 changed back)",
        ),
        (outcome(cause=MISMATCH, production_touched=True), "rdsrestore help 4"),
        (outcome(cause=MISMATCH, production_touched=True), "next        compare first"),
        (outcome(cause=Interrupted(signal.SIGINT, "SIGINT")), "run the same command again"),
        (outcome(ledgers=(Ledger(BILLING, 0, 9, 9, 0, 9, 9, 0, 8),)), "0 rows before, 9 inserted"),
        (outcome(ledgers=(Ledger(BILLING, 0, 9, 9, 0, 9, 9, 0, 8),)), "8 of 9 written rows as planned"),
    ],
)
def test_the_end_says_what_it_means_for_production_and_what_to_do(ended: Outcome, says: str) -> None:
    screen = Screen()
    views.summary(screen.terminal, ended)
    assert says in screen.text
    assert f"exit code   {int(ended.exit_code)}: " in screen.text


@pytest.mark.parametrize(
    ("ended", "goes_on"),
    [
        (outcome(dumped=True, cause=Interrupted(signal.SIGINT, "SIGINT")), True),
        (outcome(dumped=True, cause=CutOff("run", "cut off", "run the same command again")), True),
        (outcome(dumped=True, cause=Refused("approve", "you said no", next_steps.AGAIN, code="operator.no")), True),
        (outcome(dumped=True, cause=DatabaseError("stage", "the connection was lost", code="db.lost")), True),
        (outcome(dumped=True, cause=MISMATCH), False),
        (outcome(dumped=True, cause=Refused("compare", "rows are in conflict", code="conflict.stop")), False),
        (outcome(dumped=True, cause=Interrupted(signal.SIGINT, "SIGINT"), production_touched=True), False),
        (outcome(cause=CutOff("run", "cut off", "run the same command again")), False),
        (outcome(dumped=True), False),
    ],
)
def test_a_sound_dump_is_named_before_half_an_hour_of_restore_is(ended: Outcome, *, goes_on: bool) -> None:
    screen = Screen()
    views.summary(screen.terminal, ended)
    assert (f"rdsrestore resume {RUN} goes on from the dump, without another restore" in screen.text) is goes_on
    again = screen.text.count("next        run the same command again")
    assert again == int(not goes_on and ended.cause is not None and not ended.production_touched)


def test_every_exit_code_has_a_meaning() -> None:
    assert set(views.MEANING) == set(ExitCode)
