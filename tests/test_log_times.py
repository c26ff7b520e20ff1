"""Moments as logs, clocks and programs print them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.timespec import parse

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("words", "utc"),
    [
        ("1764109800", "2025-11-25T22:30:00"),
        ("1764109800.75", "2025-11-25T22:30:00"),
        ("1764109800123", "2025-11-25T22:30:00"),
        ("20261125T223000Z", "2026-11-25T22:30:00"),
        ("20261125T2230Z", "2026-11-25T22:30:00"),
        ("20261125T223000", "2026-11-25T21:30:00"),
        ("20261125T223000+0200", "2026-11-25T20:30:00"),
        ("261125 22:30:00", "2026-11-25T21:30:00"),
        ("Wed, 25 Nov 2026 22:30:00 +0000", "2026-11-25T22:30:00"),
        ("Wed, 25 Nov 2026 22:30:00 GMT", "2026-11-25T22:30:00"),
        ("Wed, 25 Nov 2026 22:30:00 -0500", "2026-11-26T03:30:00"),
        ("Wed Nov 25 22:30:00 UTC 2026", "2026-11-25T22:30:00"),
        ("Wed Nov 25 22:30:00 CET 2026", "2026-11-25T21:30:00"),
        ("wed nov 25 22:30:00 2026", "2026-11-25T21:30:00"),
        ("Nov 25 22:30:00", "2026-11-25T21:30:00"),
        ("Nov 25 22:30", "2026-11-25T21:30:00"),
        ("Dec 24 08:00:00", "2025-12-24T07:00:00"),
        ("Jun  1 10:14:00", "2026-06-01T08:14:00"),
        ("9:14am", "2026-11-26T08:14:00"),
        ("yesterday 3pm", "2026-11-25T14:00:00"),
        ("yesterday at 3:05:06 PM", "2026-11-25T14:05:06"),
        ("2026-11-25 12am", "2026-11-24T23:00:00"),
        ("2026-11-25 12pm", "2026-11-25T11:00:00"),
        ("2026-11-25 10:14 p.m.", "2026-11-25T21:14:00"),
    ],
)
def test_it_is_read(words: str, utc: str) -> None:
    assert parse(words, NOW, BERLIN).utc == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    [
        "176410980",
        "17641098001",
        "1,764,109,800",
        "9764109800",
        "20261325T223000Z",
        "20261125T2530Z",
        "261325 22:30:00",
        "Tue, 25 Nov 2026 22:30:00 +0000",
        "Tue Nov 25 22:30:00 UTC 2026",
        "Wed Nov 25 22:30:00 EST 2026",
        "Nov 31 22:30:00",
        "13pm",
        "0pm",
        "10:14pm UTC+",
        "Nov 25",
        "Nov 25 22:30:00 x",
    ],
)
def test_what_can_not_be_or_is_not_understood_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match="--before"):
        parse(words, NOW, BERLIN)
