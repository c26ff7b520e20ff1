"""Texts that people read are kept in tests/golden; UPDATE_GOLDEN=1 writes them anew, to be read through."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check_golden(name: str, text: str) -> None:
    """Compare with the kept text of that name."""
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no golden text {name}; UPDATE_GOLDEN=1 writes it"
    assert text == path.read_text(encoding="utf-8")
