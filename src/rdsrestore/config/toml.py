"""Sections of rdsrestore.toml, and keys that nothing reads."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rdsrestore.domain.errors import UsageError


def table(value: object, file: Path, name: str) -> dict[str, Any]:
    """Take a section; UsageError where it is a plain value."""
    if not isinstance(value, dict):
        raise UsageError(str(file), f"{name} must be a section", f"write a line [{name}] and its keys below")
    return value


def refuse_unknown(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse a key that nothing reads, naming the nearest that is read."""
    known = sorted(known)
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(known)}"
            raise UsageError(where, f"unknown key {key}", hint)
