"""A moment that is narrowed down by answers: how many copies it takes, and that it always holds a change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdsrestore.app.probing.answer import WIDEST, check, shown
from rdsrestore.app.probing.probe import within_of
from rdsrestore.app.probing.window import ENDS, Window
from rdsrestore.domain.errors import UsageError

AT = datetime(2017, 6, 1, 10, 14, tzinfo=UTC)
DAY = Window(AT, AT + timedelta(days=1))


def narrowed(window: Window, within: timedelta, answer: Callable[[datetime], int]) -> tuple[Window, int]:
    """Narrow by answers; returns what is left and how many were asked for, both ends among them."""
    first, asked = answer(window.since), ENDS
    while not window.found(within):
        window, asked = window.halved(same=answer(window.middle) == first), asked + 1
    return window, asked


@given(width=st.integers(1, 86400), within=st.integers(1, 7200), changes=st.lists(st.integers(1, 86400), min_size=1))
def test_whatever_changed_a_change_is_in_the_window_and_no_more_copies_are_asked_than_was_said(
    width: int, within: int, changes: list[int]
) -> None:
    window, narrow = Window(AT, AT + timedelta(seconds=width)), timedelta(seconds=within)

    def answer(at: datetime) -> int:
        passed = (at - AT).total_seconds()
        return sum(change % width + 1 <= passed for change in changes)

    left, asked = narrowed(window, narrow, answer)
    assert left.width <= max(narrow, timedelta(seconds=1))
    assert window.since <= left.since < left.until <= window.until
    assert answer(left.since) == answer(window.since) != answer(left.until)
    assert asked <= window.rounds(narrow)


def test_a_day_is_narrowed_to_five_minutes_by_nine_halvings() -> None:
    assert DAY.rounds(timedelta(minutes=5)) == ENDS + 9
    assert DAY.rounds(timedelta(days=2)) == ENDS


@pytest.mark.parametrize(("text", "seconds"), [("5m", 300), ("20s", 20), ("2h", 7200), ("1 s", 1)])
def test_how_closely_is_read_down_to_a_second(text: str, seconds: int) -> None:
    assert within_of(text) == timedelta(seconds=seconds)


def test_how_closely_is_refused_where_it_is_no_length_of_time() -> None:
    with pytest.raises(UsageError, match="--within: 'soon' is no length of time"):
        within_of("soon")


@pytest.mark.parametrize(
    "statement", ["DELETE FROM billing", "SHOW TABLES", "SELECT 1; SELECT 2", "SELECT SLEEP(9)", ""]
)
def test_a_probe_is_one_select_that_only_reads(statement: str) -> None:
    with pytest.raises(UsageError, match="--probe: the statement"):
        check(statement)


def test_a_select_is_a_probe() -> None:
    check("SELECT COUNT(*) > 900 FROM billing")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "NULL"), ("", "''"), (0, "0"), (b"\x00\xff", "0x00ff"), ("\x1b[2J[/red]\nx", "[2J[/red] x")],
)
def test_an_answer_is_shown_on_one_line_that_moves_no_terminal(value: object, text: str) -> None:
    assert shown(value) == text


def test_an_answer_of_megabytes_is_shown_cut() -> None:
    assert len(shown("x" * 5_000_000)) == len(shown(b"x" * 5_000_000)) == WIDEST
