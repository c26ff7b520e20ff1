"""What a look before the start has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rdsrestore.domain.errors import Refused


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


def refuse_if_blocked(findings: Sequence[Finding], also: str = "") -> None:
    """Raise Refused with the first blocking finding, saying how many there are, and what can be done `also`."""
    blocked = [finding for finding in findings if finding.severity is Severity.BLOCKS]
    if blocked:
        more = f" (and {len(blocked) - 1} more, above)" if len(blocked) > 1 else ""
        raise Refused("survey", f"{blocked[0].message}{more}", f"{blocked[0].hint}{also}", code=blocked[0].code)
