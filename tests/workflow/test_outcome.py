"""How a run ended: every combination of facts has one exit code, and the words fit it."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from rdsrestore.domain.errors import CutOff, DatabaseError, Interrupted, RdsRestoreError, Refused
from rdsrestore.domain.facts import Recounted, Swapped, TakenBack
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.load_result import Ledger, TableLoad
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.outcome.remains import Remains
from rdsrestore.domain.tables.rows import Act, Conflict, Group, Provenance, Relation, TableDifference
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.console.views import verdict

TABLE = TableRef("shop", "billing")
AT = datetime(2017, 6, 1, 10, 30, tzinfo=UTC)
REMAINS = Remains("delete instance x", "no answer", "rdsrestore cleanup R")
CAUSES: dict[str, tuple[RdsRestoreError | None, ExitCode]] = {
    "none": (None, ExitCode.OK),
    "database": (DatabaseError("load", "lost"), ExitCode.FAILED_CLEAN),
    "refused": (Refused("approve", "you said no"), ExitCode.REFUSED),
    "signal": (Interrupted(2, "SIGINT"), ExitCode.INTERRUPTED),
    "term": (Interrupted(15, "SIGTERM"), ExitCode.TERMINATED),
    "cut": (CutOff("run", "cut off"), ExitCode.OK),
}


def loaded(inserted: int, conflicts: int = 0, gone: int = 0, rewritten: int = 0) -> Outcome:
    """A run that came to its end."""
    left = (Conflict("a parent is missing", conflicts),) if conflicts else ()
    planned = inserted + conflicts
    ledger = Ledger(TABLE, 0, inserted - gone, inserted, 0, planned, inserted, conflicts, inserted - gone - rewritten)
    return Outcome(
        "R",
        differences=(difference(planned),),
        loads=(TableLoad(TABLE, inserted=inserted, conflicts=left),),
        ledgers=(replace(ledger, gone=gone),),
        production_touched=bool(inserted),
    )


def difference(missing: int, changed: int = 0, unseen: int = 0) -> TableDifference:
    groups = [Group(Relation.MISSING, Provenance.UNKNOWN, Act.INSERT, missing)] if missing else []
    groups += [Group(Relation.CHANGED, Provenance.UNKNOWN, Act.KEEP, changed)] if changed else []
    return TableDifference(TABLE, TABLE, 10, 10, tuple(groups), unseen=unseen)


@pytest.mark.parametrize("cause", CAUSES)
def test_every_combination_has_the_code_that_matters_most(cause: str) -> None:
    for remains, bug, conflicts, gone, written in itertools.product((False, True), repeat=5):
        error, clean = CAUSES[cause]
        if bug and (error is None or isinstance(error, CutOff)):
            continue  # a bug is always the cause
        base = loaded(5 if written else 0, 2 if conflicts else 0, 1 if gone and written else 0)
        outcome = replace(base, cause=error, bug=bug, remains=(REMAINS,) if remains else ())
        if remains:
            expected = ExitCode.CLEANUP_INCOMPLETE
        elif error and written:
            expected = ExitCode.FAILED_CHANGED
        elif error:
            expected = ExitCode.BUG if bug else clean
        else:
            expected = ExitCode.INCOMPLETE if conflicts or gone or not written else ExitCode.OK
        assert outcome.exit_code is expected, outcome


FACTS: dict[str, tuple[object, ...]] = {
    "cause": (None, *(error for error, _code in CAUSES.values() if error)),
    "bug": (False, True),
    "base": (
        *(
            loaded(written, conflicts, gone)
            for written, conflicts, gone in ((5, 0, 0), (0, 0, 0), (5, 2, 0), (5, 0, 1))
        ),
        Outcome("R", differences=(difference(3),)),
        Outcome("R", uncounted=True, production_touched=True, differences=(difference(3),)),
        Outcome("R", dumped=True),
    ),
    "recounted": (None, Recounted(AT, (5,)), Recounted(AT, (2,))),
    "taken_back": (None, TakenBack("U", "undone", whole=True), TakenBack("U", "", whole=False)),
    "made": ((), ("shop.billing",)),
    "swapped": (None, Swapped(TABLE, TableRef("shop", "new"), TableRef("shop", "old"))),
    "kept": ((), ("instance x until 12:00 UTC",)),
    "skipped": ((), ("shop.w: column a is FLOAT",)),
    "undoes": (None, "Q"),
    "remains": ((), (REMAINS,)),
    "from_binlog": (False, True),
}
"""Each fact that an outcome holds, and what it may be."""


def outcomes() -> Iterator[Outcome]:
    """Make every outcome that facts allow."""
    for values in itertools.product(*FACTS.values()):
        facts = dict(zip(FACTS, values, strict=True))
        base = facts.pop("base")
        assert isinstance(base, Outcome)
        if facts["bug"] and (facts["cause"] is None or isinstance(facts["cause"], CutOff)):
            continue  # a bug is always the cause
        if facts["recounted"] and not base.ledgers:
            continue  # only what was verified is counted again
        touched = base.production_touched or bool(facts["made"] or facts["swapped"])
        yield replace(base, **facts, production_touched=touched)  # type: ignore[arg-type]  # by their names


def test_the_facts_are_all_that_an_outcome_holds() -> None:
    others = {"run", "differences", "loads", "uncounted", "ledgers", "dumped", "saved", "production_touched"}
    shown_only = {"earlier", "proof", "kept_until", "notices"}
    assert {each.name for each in fields(Outcome)} == FACTS.keys() - {"base"} | others | shown_only


def test_no_combination_of_facts_breaks_a_promise() -> None:
    """The promises as they stand in the runbook, each by itself, held against every outcome."""
    seen, terminal = set(), Terminal(io.StringIO())
    for outcome in outcomes():
        code, said = outcome.exit_code, outcome.headline
        seen.add(code)
        whole = outcome.taken_back is not None and outcome.taken_back.whole
        passed = outcome.cause is None or isinstance(outcome.cause, CutOff)
        wrong = []
        wrong += [6] if bool(outcome.remains) is not (code is ExitCode.CLEANUP_INCOMPLETE) else []
        if code is ExitCode.OK:
            wrong += [0] if not (passed or whole) else []
            wrong += [1] if outcome.cause is None and (outcome.lacking or outcome.recounted) else []
            wrong += [2] if outcome.cause is None and outcome.skipped and outcome.loads else []
            wrong += [3] if outcome.production_touched and outcome.cause and not whole else []
        if code is ExitCode.FAILED_CHANGED:
            wrong += [4] if not (outcome.production_touched and outcome.cause) or whole else []
        elif outcome.production_touched and outcome.cause and not (whole or outcome.unchecked):
            wrong += [5] if not outcome.remains else []
        wrong += [7] if code is ExitCode.INCOMPLETE and outcome.cause and not outcome.unchecked else []
        wrong += [14] if outcome.unchecked and "the backup was not asked" not in said else []
        wrong += [8] if outcome.production_touched and "before any change" in said and not outcome.taken_back else []
        wrong += [9] if outcome.written and "nothing was written" in said else []
        wrong += [10] if outcome.uncounted and outcome.cause and "0 rows" in said else []
        wrong += [11] if "nothing left running" in said and (outcome.kept or outcome.remains) else []
        green = verdict(terminal, outcome)[1] == "bold green"
        wrong += [12] if green and (code is not ExitCode.OK or outcome.recounted or outcome.cause) else []
        wrong += [13] if outcome.skipped and "without shop.w" not in said else []
        assert not wrong, (wrong, code, said, outcome)
    assert seen == set(ExitCode) - {ExitCode.USAGE, ExitCode.JOURNAL}


def test_what_others_wrote_into_rows_that_are_back_is_said_and_is_no_lack() -> None:
    outcome = loaded(5, rewritten=2)
    assert outcome.exit_code is ExitCode.OK
    assert outcome.headline == (
        "restored and verified: 5 rows put back, 2 of them written again since by others; nothing left running"
    )


def test_the_headline_says_how_many_rows_are_not_back() -> None:
    assert loaded(5, conflicts=2).headline.startswith("not everything is back: 5 rows put back; 2 are not back")
    assert "0 of them are there now, others took 5 away" in loaded(5, gone=5).headline
    undone = replace(loaded(5, conflicts=1), undoes="Q")
    assert undone.exit_code is ExitCode.INCOMPLETE
    assert undone.headline.startswith("not everything is taken back: 5 rows taken back; 1 is not taken back")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (difference(0), "every row of that moment that was asked for is there, as it was then"),
        (difference(0, changed=3), "3 rows unlike that moment's stay as the policy says"),
        (difference(0, unseen=10), "no row is missing; changed rows were not looked at"),
    ],
)
def test_nothing_to_restore_is_no_success(found: TableDifference, said: str) -> None:
    outcome = replace(loaded(0), differences=(found,))
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert outcome.headline.startswith(f"nothing to restore: {said}; try an earlier --before")


def test_what_has_nothing_to_write_by_itself_ends_well() -> None:
    assert Outcome("R", differences=(difference(3),)).exit_code is ExitCode.OK  # it only compared
    assert replace(loaded(0), made=("shop.billing",), production_touched=True).exit_code is ExitCode.OK
    again = replace(loaded(0), undoes="Q")
    assert again.exit_code is ExitCode.OK
    assert "every row already is as it was before run Q" in again.headline


def test_a_run_that_was_cut_off_says_what_it_wrote() -> None:
    cut = replace(loaded(5), cause=CutOff("run", "cut off"))
    half = replace(cut, differences=(difference(9),))
    assert half.headline.startswith("cut off while it wrote to production: 5 of 9 rows are in")
    assert cut.headline.startswith("cut off after it wrote to production: 5 of 5 rows are in, and not all is verified")
    unknown = replace(cut, loads=(), uncounted=True)
    assert unknown.headline.startswith("cut off while it wrote to production; how many rows it wrote is not known")
    assert (half.exit_code, cut.exit_code, unknown.exit_code) == (ExitCode.FAILED_CHANGED,) * 3
    before = replace(cut, loads=(), production_touched=False)
    assert (before.exit_code, before.headline) == (
        ExitCode.OK,
        "cut off before any change to production; nothing left running",
    )


def test_a_failed_load_of_unknown_extent_never_counts_zero_rows() -> None:
    lost = replace(loaded(0), cause=DatabaseError("load", "lost"), loads=(), uncounted=True, production_touched=True)
    assert "how many rows it wrote is not known" in lost.headline
    assert "0 rows" not in lost.headline
    assert lost.exit_code is ExitCode.FAILED_CHANGED


@pytest.mark.parametrize(("whole", "code"), [(True, ExitCode.OK), (False, ExitCode.FAILED_CHANGED)])
def test_a_run_that_was_taken_back_says_so(whole: bool, code: ExitCode) -> None:  # noqa: FBT001 - a test's parameter
    taken = TakenBack("U", "undone and verified: 5 rows taken back", whole)
    outcome = replace(loaded(5), cause=CutOff("run", "cut off"), taken_back=taken)
    assert outcome.exit_code is code
    assert outcome.headline.startswith("cut off; run U took back what it wrote: undone and verified")


@pytest.mark.parametrize("now", [5, 7, 2])
def test_rows_verified_by_an_earlier_process_are_never_said_to_be_verified_now(now: int) -> None:
    outcome = replace(loaded(5), recounted=Recounted(AT, (now,)))
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert outcome.headline.startswith("5 rows put back and verified at 2017-06-01 10:30:00 UTC, before the run")
    assert ("3 rows fewer now" in outcome.headline) is (now < 5)


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (Ending(0, "restored", "", changed=True), ExitCode.OK),
        (Ending(130, "stopped", "interrupted"), ExitCode.OK),
        (Ending(6, "failed", "db.lost", changed=True), ExitCode.FAILED_CHANGED),
        (Ending(6, "not everything is back", "", changed=True, lacking=True), ExitCode.INCOMPLETE),
        (Ending(8, "nothing to restore", "", lacking=True), ExitCode.INCOMPLETE),
    ],
)
def test_an_ending_stays_what_it_is(ending: Ending, code: ExitCode) -> None:
    cleaned = Outcome("R", earlier=ending)
    assert cleaned.exit_code is code
    assert cleaned.headline == f"nothing of run R is left; it ended: {ending.headline}"
    left = replace(cleaned, remains=(REMAINS,))
    assert left.exit_code is ExitCode.CLEANUP_INCOMPLETE
    assert "nothing of run" not in left.headline


@pytest.mark.parametrize(("whole", "code"), [(True, ExitCode.OK), (False, ExitCode.FAILED_CHANGED)])
@pytest.mark.parametrize("error", ["", "db.lost"])
def test_a_later_undo_decides_what_an_ending_left_to_do(error: str, code: ExitCode, *, whole: bool) -> None:
    earlier = Ending(8 if not error else 5, "it ended", error, changed=True, lacking=not error)
    cleaned = Outcome("R", earlier=earlier, taken_back=TakenBack("U", "undone" if whole else "", whole))
    assert cleaned.exit_code is code
    how = "undone" if whole else "it is unfinished"
    assert cleaned.headline == f"nothing of run R is left; it ended: it ended; run U took back what it wrote: {how}"
