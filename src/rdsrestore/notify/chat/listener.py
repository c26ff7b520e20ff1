"""Tells a chat, from a thread of its own: however slow or broken it is, the run neither waits nor stops."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from rdsrestore.notify.chat.client import ChatClient, DeliveryError
from rdsrestore.notify.text import counted
from rdsrestore.workflow import events

QUEUE = 1000
"""Events that may wait; more are dropped, and counted."""


@dataclass(frozen=True)
class Pace:
    """Seconds: that closing may take, between updates that tell something new, and between those of progress only."""

    patience: float = 10.0
    news: float = 1.0
    progress: float = 30.0


class Messages(Protocol):
    """What is to be said of a run, in the words and the markup of one chat; times are on a monotonic clock."""

    @property
    def heard(self) -> bool:
        """Whether there is anything to say."""
        ...

    @property
    def ended(self) -> str:
        """How the run ended; empty before that."""
        ...

    def handle(self, event: events.Event, now: float) -> Sequence[str]:
        """Take an event in; returns the replies that it is worth."""
        ...

    def status(self, now: float) -> str:
        """Write the message that is kept up to date."""
        ...


class ChatListener:
    """Tells a chat called `name`; what could not be said is returned by `close` and nowhere else."""

    def __init__(self, name: str, client: ChatClient, messages: Messages, pace: Pace | None = None) -> None:
        self._name = name
        self._client = client
        self._messages = messages
        self._pace = pace or Pace()
        self._heard: queue.SimpleQueue[events.Event | None] = queue.SimpleQueue()  # a signal may interrupt its put()
        self._dropped = 0
        self._deadline: float | None = None
        self._closing = threading.Event()
        self._unsaid: deque[str] = deque()
        self._problem = ""
        self._open = self._news = self._muted = False
        self._updated = 0.0
        self._worker = threading.Thread(target=self._work, name=name, daemon=True)
        self._worker.start()

    def handle(self, event: events.Event) -> None:
        """Put the event where the thread finds it."""
        if self._heard.qsize() < QUEUE:
            self._heard.put(event)
        else:
            self._dropped += 1

    def close(self) -> Sequence[str]:
        """Let the thread finish for some seconds, and say what it could not."""
        self._deadline = time.monotonic() + self._pace.patience
        self._closing.set()
        self._heard.put(None)
        self._worker.join(self._pace.patience)
        late = self._worker.is_alive()
        stale = self._open and self._news
        missing = len(self._unsaid) + self._dropped + stale + (self._heard.qsize() if late else 0)
        reason = self._problem or ("no answer in time" if late else "too many at once")
        return (f"{self._name}: {counted(missing, 'message')} not delivered ({reason})",) if missing else ()

    def _work(self) -> None:
        try:
            while self._listen():
                self._speak()
            self._speak()
            self._update()
        except Exception as error:  # noqa: BLE001 - our own bug here must not show in the middle of a restore
            self._problem = type(error).__name__
            self._unsaid.append("")

    def _listen(self) -> bool:
        """Take in all that was heard; False after the last."""
        try:
            event = self._heard.get(timeout=self._until_update())
        except queue.Empty:
            self._update()
            return True
        while event is not None:
            self._unsaid.extend(self._messages.handle(event, time.monotonic()))
            self._news = self._news or not isinstance(event, events.StepProgress)
            try:
                event = self._heard.get_nowait()
            except queue.Empty:
                return True
        return False

    def _until_update(self) -> float | None:
        if not self._open or self._muted or self._messages.ended:
            return None
        due = self._updated + (self._pace.news if self._news else self._pace.progress)
        return max(0.0, due - time.monotonic())

    def _speak(self) -> None:
        """Send what waits, in order, for as long as it gets through."""
        if self._muted or not self._messages.heard:
            return
        try:
            if not self._open:
                self._insist(partial(self._client.start, self._messages.status(time.monotonic())))
                self._open, self._news, self._updated = True, False, time.monotonic()
            while self._unsaid:
                self._insist(partial(self._client.reply, self._unsaid[0]))
                self._unsaid.popleft()
        except DeliveryError as silence:
            self._problem, self._muted = str(silence), silence.final

    def _update(self) -> None:
        """Bring the first message up to date; where that fails, the next update makes up for it."""
        if not self._open or self._muted:
            return
        self._updated = time.monotonic()
        try:
            self._insist(partial(self._client.update, self._messages.status(self._updated)))
            self._news = False
        except DeliveryError as silence:
            self._problem = str(silence)

    def _insist(self, call: Callable[[], None]) -> None:
        """Make a call, again after a while where the chat asks for that."""
        while True:
            try:
                return call()
            except DeliveryError as silence:
                if silence.wait is None or not self._sleep(silence.wait):
                    raise

    def _sleep(self, seconds: float) -> bool:
        """Sleep; False at once where closing would not wait for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._deadline is None:
                self._closing.wait(left)
            elif until >= self._deadline:
                return False
            else:
                time.sleep(left)
        return True
