"""How much is tried of what has no end: a little in each run, much with `scripts/test --all`."""

from __future__ import annotations

import os

LONG = "RDSRESTORE_TEST_LONG"
"""Set by pytest's option --long, before a test's module is read."""


def amount(usual: int, *, long: int) -> int:
    """Choose how many examples or rounds a test has."""
    return long if os.environ.get(LONG) else usual
