"""Who outside this machine is told of a run, where the settings say so: one table, a line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


Factory = Callable[[Any], Notifier | None]
"""From the settings to whoever they name: None where they name nobody, UsageError where they do so by half."""
NOTIFIERS: Mapping[str, Factory] = {"slack": slack.notifier}


def notifiers(settings: object, known: Mapping[str, Factory] = NOTIFIERS) -> tuple[Notifier, ...]:
    """Make those that the settings name; UsageError where one is set by half."""
    made = (factory(settings) for factory in known.values())
    return tuple(each for each in made if each)
