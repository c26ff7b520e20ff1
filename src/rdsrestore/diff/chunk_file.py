"""Slices in a file of the run's folder: as many as there may be, none of them held in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rdsrestore.domain.tables.key_range import Key, Slice, Span


def write(path: Path, slices: Iterable[Slice]) -> tuple[int, int]:
    """Write slices, one a line; returns how many there are and how many single keys they name."""
    path.touch(mode=0o600)
    lines = keys = 0
    with path.open("w", encoding="utf-8") as file:
        for part in slices:
            span = [part.span.low, part.span.high] if part.span else None
            file.write(json.dumps([span, part.keys, part.others], ensure_ascii=False) + "\n")
            lines, keys = lines + 1, keys + len({*part.keys, *part.others})
    return lines, keys


def read(path: Path) -> Iterator[Slice]:
    """Read them again."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            span, keys, others = json.loads(line)
            yield Slice(Span(*map(key, span)) if span else None, tuple(map(tuple, keys)), tuple(map(tuple, others)))


def key(found: list[str] | None) -> Key | None:
    """Read one end of a span."""
    return None if found is None else tuple(found)


def restored(slices: Iterable[Slice]) -> Iterator[Slice]:
    """Leave out what the restored side has no rows of."""
    return (part for part in slices if part.span or part.keys)


def either(slices: Iterable[Slice]) -> Iterator[Slice]:
    """Name both sides' keys, to find rows on either."""
    for part in slices:
        yield replace(part, keys=tuple(dict.fromkeys((*part.keys, *part.others))), others=())
