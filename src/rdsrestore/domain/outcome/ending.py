"""How a run ended, as its journal says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rdsrestore.domain.facts import TakenBack
from rdsrestore.domain.outcome.exit_code import ExitCode


@dataclass(frozen=True)
class Ending:
    """How a run ended: its exit code, its headline, its error's code, empty where it had none, and what it kept.

    `changed` says whether it changed rows of production, `lacking` whether it did all its steps and something that was
    wanted is not back.
    """

    exit_code: int
    headline: str
    error: str = ""
    changed: bool = False
    kept: bool = False
    lacking: bool = False
    kept_until: datetime | None = None

    def again(self, taken: TakenBack | None) -> ExitCode:
        """What a cleanup that leaves nothing ends with: what is to be done on production, after a later undo too."""
        if taken:
            return ExitCode.OK if taken.whole else ExitCode.FAILED_CHANGED
        if self.error:
            return ExitCode.FAILED_CHANGED if self.changed else ExitCode.OK
        return ExitCode.INCOMPLETE if self.lacking else ExitCode.OK

    def sentence(self, taken: TakenBack | None) -> str:
        """Repeat how the run ended, and how a later undo did."""
        return f"{self.headline}; run {taken.by} took back what it wrote: {taken.how}" if taken else self.headline
