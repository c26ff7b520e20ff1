"""Slack as somebody who is told."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from rdsrestore.domain.secret import Secret
from rdsrestore.domain.survey import ListenerCheck
from rdsrestore.notify.chat.listener import ChatListener, Pace
from rdsrestore.notify.slack import client
from rdsrestore.notify.slack.client import NAME, Destination, slack_client
from rdsrestore.notify.slack.messages import RunMessages


class SlackSettings(Protocol):
    """What is set of Slack."""

    @property
    def slack_token(self) -> Secret | None:
        """A bot's token."""
        ...

    @property
    def slack_channel(self) -> str | None:
        """The channel that it writes to."""
        ...

    @property
    def slack_api_url(self) -> str:
        """Where Slack's API is."""
        ...

    @property
    def slack_webhook(self) -> Secret | None:
        """The address of an incoming webhook."""
        ...


@dataclass(frozen=True)
class SlackNotifier:
    """Tells a channel, or whoever is behind a webhook."""

    destination: Destination
    pace: Pace | None = None

    def listener(self) -> ChatListener:
        """Begin to listen."""
        return ChatListener(NAME, slack_client(self.destination), RunMessages(time.monotonic()), self.pace)

    def check(self) -> ListenerCheck:
        """Say whether it can be told."""
        return client.check(self.destination)


def notifier(settings: SlackSettings) -> SlackNotifier | None:
    """Return Slack where it is set; UsageError where it is set by half."""
    found = client.destination(
        settings.slack_token, settings.slack_channel, settings.slack_api_url, settings.slack_webhook
    )
    return SlackNotifier(found) if found else None
