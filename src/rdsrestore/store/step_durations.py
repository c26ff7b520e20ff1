"""How long each step takes as a rule, by what earlier runs on the same instance took."""

from __future__ import annotations

import contextlib
import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from rdsrestore.workflow.journal.journal import Kind

DONE = f'"{Kind.DONE}"'.encode()
"""What a line of the journal that ends a step has in it."""
TYPICAL = 50
"""Runs whose steps say how long steps usually take."""
UNREADABLE = (OSError, ValueError, TypeError, KeyError, RecursionError)


def step_durations(journals: Iterable[Path], account: str, instance: str) -> Mapping[str, float]:
    """Return the median length, in seconds, that each step had in the first so many journals of an instance's runs."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for journal in islice((each for each in journals if is_of(each, account, instance)), TYPICAL):
        for step, taken in lengths(journal):
            seconds[step].append(taken)
    return {step: statistics.median(each) for step, each in seconds.items()}


def is_of(journal: Path, account: str, instance: str) -> bool:
    """Say whether a journal begins as that of a run on the instance; a lab's is another one, whatever its name."""
    with contextlib.suppress(*UNREADABLE), journal.open("rb") as file:
        data = json.loads(file.readline())["data"]
        return bool(data["identity"]["account"] == account and data["request"]["instance"] == instance)
    return False


def lengths(journal: Path) -> Iterator[tuple[str, float]]:
    """Yield how many seconds each finished step took, as far as the journal can be read; unchecked."""
    with contextlib.suppress(*UNREADABLE), journal.open("rb") as file:
        for line in file:
            if DONE in line:
                record = json.loads(line)
                taken = record["data"].get("seconds")
                if record["kind"] == Kind.DONE and isinstance(taken, float | int):
                    yield str(record["step"]), float(taken)
