"""Reading with rests finds what reading without them does, and takes its time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from fakes.rows import FakeRows
from rdsrestore.diff.parallel import Findings, compared, search
from rdsrestore.diff.resting import resting
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import EVERYTHING, KeyRange
from rdsrestore.ports.key_ranges import TableRows

THEN, NOW = {1: "a", 2: "b", 3: "c"}, {1: "a", 3: "x", 4: "d"}
TAKES = 0.02


def found(rest: float, *, content: bool) -> Findings:
    return compared(FakeRows(THEN), resting(FakeRows(NOW), rest), EVERYTHING, content)


def test_the_same_is_found_by_content_and_by_keys() -> None:
    for content in (True, False):
        assert found(1, content=content) == found(0, content=content)


def test_the_same_is_found_where_it_is_sent_elsewhere() -> None:
    then, now = FakeRows(THEN), resting(FakeRows(NOW), 1)
    assert search(then.task(), now.task(), EVERYTHING, content=True) == found(0, content=True)


def test_there_is_nothing_in_between_where_there_is_no_rest() -> None:
    rows: TableRows = FakeRows(NOW)
    assert resting(rows, 0) is rows


@dataclass
class SlowRows(FakeRows):
    """Take their time."""

    def fingerprint(self, key_range: KeyRange) -> Fingerprint:
        time.sleep(TAKES)
        return super().fingerprint(key_range)


def test_after_each_question_it_rests_as_long_as_that_took_times_the_rest() -> None:
    rows = resting(SlowRows(NOW), 2)
    begun = time.monotonic()
    rows.fingerprint(EVERYTHING)
    assert time.monotonic() - begun >= TAKES * 3
