"""How a TIME is written, as the driver reads it."""

from __future__ import annotations

from datetime import timedelta


def clock(value: timedelta) -> str:
    """Write a TIME, which may be negative and longer than a day."""
    whole = abs(value)
    minutes, seconds = divmod(whole.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}{whole.days * 24 + hours:02}:{minutes:02}:{seconds:02}.{whole.microseconds:06}"
