"""Words made harmless, counted and timed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdsrestore.domain.plain_text import clean_line
from rdsrestore.notify.text import about, clean, columns, counted, duration, shortened
from samples import EVIL


@given(st.text(st.characters()))
def test_no_control_character_survives(text: str) -> None:
    cleaned = clean_line(text)
    assert not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in cleaned)
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned


def test_text_from_outside_keeps_its_words_and_loses_its_power() -> None:
    assert clean_line(EVIL) == "[2J]0;owned [bold]x[/bold] 31m :bomb: <!channel> *b* & ?"
    assert clean(EVIL).plain == clean_line(EVIL)
    assert clean(EVIL).spans == []


def test_breaks_become_blanks_and_ordinary_text_stays() -> None:
    assert clean_line("a\r\nb\tc\u2028d") == "a b c d"
    assert clean_line("Zoë 東京 naïve 🙂 שלום") == "Zoë 東京 naïve 🙂 שלום"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"), (3.25, "3.2 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min"),
        (65, "1 min 05 s"), (1200, "20 min"), (3599.4, "59 min 59 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min"),
    ],
)  # fmt: skip
def test_a_length_is_said_as_exactly_as_anybody_wants_to_know(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (45, "45 s"), (89, "1 min"), (1210, "20 min"), (7230, "2 h 00 min")]
)
def test_a_usual_length_is_only_roughly_said(seconds: float, said: str) -> None:
    assert about(seconds) == said


def test_columns_are_aligned_by_what_is_seen_and_end_without_blanks() -> None:
    rows = [("table", "rows", "why"), ("東京", "1,000", ""), ("b", "7", "x")]
    assert columns(rows, right=frozenset({1})) == ["table   rows  why", "東京   1,000", "b          7  x"]


def test_numbers_and_cuts() -> None:
    assert (counted(1, "row"), counted(20_000, "row")) == ("1 row", "20,000 rows")
    assert (shortened("abcdef", 6), shortened("abcdefg", 6)) == ("abcdef", "abc...")
