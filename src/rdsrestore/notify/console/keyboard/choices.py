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
