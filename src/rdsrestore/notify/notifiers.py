"""Who outside this machine is told of a run, where the settings say so: one table, a line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rdsrestore.domain.survey import ListenerCheck
from rdsrestore.notify.slack import notifier as slack
from rdsrestore.workflow.events import Listener


class Notifier(Protocol):
    """Somebody who can be told."""

    def listener(self) -> Listener:
        """Begin to listen to one run."""
        ...

    def check(self) -> ListenerCheck:
        """Say beforehand whether they can be told."""
        ...


@dataclass(frozen=True)
class Kind:
    """A kind of notifier: the dataclass that declares its settings, and what makes one of them.

    `make` returns None where they name nobody, and raises UsageError where they do so by half.
    """

    settings: type
    make: Callable[[Any], Notifier | None]


NOTIFIERS: Mapping[str, Kind] = {"slack": Kind(slack.SlackSettings, slack.notifier)}


def notifiers(settings_of: Callable[[type], object], known: Mapping[str, Kind] = NOTIFIERS) -> tuple[Notifier, ...]:
    """Make those that the settings name; `settings_of` makes a kind's settings. UsageError where one is set by half."""
    made = (kind.make(settings_of(kind.settings)) for kind in known.values())
    return tuple(each for each in made if each)
