"""The operator's words for a moment: what is understood, what is refused, and what is said back."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.request.timespec import ago, explain, parse

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
        "", " ", "now", "then", "10", "1014", "10:60", "25:00", "10:14:60", "yesterday 25:00",
        "10:14+99:99", "10:14+02:60", "10:14-15", "10:14 +20", "1M ago", "1 M ago", "1h 30M ago",
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
        ("1.6.2017", '"2017-01-06 HH:MM" or "2017-06-01 HH:MM"'),
        ("1.6.2017 22:30", '"2017-01-06 22:30" or "2017-06-01 22:30"'),
        ("1.6.2017 22:30 UTC", '"2017-01-06 22:30Z" or "2017-06-01 22:30Z"'),
        ("2017/06/01 10:14", '"2017-01-06 10:14" or "2017-06-01 10:14"'),
        ("6/1 10:14", '"YYYY-MM-DD 10:14"'),
        ("6/1", '"YYYY-MM-DD HH:MM"'),
        ("99/99/2017", '"YYYY-MM-DD HH:MM"'),
    ],
)
def test_a_date_that_can_be_read_in_two_orders_is_refused_and_both_are_named(words: str, hint: str) -> None:
    with pytest.raises(UsageError, match="more than one order") as caught:
        parse(words, NOW, BERLIN)
    assert caught.value.hint.endswith(hint)


@pytest.mark.parametrize(
    ("words", "hint"),
    [("31/12/2016", '"2016-12-31 HH:MM"'), ("25.11.2016 22:30", '"2016-11-25 22:30"')],
)
def test_a_date_that_has_one_reading_is_refused_with_that_and_the_time_that_was_typed(words: str, hint: str) -> None:
    with pytest.raises(UsageError, match="not in the order that is read here") as caught:
        parse(words, NOW, BERLIN)
    assert caught.value.hint == f"write year-month-day: {hint}"


def test_the_flag_that_the_words_stand_behind_is_named() -> None:
    with pytest.raises(UsageError, match=r"^--incident-end: "):
        parse("soon", NOW, BERLIN, "--incident-end")


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


UNITS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}
SHORT = {"week": "w", "day": "d", "hour": "hrs", "minute": "mins", "second": "s"}


@st.composite
def spoken(draw: st.DrawFn) -> tuple[str, int]:
    """A length of time as people say it, and in seconds."""
    names = draw(st.lists(st.sampled_from(list(UNITS)), min_size=1, unique=True))
    chosen = [name for name in UNITS if name in names]
    counts = [draw(st.integers(0, 999)) for _name in chosen]
    joint = draw(st.sampled_from([" ", ", ", " and ", ", and ", ""]))
    short = draw(st.booleans())
    said = [
        f"{count}{SHORT[name]}" if short else f"{count} {name}{'' if count == 1 else 's'}"
        for count, name in zip(counts, chosen, strict=True)
    ]
    return f"{joint.join(said)} ago", sum(count * UNITS[name] for count, name in zip(counts, chosen, strict=True))


@given(spoken())
def test_a_length_of_time_is_read_as_it_was_said(said: tuple[str, int]) -> None:
    words, seconds = said
    if "hour" in words or "minute" in words or "second" in words or re.search(r"hrs|mins|\ds", words):
        assert parse(words, NOW, BERLIN).utc == (NOW - timedelta(seconds=seconds)).replace(microsecond=0)
    else:
        with pytest.raises(UsageError, match="without a time"):
            parse(words, NOW, BERLIN)


@given(spoken(), st.integers(0, 40), st.sampled_from([*"0123456789.,;:'_-+/xéa ", "\u00a0", "\u0665"]), st.booleans())
def test_no_character_is_passed_over(said: tuple[str, int], place: int, stray: str, instead: bool) -> None:  # noqa: FBT001 - a case's data
    words = said[0]
    at = place % len(words)
    changed = words[:at] + stray + words[at + instead :]
    with suppress(UsageError):
        moment = parse(changed, NOW, BERLIN)
        assert moment.utc == (NOW - timedelta(seconds=by_hand(changed))).replace(microsecond=0)


def by_hand(words: str) -> float:
    """Add up what words say, one after the other, and fail where one of them says nothing."""
    passed = 0.0
    tokens = re.findall(r"[0-9.]+|[a-z]+|[^\sa-z0-9.]+", words.lower().removesuffix("ago"))
    count: float | None = None
    for token in tokens:
        if token in {",", "and"}:
            assert count is None
        elif re.fullmatch(r"[0-9]+(\.[0-9]+)?", token):
            assert count is None
            count = float(token)
        elif token == "a":
            count = 1.0
        else:
            (name,) = (
                name
                for name in UNITS
                if token in {name, f"{name}s", name[:3], f"{name[:3]}s", name[0], f"{name[0]}r", f"{name[0]}rs"}
            )
            assert count is not None
            passed, count = passed + count * UNITS[name], None
    assert count is None
    return passed


@pytest.mark.parametrize(
    "words",
    [
        "1,000 minutes ago", "1 000 minutes ago", "1.000.000 seconds ago", "15,5 mins ago", "1,5 hours ago",
        "2 hours 15 ago", "15 ago", "2 hours, ago", "2 hours and ago", "and 2 hours ago", ", 2 hours ago",
        "2 hours 5 hours ago", "5 minutes 2 hours ago", "1.5 hours 5 minutes ago", "1.5h30m ago", "2:30 hours ago",
        "2 hours -5 minutes ago", "+5 minutes ago", "1/2 hour ago", "5 months ago", "1 year ago", "5 fortnights ago",
        "half an hour ago", "a few minutes ago", "about 5 minutes ago", "5 minutes ago or so", "5 minutes ago ago",
        "5 minutes", "ago", " ago", "minutes ago", "5minutesago", "ahour ago", "twohours ago", "5 mi ago", "1e3 minutes ago",
        "0x10 minutes ago", "5_000 minutes ago", "1000000000 minutes ago", "5 minutes before", "in 5 minutes ago",
        "5. minutes ago", ".5 minutes ago", "1..5 hours ago", "5 minutes, and, 3 seconds ago", "5 minutes 3 ago",
        "twenty minutes ago", "two hours and thirty seconds ago", "5 minutes ago Z", "5 minutes ago UTC", "monday 10:14", "last monday 10:14",
        "24 hours ago 10:14", "1.5 days ago 10:14", "5 minutes ago 10:14", "days ago 10:14", "today yesterday 10:14",
        "1,000 days ago 10:14", "2 days 3 ago 10:14", "tomorrow 10:14", "today at at 10:14", "noon", "midnight",
    ],
)  # fmt: skip
def test_words_that_are_not_understood_to_the_last_are_refused(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words, NOW, BERLIN)
    assert '"15 minutes ago"' in caught.value.hint


@pytest.mark.parametrize(
    ("words", "utc"),
    [
        ("1000 minutes ago", "2017-05-31T17:50:05Z"),
        ("2 Hours, and 5 Minutes AGO", "2017-06-01T08:25:05Z"),
        ("2h5m ago", "2017-06-01T08:25:05Z"),
        ("two hours and ten seconds ago", "2017-06-01T08:29:55Z"),
        ("1 week 1 day 1 sec ago", "2017-05-24T10:30:04Z"),
        ("0.5 hours ago", "2017-06-01T10:00:05Z"),
        ("1.5 days ago", "2017-05-30T22:30:05Z"),
        ("a week ago 10:14", "2017-05-25T08:14:00Z"),
        ("1 week 2 days ago at 10:14", "2017-05-23T08:14:00Z"),
        ("a day ago 10:14Z", "2017-05-31T10:14:00Z"),
    ],
)
def test_lengths_of_time_are_exact(words: str, utc: str) -> None:
    assert str(parse(words, NOW, BERLIN)) == utc
