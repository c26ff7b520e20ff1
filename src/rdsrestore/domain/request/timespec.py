"""From the operator's words to a moment in UTC, and back into words they can check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise

from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.log_times import rewritten
from rdsrestore.domain.request.restore_point import Moment

FLAG = "--before"
EXAMPLES = 'say it like "2017-06-01T10:14Z", "2017-06-01 10:14", "10:14", "yesterday 10:14" or "15 minutes ago"'
LONGEST = 80

TIMED = re.compile(
    r"(?:(?P<day>.+?)(?:\s+at\s+|\s+|T))?"
    r"(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?P<fraction>[.,]\d{1,9})?)?)"
    r"\s?(?P<zone>Z|UTC|GMT|(?:-(?:0\d|1[0-2])|\+(?:0\d|1[0-4]))(?::?[0-5]\d)?)?",
    re.ASCII | re.IGNORECASE,
)
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
AGO = " ago"
NAMED_DAYS = {"today": 0, "yesterday": 1}
COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
PART = re.compile(
    rf"(?:(?P<digits>\d{{1,6}}(?:\.\d{{1,3}})?) ?|(?P<word>an?|{'|'.join(COUNTS)}) )"
    r"(?P<unit>weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])",
    re.ASCII,
)
MONTHS = re.compile(r"(?<![A-Za-z])M(?![A-Za-z])", re.ASCII)
"""To some a capital M is a month."""
JOINED = re.compile(r", and |, | and | |")
UNORDERED = re.compile(r"(?<!\d)(\d{1,4})([/.]|-(?=\d{1,2}-\d{4}))(\d{1,2})(?:[/.-](\d{2,4}))?(?!\d)", re.ASCII)
UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
LENGTHS = {"w": 7 * 86400, **{name[0]: seconds for name, seconds in UNITS}}
"""Seconds, by a unit's first letter."""


def parse(text: str, now: datetime, zone: tzinfo, flag: str = FLAG) -> Moment:
    """Read a moment that is not in the future; `zone` is the operator's, for times that name none.

    Fractions of a second are dropped. UsageError, at `flag`, where the words can be read in no way, or in several.
    """
    try:
        return read(text, now, zone)
    except UsageError as error:
        raise UsageError(flag, error.what, error.hint) from error


def read(text: str, now: datetime, zone: tzinfo) -> Moment:
    """Read a moment."""
    words = " ".join(text.split())
    timed = None
    try:
        meant = rewritten(words, now, zone) if len(words) <= LONGEST else words
        timed = TIMED.fullmatch(meant) if len(words) <= LONGEST else None
        utc = at(timed, now, zone) if timed else untimed(meant, now)
    except (ValueError, OverflowError) as error:
        raise unreadable(words) from error
    if utc > now:
        raise in_the_future(words, timed, utc, now, zone)
    return Moment(utc.replace(microsecond=0), words)


def explain(moment: Moment, now: datetime, zone: tzinfo) -> str:
    """Say a moment in UTC, in local time with the zone's name, and how long ago it is."""
    local = moment.utc.astimezone(zone)
    utc = f"{moment.utc:%Y-%m-%d %H:%M:%S} UTC"
    here = f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()} ({zone})"
    said = f"{utc}, which is your local time too" if str(zone) in {"UTC", "Etc/UTC"} else f"{utc} = {here}"
    timed = TIMED.fullmatch(moment.spoken)
    dropped = "; the fraction of a second was dropped" if timed and timed["fraction"] else ""
    return f"{said}, {ago(now - moment.utc)}{dropped}"


def ago(passed: timedelta) -> str:
    """Say a length of time in its two largest units."""
    left, parts = int(passed.total_seconds()), []
    for name, seconds in UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return f"{' '.join(parts[:2])} ago" if parts else "just now"


def at(timed: re.Match[str], now: datetime, zone: tzinfo) -> datetime:
    """Read a time of day, with or without a day and a zone before and after it; ValueError where there is no such."""
    offset = timed["zone"] or ""
    if offset.upper() in {"UTC", "GMT"}:
        offset = "Z"
    hour, _, rest = timed["clock"].partition(":")
    if hour == "24":  # Python 3.14 takes it for the next day's beginning, which is not what everybody means
        raise ValueError(timed["clock"])
    given = datetime.fromisoformat(f"2000-01-01T{hour:0>2}:{rest}{offset.upper()}")
    today = now.astimezone(given.tzinfo or zone)
    wanted = datetime.combine(day(timed["day"], today, f"{timed['clock']}{offset}"), given.timetz())
    return wanted.astimezone(UTC) if wanted.tzinfo else localize(wanted, zone)


def day(words: str | None, today: datetime, clock: str) -> date:
    """Read the day of a time; ValueError where it is none."""
    if words is None:
        return today.date()
    if ISO_DAY.fullmatch(words):
        return date.fromisoformat(words)
    days = whole_days(words)
    if days is None:
        refuse_unordered(words, clock)
        raise ValueError(words)
    return today.date() - timedelta(days=days)


def whole_days(words: str) -> int | None:
    """Read how many days ago a named or counted day is; None where the words name no day."""
    named = NAMED_DAYS.get(words.lower())
    if named is not None:
        return named
    try:
        spoken = parts(words)
    except ValueError:
        return None
    counted = all(unit in "wd" and count == int(count) for count, unit in spoken)
    return length(spoken).days if counted else None


def untimed(words: str, now: datetime) -> datetime:
    """Read words without a time of day: so many minutes ago."""
    if len(words) > LONGEST:
        raise ValueError(words)
    if ISO_DAY.fullmatch(words) or whole_days(words) is not None:
        raise UsageError(FLAG, f"{words} names a day without a time", f'add the time: "{words} 10:14"')
    try:
        return now.astimezone(UTC) - length(parts(words))
    except ValueError:
        refuse_unordered(words)
        raise


def parts(words: str) -> Sequence[tuple[Decimal, str]]:
    """Read "2 hours 5 minutes ago" as counts, each with its unit's first letter, the largest unit first.

    ValueError where a single character of it is not understood. Only a count that stands alone may have a fraction.
    """
    rest, suffix, after = words.lower().rpartition(AGO)
    found: list[tuple[Decimal, str]] = []
    at = end = 0
    while (part := PART.match(rest, at)) is not None:
        word = part["word"]
        count = Decimal(part["digits"] or (COUNTS.index(word) + 1 if word in COUNTS else 1))
        found.append((count, part["unit"][0]))
        end = part.end()
        joined = JOINED.match(rest, end)
        at = joined.end() if joined else end
    if not suffix or after or not found or end != len(rest) or MONTHS.search(words):
        raise ValueError(words)
    lengths = [LENGTHS[unit] for _count, unit in found]
    falling = all(more > less for more, less in pairwise(lengths))
    if not falling or (len(found) > 1 and any(count != int(count) for count, _unit in found)):
        raise ValueError(words)
    return found


def length(spoken: Sequence[tuple[Decimal, str]]) -> timedelta:
    """Add up."""
    return timedelta(seconds=float(sum(count * LENGTHS[unit] for count, unit in spoken)))


def localize(wanted: datetime, zone: tzinfo) -> datetime:
    """Turn local time into UTC; UsageError for the hour that a clock change repeats or leaves out."""
    first, second = (wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    skipped = first.astimezone(zone).replace(tzinfo=None) != wanted
    change = (
        "does not exist: the clocks were put forward over it" if skipped else "came twice: the clocks were put back"
    )
    readings = " or ".join(f'"{each:%Y-%m-%dT%H:%M:%SZ}"' for each in sorted((first, second)))
    raise UsageError(FLAG, f"in {zone} {wanted:%Y-%m-%d %H:%M:%S} {change}", f"say which in UTC: {readings}")


def refuse_unordered(words: str, clock: str = "HH:MM") -> None:
    """Refuse dates whose day and month could be swapped, spelling both out with the time that was typed."""
    found = UNORDERED.search(words)
    if not found or words.lower().endswith(AGO):
        return
    one, _, two, year = found.groups()
    if len(one) == len("2017"):
        one, two, year = two, year or "1", one
    orders = {f"{int(year or 2000):04}-{int(a):02}-{int(b):02}" for a, b in ((two, one), (one, two))}
    valid = sorted(order for order in orders if is_day(order)) if len(year or "") == len("2017") else []
    readings = " or ".join(f'"{each} {clock}"' for each in valid or ("YYYY-MM-DD",))
    why = "is not in the order that is read here" if len(valid) == 1 else "can be read in more than one order"
    raise UsageError(FLAG, f"{found[0]} {why}", f"write year-month-day: {readings}")


def is_day(text: str) -> bool:
    """Say whether an ISO date exists."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def in_the_future(words: str, timed: re.Match[str] | None, utc: datetime, now: datetime, zone: tzinfo) -> UsageError:
    """Say by how much, and what was probably meant."""
    lead = ago(utc - now).removesuffix(" ago")
    what = f"{words} lies in the future, by {lead if lead != 'just now' else 'less than a second'}"
    if timed and timed["day"] is None:
        return UsageError(FLAG, what, f'for the day before say "yesterday {words}"')
    if timed and timed["zone"] is None:
        return UsageError(FLAG, what, f'it was read as local time ({zone}); for UTC add a Z, as in "2017-06-01T10:14Z"')
    return UsageError(FLAG, what, f"now is {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}; check the date and the zone")


def unreadable(words: str) -> UsageError:
    """Give examples."""
    shown = words if len(words) <= LONGEST else f"{words[:LONGEST]}..."
    return UsageError(FLAG, f'"{shown}" can\'t be read as a moment', EXAMPLES)


LASTING = re.compile(r"(\d{1,4})\s*([mh])(?:in|ours?)?")


def lasting(text: str, flag: str) -> int:
    """Read a length of time, such as 90m or 2h, in seconds; UsageError names the flag that it was given to."""
    found = LASTING.fullmatch(text.strip())
    if not found or not int(found[1]):
        raise UsageError(flag, f"{text!r} is no length of time", "write it like 90m or 2h")
    return int(found[1]) * (3600 if found[2] == "h" else 60)
