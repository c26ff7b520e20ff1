"""What a look before the start has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a finding stops the run."""

    BLOCKS = "blocks"
    WARNS = "warns"


@dataclass(frozen=True)
class Finding:
    """Something found before the start: a stable code, what it is, and a hint that says what to do."""

    code: str
    severity: Severity
    message: str
    hint: str


def blocks(code: str, message: str, hint: str) -> Finding:
    """Make a finding that stops the run."""
    return Finding(code, Severity.BLOCKS, message, hint)


def warns(code: str, message: str, hint: str) -> Finding:
    """Make a finding that is only said."""
    return Finding(code, Severity.WARNS, message, hint)
