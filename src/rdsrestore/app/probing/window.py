"""Narrow down when an answer changed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

ENDS = 2
"""Copies that are asked first: at both ends."""


@dataclass(frozen=True)
class Window:
    """At `since` the answer was the first one, at `until` it was another; both are whole seconds."""

    since: datetime
    until: datetime

    @property
    def width(self) -> timedelta:
        """How much is not known yet."""
        return self.until - self.since

    @property
    def middle(self) -> datetime:
        """The moment to ask next, a whole second."""
        return self.since + timedelta(seconds=int(self.width.total_seconds()) // 2)

    def found(self, within: timedelta) -> bool:
        """Whether it is narrow enough, or can't be narrower."""
        return self.width <= max(within, timedelta(seconds=1))

    def halved(self, *, same: bool) -> Window:
        """Take the half in which the answer stopped being the first one; `same` says whether it was that in the middle.

        Where it changed more than once that is one of the changes.
        """
        return replace(self, since=self.middle) if same else replace(self, until=self.middle)

    def rounds(self, within: timedelta) -> int:
        """Count the copies that it takes at the most, those at both ends among them."""
        halves, left = 0, self
        while not left.found(within):
            left, halves = left.halved(same=True), halves + 1  # of an odd number of seconds the later half is longer
        return ENDS + halves

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%dT%H:%M:%SZ} and {self.until:%Y-%m-%dT%H:%M:%SZ}"
