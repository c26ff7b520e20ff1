"""How a message gets to Slack: as a bot in a channel's thread, or through an incoming webhook."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.survey import ListenerCheck
from rdsrestore.http_client import Answer, NoAnswer, ask
from rdsrestore.notify.chat.client import ChatClient, DeliveryError

NAME = "Slack"
PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"})
"""Answers that may be another one next time."""
OPTIONAL = "a restore does not need Slack; to silence this, leave the Slack settings out"
LONGEST_WAIT = 3600.0
"""Seconds that Slack may ask us to wait for."""


@dataclass(frozen=True)
class Channel:
    """A channel, reached with a bot's token through the API at `api_url`."""

    token: Secret
    name: str
    api_url: str


@dataclass(frozen=True)
class Webhook:
    """An incoming webhook; its address is a secret."""

    url: Secret


Destination = Channel | Webhook


class ThreadClient:
    """One message in a channel, and replies in its thread."""

    def __init__(self, channel: Channel) -> None:
        self._place = channel
        self._channel = channel.name
        self._thread = ""

    def start(self, text: str) -> None:
        """Send the message, and remember which it is."""
        answer = self._post(text)
        channel, thread = answer.get("channel"), answer.get("ts")
        if not isinstance(channel, str) or not isinstance(thread, str):
            raise DeliveryError("an answer that is none of Slack's")
        self._channel, self._thread = channel, thread

    def reply(self, text: str) -> None:
        """Answer in the thread."""
        self._post(text, thread_ts=self._thread)

    def update(self, text: str) -> None:
        """Rewrite the message."""
        call(self._place, "chat.update", {"channel": self._channel, "ts": self._thread, "text": text})

    def _post(self, text: str, **more: str) -> dict[str, Any]:
        said = {"channel": self._channel, "text": text, "mrkdwn": False, "unfurl_links": False, **more}
        return call(self._place, "chat.postMessage", said)


class PlainClient:
    """One message after the other."""

    def __init__(self, webhook: Webhook) -> None:
        self._url = webhook.url

    def start(self, text: str) -> None:
        """Send it; a webhook answers with ok and nothing else."""
        answer = sent(self._url.reveal(), {"text": text, "mrkdwn": False})
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, answer.body.decode("ascii", "replace"))
        if answer.body.strip() != b"ok" and fields(answer).get("ok") is not True:
            raise DeliveryError("an answer that is none of Slack's")

    def reply(self, text: str) -> None:
        """Send it too."""
        self.start(text)

    def update(self, text: str) -> None:
        """Do nothing: what was sent through a webhook stays as it is."""


def slack_client(destination: Destination) -> ChatClient:
    """Choose how messages get there."""
    return ThreadClient(destination) if isinstance(destination, Channel) else PlainClient(destination)


def destination(token: Secret | None, channel: str | None, api_url: str, webhook: Secret | None) -> Destination | None:
    """Choose where messages go; None where nothing is set, UsageError where a token comes without its channel."""
    if token and not channel:
        raise UsageError("slack_channel", "is not set, but a Slack token is", "set RDSRESTORE_SLACK_CHANNEL")
    if token and channel:
        return Channel(token, channel, api_url)
    return Webhook(webhook) if webhook else None


def check(destination: Destination) -> ListenerCheck:
    """Ask Slack whether the token holds; a webhook is only looked at, since asking would already say something."""
    if isinstance(destination, Webhook):
        address = urlsplit(destination.url.reveal())
        sound = address.scheme in {"http", "https"} and bool(address.netloc)
        hint = "set RDSRESTORE_SLACK_WEBHOOK to the whole address, https:// included"
        if sound:
            return ListenerCheck(NAME, untried="a webhook can't be tried without a message")
        return ListenerCheck(NAME, "the webhook's address is not one", hint)
    try:
        call(destination, "auth.test", {})
    except DeliveryError as silence:
        hint = f"check RDSRESTORE_SLACK_TOKEN; {OPTIONAL}" if silence.final else OPTIONAL
        return ListenerCheck(NAME, f"can't be told ({silence})", hint)
    return ListenerCheck(NAME)


def call(channel: Channel, method: str, said: Mapping[str, object]) -> dict[str, Any]:
    """Call a method of the Web API; returns its answer where that says ok, else raises DeliveryError."""
    url = f"{channel.api_url.rstrip('/')}/{method}"
    answer = sent(url, said, {"Authorization": f"Bearer {channel.token.reveal()}"})
    found = fields(answer)
    if found.get("ok") is True and answer.status == HTTPStatus.OK:
        return found
    raise refusal(answer, str(found.get("error", "")))


def sent(url: str, said: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Answer:
    """Send fields as JSON; DeliveryError where there is no answer."""
    body = json.dumps(said).encode()
    try:
        return ask(url, USUAL.chat, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})
    except NoAnswer as silence:
        raise DeliveryError(str(silence)) from None


def fields(answer: Answer) -> dict[str, Any]:
    """Read an answer's JSON object; empty where it is anything else."""
    try:
        parsed = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def refusal(answer: Answer, said: str) -> DeliveryError:
    """Judge an answer that is not a yes."""
    status = answer.status
    reason = said if re.fullmatch("[a-z_]{1,60}", said) else f"status {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        asked = answer.headers.get("retry-after", "")
        return DeliveryError(
            "too many messages", min(max(1.0, float(asked)), LONGEST_WAIT) if asked.isdecimal() else 1.0
        )
    if status == HTTPStatus.OK and reason != said:
        return DeliveryError("an answer that is none of Slack's")
    return DeliveryError(reason, final=status < HTTPStatus.INTERNAL_SERVER_ERROR and reason not in PASSING)
