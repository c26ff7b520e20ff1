"""Who outside this machine is told: a line in the table, and a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest

from rdsrestore.config.settings import Settings
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.option import Option
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.survey import ListenerCheck
from rdsrestore.notify.chat.client import DeliveryError
from rdsrestore.notify.chat.listener import ChatListener, Pace
from rdsrestore.notify.notifiers import NOTIFIERS, Kind, notifiers
from rdsrestore.notify.slack.messages import RunMessages
from rdsrestore.workflow import events
from rdsrestore.workflow.events import Announcer, Listener
from samples import story


@dataclass
class Teletype:
    """A chat that types on a roll of paper, and jams when told."""

    jammed: bool = False
    paper: list[str] = field(default_factory=list)

    def start(self, text: str) -> None:
        if self.jammed:
            raise DeliveryError("jammed", final=True)
        self.paper.append(text)

    reply = start

    def update(self, text: str) -> None:
        """Leave what is typed as it is."""

    def listener(self) -> Listener:
        return ChatListener("teletype", self, RunMessages(0.0), Pace(patience=20.0))

    def check(self) -> ListenerCheck:
        return ListenerCheck("teletype", "jammed" if self.jammed else "")


@dataclass(frozen=True)
class TeletypeSettings:
    """What is set of a teletype."""

    teletype_line: Annotated[str | None, Option(key=True, meaning="the line to type on")] = None


def settings(**given: Secret | str) -> Callable[[type], object]:
    return Settings(Path("/nowhere"), "ada", given=given).of


def told(teletype: Teletype, run: Sequence[events.Event]) -> tuple[str, ...]:
    known = {**NOTIFIERS, "teletype": Kind(TeletypeSettings, lambda line: teletype if line.teletype_line else None)}
    assert notifiers(settings(), known) == ()
    (each,) = notifiers(settings(teletype_line="7"), known)
    announcer = Announcer([each.listener()])
    for event in run:
        announcer.tell(event)
    announcer.close()
    return tuple(announcer.problems)


def test_another_notifier_hears_of_a_run_like_slack() -> None:
    teletype = Teletype()
    assert told(teletype, story()) == ()
    assert "shop.billing" in teletype.paper[0]
    assert any(line.startswith("✓ own-group") for line in teletype.paper)
    assert teletype.check() == ListenerCheck("teletype")


def test_one_that_can_not_be_told_stops_no_run_and_is_named_at_its_end() -> None:
    (problem,) = told(Teletype(jammed=True), story())
    assert problem.startswith("teletype: ")
    assert problem.endswith("(jammed)")


def test_nobody_is_told_where_nothing_is_set_and_half_a_setting_is_an_error() -> None:
    assert notifiers(settings()) == ()
    assert len(notifiers(settings(slack_webhook=Secret("https://hooks.example/x")))) == 1
    with pytest.raises(UsageError, match="slack_channel"):
        notifiers(settings(slack_token=Secret("xoxb-1")))
