"""When a load holds back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rdsrestore.domain.codec import written
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.request.option import LOADS, Option, Section
from rdsrestore.domain.tables.in_place import HELD_UP

PAUSE = "pause"
"""The file in a run's folder that holds its load while it exists."""
GENTLE = "gentle"
"""The one that makes it gentle while it exists."""


@written("Limits")
@dataclass(frozen=True)
class Limits:
    """When the load holds back: seconds a replica is behind, threads running on production; None for no limit.

    A load goes by what it sees of others on production. One that is `fast` takes all it can; one that is `gentle`
    writes little at a time and rests in between, and so does the comparison when it reads.
    """

    max_lag: Annotated[
        float | None,
        Option(
            "Hold the load while a replica is further behind, in seconds.",
            flag="--max-lag",
            metavar="SECONDS",
            least=0,
            section=Section.PACE,
        ),
    ] = None
    max_load: Annotated[
        int | None,
        Option(
            "Hold the load while more threads run on production.",
            flag="--max-load",
            metavar="THREADS",
            commands=LOADS,
            least=1,
            section=Section.PACE,
        ),
    ] = None
    gentle: Annotated[
        bool,
        Option(
            "Always write little at a time, with rests, also between reads of the comparison.",
            flag="--gentle",
            commands=LOADS,
            section=Section.PACE,
        ),
    ] = False
    fast: Annotated[
        bool,
        Option(
            "Write as fast as can be, whoever else is at work on production.",
            flag="--fast",
            commands=LOADS,
            section=Section.PACE,
        ),
    ] = False

    @property
    def pace(self) -> str:
        """Say how fast the load goes."""
        if self.gentle:
            return "little at a time, with rests"
        return "as fast as can be" if self.fast else "as fast as others at work there allow"

    @property
    def measured(self) -> bool:
        """Whether the load goes by what it sees of others."""
        return not (self.gentle or self.fast)

    @property
    def none(self) -> bool:
        """Whether nothing is asked for that one long statement would not heed."""
        return self.max_lag is None and self.max_load is None and not self.gentle


@dataclass(frozen=True)
class ThrottleRules:
    """When to hold back between two transactions: beyond the limits, and while any of the files exists.

    While `slow` exists the load is gentle. `held_up` are the seconds for which others may wait for an exchange of
    tables.
    """

    limits: Limits = Limits()
    flags: tuple[Path, ...] = ()
    replicas: tuple[Endpoint, ...] = ()
    run: str = ""
    """Whose own file is among them: `unpause` removes it."""
    slow: Path | None = None
    held_up: float = HELD_UP

    def gentle(self) -> bool:
        """Whether little is to be written at a time now, whatever is measured."""
        return self.limits.gentle or (self.slow is not None and self.slow.exists())

    def held_by(self, flag: Path) -> str:
        """Say what holds the load, and what lets it go on."""
        own = self.run and flag.name == PAUSE and flag.parent.name == self.run
        return f"rdsrestore unpause {self.run} lets it go on" if own else f"{flag} exists; remove it to go on"
