"""The operator's words for a moment: what is understood, what is refused, and what is said back."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdsrestore.core.errors import UsageError
from rdsrestore.core.model import Moment
from rdsrestore.moments import ago, explain, parse

NOW = datetime(2017, 6, 1, 10, 30, 5, 250_000, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
DROPPED = "the fraction of a second was dropped"


@pytest.mark.parametrize(
    ("words", "utc"),
    [
        ("2017-06-01T10:14Z", "2017-06-01T10:14:00Z"),
        ("2017-06-01t10:14z", "2017-06-01T10:14:00Z"),
        ("2017-06-01T10:14:30Z", "2017-06-01T10:14:30Z"),
        ("2017-06-01T10:14:30.000Z", "2017-06-01T10:14:30Z"),
        ("2017-06-01T10:14:30.999999999Z", "2017-06-01T10:14:30Z"),
        ("2017-06-01T12:14+02:00", "2017-06-01T10:14:00Z"),
        ("2017-06-01T12:14+0200", "2017-06-01T10:14:00Z"),
        ("2017-06-01 12:14 +02:00", "2017-06-01T10:14:00Z"),
        ("2017-06-01 10:14 UTC", "2017-06-01T10:14:00Z"),
        ("2017-06-01 12:14", "2017-06-01T10:14:00Z"),
        ("  2017-06-01   12:14 ", "2017-06-01T10:14:00Z"),
        ("2017-06-01T12:14:07", "2017-06-01T10:14:07Z"),
        ("12:14", "2017-06-01T10:14:00Z"),
        ("12:14:30", "2017-06-01T10:14:30Z"),
        ("9:05", "2017-06-01T07:05:00Z"),
        ("today 12:14", "2017-06-01T10:14:00Z"),
        ("10:14Z", "2017-06-01T10:14:00Z"),
        ("yesterday 10:14", "2017-05-31T08:14:00Z"),
        ("Yesterday at 10:14:30", "2017-05-31T08:14:30Z"),
        ("yesterday 23:59Z", "2017-05-31T23:59:00Z"),
        ("2 days ago 10:14", "2017-05-30T08:14:00Z"),
        ("15 minutes ago", "2017-06-01T10:15:05Z"),
        ("a minute ago", "2017-06-01T10:29:05Z"),
        ("an hour ago", "2017-06-01T09:30:05Z"),
        ("1.5 hours ago", "2017-06-01T09:00:05Z"),
        ("2 hours 5 minutes ago", "2017-06-01T08:25:05Z"),
        ("5m ago", "2017-06-01T10:25:05Z"),
    ],
)
def test_a_moment_is_understood(words: str, utc: str) -> None:
    assert str(parse(words, NOW, BERLIN)) == utc


@pytest.mark.parametrize(
    "words",
    [
        "", " ", "now", "then", "10", "1014", "10:14 pm", "10:60", "25:00", "10:14:60", "yesterday 25:00",
        "10:14+99:99",
        "-5 minutes ago", "in 5 minutes", "5 minutes ago 10:14", "foo ago", "9999 years ago", "1e9 hours ago", "a ago",
        "2017-13-01 10:14", "2017-02-29 10:14", "2017-06-01T24:00Z", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00",
        "\u0660\u0669:\u0660\u0665", "x" * 5000, "15 minutes ago\x1b[2J!", "last week 10:14", "june 10:14",
    ],
)  # fmt: skip
def test_words_that_are_no_moment_are_refused_with_examples(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words, NOW, BERLIN)
    assert caught.value.where == "--before"
    assert '"2017-06-01T10:14Z"' in caught.value.hint
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("01/06/2017 10:14", '"2017-01-06 10:14" or "2017-06-01 10:14"'),
        ("01-06-2017 10:14", '"2017-01-06 10:14" or "2017-06-01 10:14"'),
        ("1.6.2017", '"2017-01-06 10:14" or "2017-06-01 10:14"'),
        ("2017/06/01 10:14", '"2017-01-06 10:14" or "2017-06-01 10:14"'),
        ("31/12/2016", '"2016-12-31 10:14"'),
        ("6/1 10:14", '"2017-06-01 10:14"'),
        ("6/1", '"2017-06-01 10:14"'),
        ("99/99/2017", '"2017-06-01 10:14"'),
    ],
)
def test_a_date_that_can_be_read_in_two_orders_is_refused_and_both_are_named(words: str, hint: str) -> None:
    with pytest.raises(UsageError, match="more than one order") as caught:
        parse(words, NOW, BERLIN)
    assert caught.value.hint.endswith(hint)


@pytest.mark.parametrize("words", ["yesterday", "2017-06-01", "2 days ago"])
def test_a_day_without_a_time_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match="without a time") as caught:
        parse(words, NOW, BERLIN)
    assert f'"{words} 10:14"' in caught.value.hint


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("13:00", 'say "yesterday 13:00"'),
        ("2017-06-01 12:31", "read as local time (Europe/Berlin)"),
        ("2017-06-01T10:31Z", "now is 2017-06-01T10:30:05Z"),
        ("2099-01-01T00:00Z", "now is 2017-06-01T10:30:05Z"),
    ],
)
def test_a_moment_in_the_future_is_refused(words: str, hint: str) -> None:
    with pytest.raises(UsageError, match="lies in the future") as caught:
        parse(words, NOW, BERLIN)
    assert hint in caught.value.hint


def test_the_present_second_is_not_the_future() -> None:
    assert parse("12:30:05", NOW, BERLIN).utc == NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    ("now", "words", "what"),
    [
        (datetime(2016, 10, 31, tzinfo=UTC), "2016-10-30 02:30", "came twice"),
        (datetime(2016, 10, 31, tzinfo=UTC), "yesterday 02:30", "came twice"),
        (datetime(2016, 3, 28, tzinfo=UTC), "2016-03-27 02:30", "does not exist"),
    ],
)
def test_an_hour_of_a_clock_change_is_refused_with_its_readings_in_utc(now: datetime, words: str, what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        parse(words, now, BERLIN)
    assert "Europe/Berlin" in str(caught.value)
    readings = [parse(each, now, BERLIN) for each in re.findall(r'"(.*?)"', caught.value.hint)]
    assert len(readings) == 2
    assert readings[1].utc - readings[0].utc == timedelta(hours=1)


@pytest.mark.parametrize("words", ["2016-10-30 01:59:59", "2016-10-30 03:00", "2016-03-27 01:59", "2016-03-27 03:00"])
def test_the_hours_around_a_clock_change_are_plain(words: str) -> None:
    moment = parse(words, NOW, BERLIN)
    assert f"{moment.utc.astimezone(BERLIN):%Y-%m-%d %H:%M:%S}".startswith(words)


def test_minutes_ago_are_exact_across_a_clock_change() -> None:
    after = datetime(2016, 10, 30, 1, 10, tzinfo=UTC)
    assert parse("2 hours ago", after, BERLIN).utc == after - timedelta(hours=2)


@pytest.mark.parametrize(
    ("words", "zone", "said"),
    [
        (
            "2017-06-01T10:14Z",
            BERLIN,
            "2017-06-01 10:14:00 UTC = 2017-06-01 12:14:00 CEST (Europe/Berlin), 16 minutes 5 seconds ago",
        ),
        ("10:14", UTC, "2017-06-01 10:14:00 UTC, which is your local time too, 16 minutes 5 seconds ago"),
        (
            "yesterday 23:00",
            timezone(timedelta(hours=-7)),
            "2017-06-01 06:00:00 UTC = 2017-05-31 23:00:00 UTC-07:00 (UTC-07:00), 4 hours 30 minutes ago",
        ),
        (
            "2017-06-01T10:14:30.7Z",
            UTC,
            f"2017-06-01 10:14:30 UTC, which is your local time too, 15 minutes 35 seconds ago; {DROPPED}",
        ),
    ],
)
def test_a_moment_is_said_back_in_utc_in_local_time_and_as_how_long_ago(
    words: str, zone: ZoneInfo | timezone, said: str
) -> None:
    assert explain(parse(words, NOW, zone), NOW, zone) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "just now"), (1, "1 second ago"), (3600, "1 hour ago"), (90061, "1 day 1 hour ago"), (172800, "2 days ago")],
)
def test_a_length_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert ago(timedelta(seconds=seconds)) == said


@given(st.text(max_size=40) | st.from_regex(r"[a-z0-9 :./+\-TZ]{0,30}(ago)?", fullmatch=True))
def test_whatever_is_typed_gives_a_past_moment_in_whole_seconds_or_a_usage_error(words: str) -> None:
    with suppress(UsageError):
        moment = parse(words, NOW, BERLIN)
        assert moment.utc <= NOW
        assert moment.utc.microsecond == 0


@given(st.datetimes(datetime(1990, 1, 1), datetime(2017, 5, 31)))  # noqa: DTZ001 - the zone is added below
def test_what_is_written_in_utc_is_read_as_it_was_meant(wall: datetime) -> None:
    moment = Moment(wall.replace(microsecond=0, tzinfo=UTC), "")
    assert parse(str(moment), NOW, BERLIN).utc == moment.utc


def test_the_slow_library_is_loaded_only_for_spoken_words() -> None:
    script = (
        "import sys; from datetime import datetime, UTC; from rdsrestore.moments import parse;"
        "parse('2017-06-01T10:14Z', datetime.now(UTC), UTC); sys.exit('dateparser' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
