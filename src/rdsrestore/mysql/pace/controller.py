"""What pace is right, decided from what is seen of others on production.

Where nobody else is at work we take all we can. Where somebody is, one writer writes little at a time and rests: longer
at once where a commit takes longer while we write than while we keep still, a little less after each judgement where it
does not (additive increase, multiplicative decrease). Both are looked at in turn: a server that is slow for another
reason is no reason to rest. It never stops: the least share bounds how long a load can take.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

from rdsrestore.mysql.pace.batch_size import FULL, SOFT, BatchSize

SOMEBODY = 5
"""Statements within a second that are more than a pulse: somebody is at work."""
LATE, EASY = 1.5, 1.2
"""Times as long as without us: a commit that is late, and one that leaves room."""
CROWD = 3
"""More threads of others running than without us, from which on they queue, whatever a commit takes."""
START, LEAST, MOST = 0.5, 1 / 3, 0.8
"""Shares of the time in which something is written."""
STEP, CUT = 0.1, 0.7
"""What a share grows by, and what is left of it."""
WORTH = 2
"""Commits that a transaction takes as long as: what anybody waits for anyway, and as much again."""
LONGEST = 0.05
"""Seconds of a transaction, however slow commits are."""


@dataclass(frozen=True)
class Commits:
    """Some commits of the smallest change: seconds that each took, and the threads of others that ran meanwhile."""

    seconds: tuple[float, ...] = ()
    running: tuple[int, ...] = ()

    def __add__(self, more: Commits) -> Commits:
        """Take both together."""
        return Commits(self.seconds + more.seconds, self.running + more.running)

    def last(self, number: int) -> Commits:
        """Take the last ones alone."""
        return Commits(self.seconds[-number:], self.running[-number:])


@dataclass(frozen=True)
class Pace:
    """How fast to go: `alone` where nobody else is at work, else the `share` of the time in which we write.

    `commit` is how long one takes without us, in seconds; 0 where that is not known.
    """

    alone: bool = False
    known: bool = False
    share: float = START
    commit: float = 0.0

    @property
    def size(self) -> BatchSize:
        """How much to write at a time; little before anything is known."""
        if self.alone:
            return FULL
        seconds = min(max(SOFT.seconds, self.commit * WORTH), LONGEST)
        rows = int((SOFT.rows or 1) * max(seconds / SOFT.seconds / WORTH, 1))
        return replace(SOFT, seconds=seconds, rows=rows, rest=(1 - self.share) / self.share)

    @property
    def why(self) -> str:
        """Say why we do not take all we can; empty where we do, or nothing is known yet."""
        if self.alone or not self.known:
            return ""
        return f"production is busy: resting {1 - self.share:.0%} of the time"

    def among(self, statements: int) -> Pace:
        """Go by the statements that others have made within the last second."""
        return Pace(alone=True, known=True) if statements < SOMEBODY else replace(self, alone=False, known=True)

    def judged(self, busy: Commits, still: Commits) -> Pace:
        """Hold commits while we write against those while we keep still; each has some."""
        usual = median(still.seconds)
        here, ratio = replace(self, commit=usual), median(busy.seconds) / usual
        if ratio > LATE or median(busy.running) >= median(still.running) + CROWD:
            return replace(here, share=max(here.share * CUT, LEAST))
        return replace(here, share=min(here.share + STEP, MOST)) if ratio < EASY else here
