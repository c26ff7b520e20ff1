"""Customer data that is needed no longer: overwritten once and removed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

BLOCK = 1 << 20


def shred(paths: Iterable[Path]) -> tuple[str, ...]:
    """Overwrite and remove files; returns what could not be removed, with the reason. Gone already is fine.

    What a copying or journalling disk keeps of former contents is out of reach of any program.
    """
    problems = []
    for path in paths:
        try:
            overwrite(path)
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{path} could not be removed: {error.strerror}")
    return tuple(problems)


def overwrite(path: Path) -> None:
    """Write zeros over a whole file, and see that they are on the disk."""
    with path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(bytes(min(BLOCK, left)))
        file.flush()
        os.fsync(file.fileno())
