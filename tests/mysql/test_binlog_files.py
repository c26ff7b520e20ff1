"""Which files of the binlog a time lies in, asked for with as few looks as can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rdsrestore.domain.incident import KeptFile
from rdsrestore.mysql.binlog.files import LONGEST_STATEMENT, spanning

NOON = datetime(2017, 6, 1, 12, tzinfo=UTC)


def chosen(begun: list[int], since: float, until: float) -> tuple[list[int], int]:
    """Choose among files begun so many seconds after noon; returns which, and how many were looked into."""
    files = [KeptFile(f"log.{number}", 100) for number in range(len(begun))]
    looks: list[str] = []

    def look(file: KeptFile) -> datetime:
        looks.append(file.name)
        return NOON + timedelta(seconds=begun[files.index(file)])

    span = spanning(files, NOON + timedelta(seconds=since), NOON + timedelta(seconds=until), look)
    return [files.index(each) for each in span.files], len(looks)


@pytest.mark.parametrize(
    ("begun", "since", "until", "wanted"),
    [
        ([0, 10, 20, 30], 12, 15, [1, 2, 3]),
        ([0, 10, 20, 30], 12.5, 99, [1, 2, 3]),
        ([0, 10, 20, 30], 35, 40, [3]),
        ([0, 10, 10, 10], 10, 40, [0, 1, 2, 3]),
        ([0, 10, 10, 10], 10.9, 40, [0, 1, 2, 3]),
        ([0, 10, 10, 10], 11, 40, [3]),
        ([0, 10], -5, 40, [0, 1]),
        ([0, 10, 9000], 1, 5, [0, 1]),
        ([100], 0, 50, [0]),
        ([9000], 0, 50, []),
    ],
)
def test_every_file_that_may_hold_something_of_the_time_is_chosen(
    begun: list[int], since: float, until: float, wanted: list[int]
) -> None:
    assert chosen(begun, since, until)[0] == wanted
    assert timedelta(hours=1) == LONGEST_STATEMENT


def test_a_week_of_files_takes_a_few_looks() -> None:
    files, looks = chosen([300 * number for number in range(2016)], 300 * 1000 + 5, 300 * 1001)
    assert files[0] == 1000
    assert looks < 30


def test_no_files_are_no_time() -> None:
    assert spanning([], NOON, NOON, lambda _file: NOON).kept_from is None
