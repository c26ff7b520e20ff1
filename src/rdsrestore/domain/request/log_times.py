"""Times as logs, clocks and programs print them, rewritten as the moments that everything else reads.

A form is taken where every character of it is understood and it can mean one time only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY, MONTH = rf"(?P<weekday>{'|'.join(WEEKDAYS)})", rf"(?P<month>{'|'.join(MONTHS)})"
ANY_CASE = re.ASCII | re.IGNORECASE
CLOCK = r"(?P<clock>\d{1,2}:\d\d(?::\d\d)?)"
EPOCH = re.compile(r"(\d{10})(?:\.\d{1,9})?|(\d{10})\d{3}", re.ASCII)
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
MYSQL = re.compile(r"(\d\d)(\d\d)(\d\d) (\d{1,2}:\d\d:\d\d)", re.ASCII)
"""How servers before MySQL 5.7, and MariaDB's binlog reader, begin a line: 170601 10:14:00, in the server's zone."""
RFC = re.compile(rf"{DAY}, \d{{1,2}} {MONTH} \d{{4}} \d\d:\d\d:\d\d (?:[+-]\d{{4}}|GMT|UTC|Z)", ANY_CASE)
DATE = re.compile(rf"{DAY} {MONTH} (?P<day>\d{{1,2}}) {CLOCK} (?P<zone>[A-Z]{{1,5}} )?(?P<year>\d{{4}})", ANY_CASE)
SYSLOG = re.compile(rf"{MONTH} (?P<day>\d{{1,2}}) {CLOCK}", ANY_CASE)
HALVES = re.compile(
    r"(?P<day>.+? )?(?:at )?(?P<hour>1[0-2]|0?[1-9])(?P<rest>:\d\d(?::\d\d)?)? ?(?P<half>[ap])\.?m\.?",
    ANY_CASE,
)


def rewritten(words: str, now: datetime, zone: tzinfo) -> str:
    """Rewrite a time in a form of logs; other words come back as they are.

    ValueError where the form is known and there is no such time, or a weekday is not that day's.
    """
    for form, rewrite in FORMS:
        if found := form.fullmatch(words):
            return rewrite(found, now, zone)
    return words


def epoch(found: re.Match[str], _now: datetime, _zone: tzinfo) -> str:
    """Seconds, or milliseconds, since 1970."""
    return f"{datetime.fromtimestamp(int(found[1] or found[2]), UTC):%Y-%m-%dT%H:%M:%SZ}"


def compact(found: re.Match[str], _now: datetime, _zone: tzinfo) -> str:
    """ISO 8601 without its marks."""
    year, month, day, hour, minute, second, offset = found.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{offset or ''}"


def mysql(found: re.Match[str], _now: datetime, _zone: tzinfo) -> str:
    """Two digits of a year; a server's log has no older ones."""
    return f"20{found[1]}-{found[2]}-{found[3]} {found[4]}"


def rfc(found: re.Match[str], _now: datetime, _zone: tzinfo) -> str:
    """As mail and HTTP write it (RFC 2822)."""
    at = parsedate_to_datetime(found[0].replace("UTC", "GMT"))
    check_weekday(found["weekday"], at)
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def date(found: re.Match[str], _now: datetime, zone: tzinfo) -> str:
    """As the program date prints it: a zone's letters are understood where they are UTC's or this machine's own."""
    at = day_of(found, int(found["year"]))
    check_weekday(found["weekday"], at)
    letters = (found["zone"] or "").strip().upper()
    if letters in {"UTC", "GMT", "Z"}:
        return f"{at:%Y-%m-%d} {found['clock']}Z"
    if letters and letters != (at.replace(tzinfo=zone).tzname() or "").upper():
        raise ValueError(letters)
    return f"{at:%Y-%m-%d} {found['clock']}"


def syslog(found: re.Match[str], now: datetime, zone: tzinfo) -> str:
    """As system logs write it, without a year: the newest that is not in the future."""
    today = now.astimezone(zone).replace(tzinfo=None)
    years = (today.year, today.year - 1)
    at = next(each for year in years if (each := day_of(found, year)) <= today + timedelta(days=1))
    return f"{at:%Y-%m-%d} {found['clock']}"


def half_of_day(found: re.Match[str], _now: datetime, _zone: tzinfo) -> str:
    """The twelve hours before noon, or after it."""
    hour = int(found["hour"]) % 12 + (12 if found["half"].lower() == "p" else 0)
    return f"{found['day'] or ''}{hour:02}{found['rest'] or ':00'}"


def day_of(found: re.Match[str], year: int) -> datetime:
    """Read a day and its time, without a zone; ValueError where there is none of that number."""
    clock = found["clock"] if found["clock"].count(":") > 1 else f"{found['clock']}:00"
    month = MONTHS.index(found["month"].lower()) + 1
    hour, minute, second = map(int, clock.split(":"))
    return datetime(year, month, int(found["day"]), hour, minute, second)  # noqa: DTZ001 - its zone follows


def check_weekday(name: str, at: datetime) -> None:
    """Refuse a day that is not the weekday that it is called."""
    if WEEKDAYS[at.weekday()] != name.lower():
        raise ValueError(name)


FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime, tzinfo], str]], ...] = (
    (EPOCH, epoch),
    (COMPACT, compact),
    (MYSQL, mysql),
    (RFC, rfc),
    (DATE, date),
    (SYSLOG, syslog),
    (HALVES, half_of_day),
)
