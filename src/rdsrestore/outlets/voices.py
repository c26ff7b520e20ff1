"""How a message gets to Slack: as a bot in a channel's thread, or through an incoming webhook."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Protocol, TypeVar
from urllib.error import URLError
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from rdsrestore.core.errors import UsageError
from rdsrestore.core.model import Secret
from rdsrestore.core.survey import ListenerCheck

NAME = "Slack"
TIMEOUT = 5
"""Seconds for one request."""
PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"})
"""Answers that may be another one next time."""
OPTIONAL = "a restore does not need Slack; to silence this, leave the Slack settings out"
MUTE = logging.getLogger("rdsrestore.slack")
MUTE.disabled = True  # the client's own log would show tokens and addresses

T = TypeVar("T")


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


Place = Channel | Webhook


class Silence(Exception):  # noqa: N818 - what one hears
    """A message did not get through. `wait` is what Slack asked for, in seconds; `final` that no retry will help."""

    def __init__(self, reason: str, wait: float | None = None, *, final: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.final = final


class Voice(Protocol):
    """How messages get to a place. Each method may raise Silence."""

    def start(self, text: str) -> None:
        """Send the first message."""
        ...

    def reply(self, text: str) -> None:
        """Send what follows it."""
        ...

    def update(self, text: str) -> None:
        """Bring the first message up to date, where that is possible."""
        ...


class ThreadVoice:
    """One message in a channel, and replies in its thread."""

    def __init__(self, channel: Channel) -> None:
        self._client = web_client(channel)
        self._channel = channel.name
        self._thread = ""

    def start(self, text: str) -> None:
        """Send the message, and remember which it is."""
        answer = reached(
            lambda: self._client.chat_postMessage(channel=self._channel, text=text, mrkdwn=False, unfurl_links=False)
        )
        self._channel, self._thread = str(answer["channel"]), str(answer["ts"])

    def reply(self, text: str) -> None:
        """Answer in the thread."""
        reached(
            lambda: self._client.chat_postMessage(
                channel=self._channel, thread_ts=self._thread, text=text, mrkdwn=False, unfurl_links=False
            )
        )

    def update(self, text: str) -> None:
        """Rewrite the message."""
        reached(lambda: self._client.chat_update(channel=self._channel, ts=self._thread, text=text))


class PlainVoice:
    """One message after the other."""

    def __init__(self, webhook: Webhook) -> None:
        self._client = WebhookClient(webhook.url.reveal(), timeout=TIMEOUT, logger=MUTE, retry_handlers=[])
        self._client.proxy = None  # so that the standard library reads the environment, no_proxy included

    def start(self, text: str) -> None:
        """Send it."""
        answer = reached(lambda: self._client.send_dict({"text": text, "mrkdwn": False}))
        if answer.status_code != HTTPStatus.OK:
            raise refusal(answer.status_code, answer.headers, str(answer.body))

    def reply(self, text: str) -> None:
        """Send it too."""
        self.start(text)

    def update(self, text: str) -> None:
        """Do nothing: what was sent through a webhook stays as it is."""


def voice(place: Place) -> Voice:
    """Choose how to speak there."""
    return ThreadVoice(place) if isinstance(place, Channel) else PlainVoice(place)


def place(token: Secret | None, channel: str | None, api_url: str, webhook: Secret | None) -> Place | None:
    """Choose where to speak; None where nothing is set, UsageError where a token comes without its channel."""
    if token and not channel:
        raise UsageError("slack_channel", "is not set, but a Slack token is", "set RDSRESTORE_SLACK_CHANNEL")
    if token and channel:
        return Channel(token, channel, api_url)
    return Webhook(webhook) if webhook else None


def check(told: Place) -> ListenerCheck:
    """Ask Slack whether the token holds; a webhook is only looked at, since asking would already say something."""
    if isinstance(told, Webhook):
        address = urlsplit(told.url.reveal())
        sound = address.scheme in {"http", "https"} and bool(address.netloc)
        hint = "set RDSRESTORE_SLACK_WEBHOOK to the whole address, https:// included"
        return ListenerCheck(NAME) if sound else ListenerCheck(NAME, "the webhook's address is not one", hint)
    try:
        reached(web_client(told).auth_test)
    except Silence as silence:
        hint = f"check RDSRESTORE_SLACK_TOKEN; {OPTIONAL}" if silence.final else OPTIONAL
        return ListenerCheck(NAME, f"can't be told ({silence})", hint)
    return ListenerCheck(NAME)


def web_client(channel: Channel) -> WebClient:
    """Make a client that neither logs nor retries by itself."""
    client = WebClient(
        token=channel.token.reveal(), base_url=channel.api_url, timeout=TIMEOUT, logger=MUTE, retry_handlers=[]
    )
    client.proxy = None  # so that the standard library reads the environment, no_proxy included
    return client


def reached(call: Callable[[], T]) -> T:
    """Make a call, and turn whatever goes wrong into Silence; its words never hold an address or a token."""
    try:
        return call()
    except SlackApiError as error:
        response = error.response
        raise refusal(response.status_code, response.headers, str(response.get("error", ""))) from None
    except URLError as error:
        raise Silence(f"no connection: {type(error.reason).__name__}") from None
    except (OSError, HTTPException, SlackClientError, ValueError) as error:
        raise Silence(f"no connection: {type(error).__name__}") from None


def refusal(status: int, headers: Mapping[str, Any], said: str) -> Silence:
    """Judge an answer that is not a yes."""
    reason = said if re.fullmatch("[a-z_]{1,60}", said) else f"status {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        asked = next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "")
        return Silence("too many messages", max(1.0, float(asked)) if asked.isdecimal() else 1.0)
    return Silence(reason, final=status < HTTPStatus.INTERNAL_SERVER_ERROR and reason not in PASSING)
