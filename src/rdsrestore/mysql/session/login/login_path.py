"""User and password of a login path, as `mysql_config_editor` keeps them: only where it is named.

The file holds a key and lines that are encrypted for it, so it is as secret as what it holds. Its form is in no manual
but in MySQL's sources (my_default.cc): four unused bytes, twenty of a key that is folded to sixteen, then each line as
its length and as much of AES-128-ECB, padded to whole blocks.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.secret import Secret

WHERE = "login_path"
PLACE = "MYSQL_TEST_LOGIN_FILE"
"""Where MySQL's own programs look for the file instead (manual, "mysql_config_editor")."""
UNUSED, KEY, BLOCK, LENGTH = 4, 20, 16, 4
USUAL = "client"
"""The group that every login path is read upon (manual, "--login-path")."""
ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "r": "\r", "s": " ", "\\": "\\", '"': '"', "'": "'"}
ESCAPED = re.compile(r"\\(.)")


def read(name: str) -> tuple[str | None, Secret | None]:
    """Read user and password of a login path; UsageError where there is none of that name, or it can't be read."""
    file = Path(os.environ.get(PLACE) or Path.home() / ".mylogin.cnf")
    try:
        with file.open("rb") as opened:
            shared, kept = os.fstat(opened.fileno()).st_mode & 0o077, opened.read()
    except OSError as error:
        hint = f"mysql_config_editor set --login-path={name} --user=USER --password makes it"
        raise UsageError(WHERE, f"{file} can't be read: {error.strerror}", hint) from error
    if shared:
        raise UsageError(WHERE, f"{file} is open to others (mode {shared:03o})", f"chmod 600 {file}")
    try:
        groups = grouped(lines(kept))
    except (struct.error, ValueError) as error:
        raise UsageError(WHERE, f"{file} is no file of login paths", "make it anew with mysql_config_editor") from error
    if name not in groups:
        raise UsageError(WHERE, f"{file} has no login path {name}", "mysql_config_editor print --all lists them")
    options = groups.get(USUAL, {}) | groups[name]
    user, password = options.get("user"), options.get("password")
    if not (user or password):
        raise UsageError(WHERE, f"login path {name} has neither user nor password", "set them by mysql_config_editor")
    return user or None, Secret(password) if password else None


def lines(kept: bytes) -> Iterator[str]:
    """Decrypt line after line; ValueError or struct.error where it is none of these files."""
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - few need it
    except ImportError as error:
        hint = "in a checkout of rdsrestore: pip install '.[login-path]'; or use --defaults-file"
        raise UsageError(WHERE, "Python's cryptography, which reads it, is not installed", hint) from error
    if len(kept) < UNUSED + KEY:
        raise ValueError("it ends within its key")
    cipher = Cipher(algorithms.AES(folded(kept[UNUSED : UNUSED + KEY])), modes.ECB())  # noqa: S305 - the file's, not ours
    at = UNUSED + KEY
    while at < len(kept):
        (length,) = struct.unpack_from("<I", kept, at)
        at += LENGTH
        if not length or length % BLOCK or at + length > len(kept):
            raise ValueError("a line ends within a block")
        decryptor = cipher.decryptor()
        line = decryptor.update(kept[at : at + length]) + decryptor.finalize()
        if not 0 < line[-1] <= BLOCK:
            raise ValueError("a line is not padded")
        yield line[: -line[-1]].decode().rstrip("\n")
        at += length


def folded(key: bytes) -> bytes:
    """Fold a key to a block: what is longer is laid upon its begin."""
    found = bytearray(BLOCK)
    for place, byte in zip(cycle(range(BLOCK)), key, strict=False):
        found[place] ^= byte
    return bytes(found)


def grouped(text: Iterator[str]) -> dict[str, dict[str, str]]:
    """Take lines for groups of options."""
    found: dict[str, dict[str, str]] = {}
    inside: dict[str, str] = {}
    for line in text:
        if line.startswith("[") and line.endswith("]"):
            inside = found.setdefault(line[1:-1], {})
        elif "=" in line:
            option, _sign, value = line.partition("=")
            inside[option.strip()] = plain(value.strip())
    return found


def plain(value: str) -> str:
    """Take a value out of its quotes and escapes, as option files have them."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    inner = value[1:-1] if quoted else value
    return ESCAPED.sub(lambda found: ESCAPES.get(found[1], found[0]), inner)
