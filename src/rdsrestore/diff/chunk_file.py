"""Slices in a file of the run's folder: as many as there may be, none of them held in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rdsrestore.domain.errors import JournalError
from rdsrestore.domain.tables.key_range import Chunk, Key, KeyRange

HINT = "rdsrestore cleanup, with the run's name, removes what it left; then run the same command again"


def write(path: Path, chunks: Iterable[Chunk]) -> tuple[int, int]:
    """Write chunks, one a line; returns how many there are and how many single keys they name."""
    path.touch(mode=0o600)
    lines = keys = 0
    with path.open("w", encoding="utf-8") as file:
        for part in chunks:
            key_range = [part.key_range.low, part.key_range.high] if part.key_range else None
            file.write(json.dumps([key_range, part.keys, part.others], ensure_ascii=False) + "\n")
            lines, keys = lines + 1, keys + len({*part.keys, *part.others})
    return lines, keys


def read(path: Path) -> Iterator[Chunk]:
    """Read them again; JournalError names the first line that is none."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield parse(line, f"{path}, line {number}")
    except OSError as error:
        raise JournalError(str(path), f"can't be read: {error.strerror}", HINT) from error


def parse(line: bytes, where: str) -> Chunk:
    """Read one line; JournalError where it is no slice."""
    try:
        key_range, keys, others = json.loads(line)
        low_high = KeyRange(*(None if end is None else key(end) for end in key_range)) if key_range else None
        return Chunk(low_high, tuple(map(key, keys)), tuple(map(key, others)))
    except (ValueError, TypeError, RecursionError) as error:
        raise JournalError(where, "is no slice: it was changed or cut since it was written", HINT) from error


def key(found: object) -> Key:
    """Read a key; TypeError where it is none."""
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise TypeError("no key")
    return tuple(found)


def restored(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Leave out what the restored side has no rows of."""
    return (part for part in chunks if part.key_range or part.keys)


def either(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Name both sides' keys, to find rows on either."""
    for part in chunks:
        yield replace(part, keys=tuple(dict.fromkeys((*part.keys, *part.others))), others=())
