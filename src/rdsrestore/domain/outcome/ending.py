"""How a run ended, as its journal says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ending:
    """How a run ended: its exit code, its headline, its error's code, empty where it had none, and what it kept.

    `changed` says whether it changed rows of production.
    """

    exit_code: int
    headline: str
    error: str = ""
    changed: bool = False
    kept: bool = False
