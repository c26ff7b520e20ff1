"""Slices in a file of the run's folder: as many as there may be, none of them held in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rdsrestore.domain.tables.key_range import Chunk, Key, KeyRange


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
    """Read them again."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            key_range, keys, others = json.loads(line)
            yield Chunk(
                KeyRange(*map(key, key_range)) if key_range else None,
                tuple(map(tuple, keys)),
                tuple(map(tuple, others)),
            )


def key(found: list[str] | None) -> Key | None:
    """Read one end of a range."""
    return None if found is None else tuple(found)


def restored(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Leave out what the restored side has no rows of."""
    return (part for part in chunks if part.key_range or part.keys)


def either(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Name both sides' keys, to find rows on either."""
    for part in chunks:
        yield replace(part, keys=tuple(dict.fromkeys((*part.keys, *part.others))), others=())
