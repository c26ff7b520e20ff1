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

    A `gentle` load writes little at a time, and rests in between.
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
            "Write little at a time: slower, and the application hardly notices.",
            flag="--gentle",
            commands=LOADS,
            section=Section.PACE,
        ),
    ] = False

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
        """Whether little is to be written at a time now."""
        return self.limits.gentle or (self.slow is not None and self.slow.exists())

    def held_by(self, flag: Path) -> str:
        """Say what holds the load, and what lets it go on."""
        own = self.run and flag.name == PAUSE and flag.parent.name == self.run
        return f"rdsrestore unpause {self.run} lets it go on" if own else f"{flag} exists; remove it to go on"
