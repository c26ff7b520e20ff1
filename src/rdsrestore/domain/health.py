"""What a restore would need, looked at before there is any accident."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rdsrestore.domain.outcome.exit_code import ExitCode


class State(StrEnum):
    """How a thing stands: `warned` is said but stops no run, `unknown` could not be looked at."""

    OK = "ok"
    WARNED = "warned"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One thing that a restore needs: its name, how it stands, what was seen, and what to do where that is not well."""

    name: str
    state: State
    what: str
    hint: str = ""
    code: str = ""


def verdict(checks: Iterable[Check]) -> ExitCode:
    """Refused where something would stop a restore, else well: what is only unknown stops nobody."""
    return ExitCode.REFUSED if any(each.state is State.FAILED for each in checks) else ExitCode.OK
