"""Slack as somebody who is told."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

from rdsrestore.domain.request.option import Option
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.survey import ListenerCheck
from rdsrestore.notify.chat.listener import ChatListener, Pace
from rdsrestore.notify.slack import client
from rdsrestore.notify.slack.client import NAME, Destination, slack_client
from rdsrestore.notify.slack.messages import RunMessages


@dataclass(frozen=True)
class SlackSettings:
    """What is set of Slack."""

    slack_token: Annotated[
        Secret | None, Option(key=True, meaning="a bot token with `chat:write`", default="no Slack")
    ] = None
    slack_channel: Annotated[str | None, Option(key=True, meaning="the channel to tell, with `slack_token`")] = None
    slack_webhook: Annotated[
        Secret | None, Option(key=True, meaning="an incoming webhook instead of a token", default="no Slack")
    ] = None
    slack_api_url: Annotated[str, Option(key=True, form="url", meaning="Slack's API")] = "https://slack.com/api/"


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
