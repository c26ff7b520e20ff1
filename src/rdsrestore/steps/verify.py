"""Count and compare what production has now with what was planned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from rdsrestore.core.errors import VerifyError
from rdsrestore.core.facts import Compared, Dumped, Fact, Verified
from rdsrestore.core.step import Impact, Run
from rdsrestore.core.tables import TableCheck
from rdsrestore.steps.on_scratch import OnScratch
from rdsrestore.steps.sessions import counted, landing, production

HINT = (
    "each inserted row was proved as it was written, so the application may have changed rows since:"
    " look at the audit log and at inserted-*.keys in the run's folder before you run anything else"
)


@dataclass(frozen=True)
class Verify(OnScratch):
    """Check row counts and content; a mismatch carries both numbers."""

    name: ClassVar[str] = "verify"
    impact: ClassVar[Impact] = Impact.READS
    usual: ClassVar[timedelta] = timedelta(seconds=30)

    def describe(self) -> str:
        """Say what is checked."""
        return "check counts and content of what was put back"

    def apply(self, run: Run) -> Fact:
        """Check each table, then judge."""
        differences = {difference.ref: difference for difference in run.facts.get(Compared).differences}
        with production(run) as database:
            verified = Verified(
                tuple(
                    database.verify(
                        self.schema,
                        dump,
                        landing(run, dump.definition.ref),
                        differences[dump.definition.ref].live,
                    )
                    for dump in run.facts.get(Dumped).dumps
                )
            )
        run.facts.put(verified)
        for check in verified.checks:
            judge(check)
        return verified

    def result(self, fact: Fact | None) -> str:
        """Give the numbers."""
        if not isinstance(fact, Verified):
            return "verified"
        return "; ".join(
            f"{check.landing.table}: {counted(check.actual, 'restored row')} present, content equal;"
            f" {check.before:,} rows before, {check.after:,} now"
            for check in fact.checks
        )


def judge(check: TableCheck) -> None:
    """Raise VerifyError where restored rows are absent or differ."""
    if check.actual != check.expected:
        raise VerifyError(
            f"verify {check.landing}", "restored rows present", HINT, expected=check.expected, actual=check.actual
        )
    if check.matching != check.loaded:
        raise VerifyError(
            f"verify {check.landing}",
            "loaded rows with the restored content",
            HINT,
            expected=check.loaded,
            actual=check.matching,
        )
