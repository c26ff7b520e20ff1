"""The key that dumps and undo files are encrypted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyrage
from pyrage.x25519 import Identity

from rdsrestore.domain.errors import ToolError, UsageError
from rdsrestore.domain.secret import Secret

if TYPE_CHECKING:
    pass


def identity(key: Secret | None, name: str) -> Identity:
    """Read the key; ToolError with code `dump.sealed` where there is none."""
    if key is None:
        raise sealed(name, "is encrypted, and no key is set")
    (line,) = (each for each in key.reveal().splitlines() if each and not each.startswith("#"))
    return Identity.from_str(line.strip())


def check(key: Secret | None) -> Secret | None:
    """Return the key; UsageError where it is none."""
    if key is None:
        return None
    try:
        identity(key, "")
    except (pyrage.IdentityError, ValueError) as error:
        raise UsageError("dump_key", "is not an age identity", "make one with: age-keygen -o dump.key") from error
    return key


def sealed(name: str, why: str) -> ToolError:
    """Say that a file can't be read without the right key."""
    hint = "set RDSRESTORE_DUMP_KEY_FILE to the key that this run began with, then run the same command again"
    return ToolError("dump", f"{name} {why}", hint, code="dump.sealed")
