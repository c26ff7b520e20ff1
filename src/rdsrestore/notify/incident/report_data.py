"""What a report of a run says, apart from how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from rdsrestore.domain.outcome.load_result import Ledger, TableLoad
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.notify.incident.phases import RULE, Phase
from rdsrestore.notify.text import duration


@dataclass(frozen=True)
class Approval:
    """Who said yes to what, and when."""

    at: datetime
    what: str
    answer: str
    by: str


@dataclass(frozen=True)
class TableReport:
    """One table: what the comparison found, what was written, and how the counts add up; None where that is unknown."""

    name: str
    difference: TableDifference | None = None
    load: TableLoad | None = None
    ledger: Ledger | None = None
    dump: str = ""
    approved: bool | None = None


@dataclass(frozen=True)
class IncidentReport:
    """What a report says. `state` is ok, short, failed, changed, unfinished or at-work; `next` what to type now.

    `lost` are the rows and tables that are not back, each with why; `hourly` is the copy's price in USD where known.
    """

    run: str
    state: str
    headline: str
    production: str
    began: datetime
    last: datetime
    subject: str
    exit_code: int | None = None
    meaning: str = ""
    who: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[TableReport] = ()
    readings: Sequence[tuple[str, str, str, str, str]] = ()
    approvals: Sequence[Approval] = ()
    lost: Sequence[tuple[str, str]] = ()
    steps: Sequence[Phase] = ()
    lifetimes: Sequence[Phase] = ()
    proof: Sequence[str] = ()
    remains: Sequence[str] = ()
    hourly: Decimal | None = None
    requests: int = 0
    notes: Sequence[str] = ()
    next: Sequence[str] = ()
    records: int = 0
    hash: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def cost(self) -> str:
        """Say what the temporary instances cost, as far as the journal tells."""
        return self.cost_at(self.last, "until the journal's last record")

    def cost_at(self, now: datetime, still: str) -> str:
        """Say what the temporary instances cost until `now`; `still` is said where one has not been removed."""
        lived = [each for each in self.lifetimes if each.name != RULE]
        if not lived:
            return "no instance was made"
        seconds = sum(each.seconds(now) for each in lived)
        said = duration(seconds) + ("" if all(each.end for each in lived) else f" {still}")
        if self.hourly is None:
            return f"an instance for {said}; its price is not known here"
        price = self.hourly * Decimal(seconds) / 3600
        return f"about {price:.2f} USD: {said} at {self.hourly.normalize():f} USD an hour, without storage"
