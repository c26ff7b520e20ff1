"""Whatever stands where Slack should: no restore waits for it, none is stopped, and nothing counts as told."""

from __future__ import annotations

import re
import time

import pytest

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.secret import Secret
from rdsrestore.notify.chat.listener import ChatListener, Pace
from rdsrestore.notify.slack.client import Channel, Destination, Webhook, check
from rdsrestore.notify.slack.notifier import SlackNotifier
from rdsrestore.workflow import events
from samples import story
from strangers import BROKEN, ENDLESS, Manner, said, stranger

TOKEN = "xoxb-hunter2"
PATIENCE = 2.0
STRANGE = {
    "a list": b"[]",
    "a list of one": b'[{"ok": true}]',
    "html": b"<html>please log in</html>",
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "null": b"null",
    "a text": b'"ok"',
    "a number": b"1",
    "a huge number": b"9" * 5000,
    "a huge number in it": b'{"ok": ' + b"9" * 5000 + b"}",
    "infinity": b'{"ok": Infinity}',
    "a deep list": b"[" * 100_000,
    "a yes in words": b'{"ok": "true"}',
    "a yes as a number": b'{"ok": 1, "channel": "C1", "ts": "1.0"}',
    "a yes without a channel": b'{"ok": true}',
    "a yes with odd names": b'{"ok": true, "channel": ["C1"], "ts": {"x": 1}}',
    "an odd error": b'{"ok": false, "error": {"code": 1}}',
}

NO_YES = [body for body in STRANGE.values() if not body.startswith(b'{"ok": true')]


def channel(url: str) -> Channel:
    return Channel(Secret(TOKEN), "#incidents", f"{url}/api/")


def webhook(url: str) -> Webhook:
    return Webhook(Secret(f"{url}/hook"))


def slack_listener(whom: Destination, pace: Pace | None = None) -> ChatListener:
    return SlackNotifier(whom, pace).listener()


def untold(place: Destination) -> str:
    """Tell a whole run; returns what could not be said, which is all of it."""
    slack = slack_listener(place, Pace(patience=PATIENCE, news=0.0, progress=0.05))
    told: list[events.Event] = story()
    for event in told:
        slack.handle(event)
    (problem,) = slack.close()
    assert re.match(r"Slack: \d+ messages not delivered", problem)  # a slow machine tells of more steps by themselves
    return problem


@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE)
def test_an_answer_that_is_not_understood_is_not_taken_for_told(body: bytes) -> None:
    with stranger(said(body)) as there:
        assert "xoxb" not in untold(channel(there.url))


@pytest.mark.parametrize("body", NO_YES)
def test_a_webhook_that_says_anything_but_ok_was_not_told(body: bytes) -> None:
    with stranger(said(body)) as there:
        untold(webhook(there.url))


@pytest.mark.parametrize("body", NO_YES)
def test_the_check_says_that_slack_was_not_understood(body: bytes) -> None:
    with stranger(said(body)) as there:
        assert "can't be told" in check(channel(there.url)).problem


@pytest.mark.parametrize("manner", [*ENDLESS, *BROKEN], ids=lambda manner: manner.__name__)
def test_who_never_comes_to_an_end_holds_nobody_up(manner: Manner) -> None:
    began = time.monotonic()
    with stranger(manner) as there:
        assert "can't be told" in check(channel(there.url)).problem
        assert time.monotonic() - began < USUAL.chat + 2
        untold(channel(there.url))
    assert time.monotonic() - began < USUAL.chat + PATIENCE + 4


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_neither_token_nor_message_follows_a_redirect(status: str) -> None:
    yes = b'{"ok": true, "channel": "C1", "ts": "1.0"}'
    with stranger(said(yes)) as elsewhere, stranger(said(b"", status, f"Location: {elsewhere.url}/x")) as there:
        assert "can't be told" in check(channel(there.url)).problem
        assert status[:3] in untold(channel(there.url))
        assert status[:3] in untold(webhook(there.url))
        assert elsewhere.heard == []


@pytest.mark.parametrize("asked", ["9" * 400, "-1", "soon", "1e9", "\u00b2"])
def test_no_wait_that_is_asked_for_is_out_of_bounds(asked: str) -> None:
    slow = said(b'{"ok": false, "error": "ratelimited"}', "429 Slow down", f"Retry-After: {asked}")
    began = time.monotonic()
    with stranger(slow) as there:
        assert "too many messages" in untold(channel(there.url))
    assert time.monotonic() - began < PATIENCE + 2
