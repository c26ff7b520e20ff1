"""Reconcile: what production has now against what was planned, and all other rows against what they were."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import BrokenInvariant, VerifyError
from rdsrestore.domain.facts import Compared, Dumped, Fact, Saved, Staged, Verified
from rdsrestore.domain.outcome.load_result import ALONE, Ledger
from rdsrestore.domain.request.invariants import Reading, readings
from rdsrestore.steps.compare import keep_lines
from rdsrestore.steps.on_scratch import OnScratch
from rdsrestore.steps.sessions import counted, production
from rdsrestore.workflow.step import Impact, Run


@written("Verify")
@dataclass(frozen=True)
class Verify(OnScratch):
    """Check counts and content; counts that do not agree carry both numbers."""

    name: ClassVar[str] = "verify"
    impact: ClassVar[Impact] = Impact.READS
    usual: ClassVar[timedelta] = timedelta(seconds=30)

    def describe(self) -> str:
        """Say what is checked."""
        return "check the counts, the content of what was written, and that nothing else changed"

    def apply(self, run: Run) -> Fact:
        """Check each table, then judge."""
        targets = run.facts.get(Staged).targets
        differences = run.facts.get(Compared).differences
        saved, dumped = run.facts.get(Saved), run.facts.find(Dumped)
        with production(run) as database:
            ledgers = tuple(
                database.ledger(self.schema, target, run.folder, difference.live, rest, run.progress)
                for target, difference, rest in zip(targets, differences, saved.untouched, strict=True)
            )
            for target, ledger in zip(targets, ledgers, strict=True):
                if ledger.unfit:
                    with suppress(OSError):  # what was listed before the load stays
                        keep_lines(run, database, self.schema, target)
            after = tuple(database.read(run.request.database, run.request.invariants))
        then = dumped.values if dumped else ()
        verified = Verified(ledgers, readings(run.request.invariants, then, saved.values, after))
        run.facts.put(verified)
        hint = f"rdsrestore undo {run.id} takes back what was written; look at the audit log first"
        for ledger in ledgers:
            judge(ledger, hint)
        for reading in verified.readings:
            judge_value(reading, hint)
        return verified

    def result(self, fact: Fact | None) -> str:
        """Give the numbers."""
        if not isinstance(fact, Verified):
            return "verified"
        return "; ".join((*map(balance, fact.ledgers), *map(invariant_text, fact.readings)))


def balance(ledger: Ledger) -> str:
    """Write one table's reconciliation in a line."""
    line = f"{ledger.target.table}: {ledger.before:,} before + {ledger.inserted:,} inserted"
    line += f" - {ledger.deleted:,} deleted" if ledger.deleted else ""
    line += f" {'+' if ledger.others > 0 else '-'} {abs(ledger.others):,} by others" if ledger.others else ""
    line += f" = {ledger.after:,}; {counted(ledger.matching, 'written row')} as planned"
    since = ledger.done - ledger.matching - ledger.gone
    line += f", {counted(since, 'row')} written again since by others" if since else ""
    line += f", {counted(ledger.gone, 'row')} taken away since by others" if ledger.gone else ""
    return f"{line}; {ALONE[ledger.untouched]}" if ledger.untouched in ALONE else line


def invariant_text(reading: Reading) -> str:
    """Write what one invariant was and is."""
    then = f"{reading.restored} then, " if reading.restored else ""
    return f"{reading.name}: {then}{reading.before} before, {reading.after} now"


def judge_value(reading: Reading, hint: str) -> None:
    """Raise BrokenInvariant where something is not right."""
    if reading.broken:
        what = f"is {reading.after} and has to be {reading.wanted}; it was {reading.before} before"
        raise BrokenInvariant(f"invariant {reading.name}", what, hint)


def judge(ledger: Ledger, hint: str) -> None:
    """Raise VerifyError where counts or content do not agree."""
    where = f"verify {ledger.target}"
    if ledger.done + ledger.unfit != ledger.planned:
        found = ledger.done + ledger.unfit
        raise VerifyError(where, "planned rows accounted for", hint, expected=ledger.planned, actual=found)
    if ledger.untouched and ledger.others and ledger.matching == ledger.done:
        expected = ledger.after - ledger.others
        raise VerifyError(where, "rows in the table", hint, expected=expected, actual=ledger.after)
