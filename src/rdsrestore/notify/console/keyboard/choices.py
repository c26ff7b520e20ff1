"""What there is to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Choices:
    """Names, of which `notes` say more; `escape` is what the Escape key means, None for nothing."""

    names: Sequence[str]
    notes: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None
    escape: str | None = None
    several: bool = False
    """Whether more than one may be marked; where none is, Enter takes the one that is pointed at."""


def meant(answer: str, choices: Sequence[str]) -> str | None:
    """Find what was meant: a name wins over a number; None where it is neither."""
    if answer in choices:
        return answer
    numbers = {str(number): name for number, name in enumerate(choices, start=1)}
    return numbers.get(answer)
