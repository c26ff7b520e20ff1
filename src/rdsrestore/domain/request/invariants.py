"""What has to be right, and whether it is, by its values then, before and after. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rdsrestore.domain.codec import written


@written("Invariant")
@dataclass(frozen=True)
class Invariant:
    """Something that has to be right, in the user's own words: one SELECT that gives one value.

    `expect` is `zero`, `restored` (what it was then), or empty where the value is only shown.
    """

    name: str
    query: str
    expect: str = ""


@written("Reading")
@dataclass(frozen=True)
class Reading:
    """One value on the copy, and on production before and after the load."""

    name: str
    expect: str
    restored: str
    before: str
    after: str

    @property
    def wanted(self) -> str:
        """The value that is expected; empty where none is."""
        return {"zero": "0", "restored": self.restored}.get(self.expect, "")

    @property
    def broken(self) -> bool:
        """Whether the value is not the expected one."""
        return bool(self.wanted) and self.after != self.wanted


def readings(
    invariants: Sequence[Invariant], restored: Sequence[str], before: Sequence[str], after: Sequence[str]
) -> tuple[Reading, ...]:
    """Put the values of each invariant side by side; without a copy the values of then are not known."""
    then = restored or [""] * len(invariants)
    return tuple(
        Reading(invariant.name, invariant.expect if restored or invariant.expect == "zero" else "", *values)
        for invariant, *values in zip(invariants, then, before, after, strict=True)
    )
