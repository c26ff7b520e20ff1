"""A run on the operator's terminal: a line a step, and below it what is going on right now."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from rdsrestore.domain.plain_text import clean_line
from rdsrestore.notify.console import time_left
from rdsrestore.notify.console.terminal import GLUE, Terminal
from rdsrestore.notify.text import about, clean, duration
from rdsrestore.workflow import events
from rdsrestore.workflow.run.position import Position

NAME = 17
BAR = 20
LONG = 10.0
"""Seconds from which it is worth saying how long a step usually takes."""
QUIET = 60.0
"""Seconds between two lines about the same step where nothing can be animated."""


def here() -> datetime:
    """Now, by this machine's clock and zone, as who waits has it on the wall."""
    return datetime.now().astimezone()


@dataclass(frozen=True)
class Going:
    """What is going on: `since` is on the monotonic clock, `expected` in seconds, `share` 0 to 1."""

    step: str
    text: str
    since: float
    expected: float | None = None
    share: float | None = None
    position: Position | None = None
    measured: bool = False
    """Whether a share was known before; where it is not any more, nobody knows how long it takes."""

    @property
    def held(self) -> bool:
        """Whether it waits for something, so that nobody knows how long it takes."""
        return self.measured and self.share is None

    @property
    def stops(self) -> str:
        """Say what Ctrl-C does; empty where nothing is known of the job."""
        return time_left.STOPS[self.position.touched] if self.position else ""

    def status(self, elapsed: float, now: datetime) -> str:
        """Say where in the job this is; empty where that is not known."""
        if self.position is None:
            return ""
        held = self.held
        left = None if held else time_left.of_step(elapsed, self.expected, self.share)
        overdue = left is None and not held and self.expected is not None
        return time_left.status(self.position, left, now, overdue=overdue)


@dataclass
class Picture:
    """The lines that move: what goes on, how far, since when, and below it where in the job that is."""

    going: Going
    spinner: Spinner
    clock: Callable[[], float]
    wall: Callable[[], datetime]
    hint: Callable[[], str] = str
    """Says which keys are heard."""

    def __rich__(self) -> Group:
        """Draw them as they are now, each on one line whatever the width."""
        elapsed = self.clock() - self.going.since
        status = self.going.status(elapsed, self.wall())
        said = [status, " · ".join(filter(None, (self.hint(), self.going.stops)))] if status else []
        below = [Text(f"  {line}", "dim", no_wrap=True, overflow="ellipsis") for line in said]
        return Group(self._step(elapsed), *below)

    def _step(self, elapsed: float) -> Table:
        going = self.going
        share = going.share
        usual = f" of about {about(going.expected)}" if going.expected and not going.held else ""
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(width=1)
        line.add_column(width=NAME, no_wrap=True)
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True, justify="right")
        bar = ProgressBar(total=1.0, completed=share, width=BAR) if share is not None else Text()
        line.add_row(self.spinner, clean(going.step, "bold"), clean(going.text), bar, f"{duration(elapsed)}{usual}")
        return line


def wrong(event: events.Event) -> bool:
    """Whether an event says that something is not as it should be."""
    undone = isinstance(event, events.UndoDone) and bool(event.problem)
    return undone or isinstance(event, events.StepFailed | events.Notice)


@dataclass
class ConsoleListener:
    """Tells the terminal. In a pipe there are no control codes: a line when a step begins and one when it ends.

    Where it is `quiet` only what went wrong is told.
    """

    terminal: Terminal
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], datetime] = here
    quiet: bool = False
    _going: Going | None = field(default=None, init=False)
    _picture: Picture | None = field(default=None, init=False)
    _said: float = field(default=0.0, init=False)
    _cleaning: bool = field(default=False, init=False)

    def handle(self, event: events.Event) -> None:
        """Print or animate one event."""
        if wrong(event) or not self.quiet:
            self._tell(event)

    def _tell(self, event: events.Event) -> None:
        symbols = self.terminal.symbols
        match event:
            case events.RunStarted() | events.CleaningStarted():
                self._open(event)
            case events.StepStarted():
                self._begin(Going(event.step, event.text, self.clock(), event.expected, position=event.position))
            case events.StepProgress():
                self._progress(event)
            case events.StepDone():
                self._end(symbols.done, event.step, event.result, event.seconds, "green")
            case events.StepFailed():
                self._end(
                    symbols.failed, event.step, event.problem.removeprefix(f"{event.step}: "), event.seconds, "bold red"
                )
            case events.UndoStarted():
                self._clean_up(event)
            case events.UndoDone():
                self._undone(event)
            case events.Notice():
                self._line(symbols.note, event.text, "bold yellow")
            case events.RunEnded():
                self.terminal.still()

    def close(self) -> Sequence[str]:
        """Leave the terminal as it was."""
        self.terminal.still()
        return ()

    def _open(self, event: events.RunStarted | events.CleaningStarted) -> None:
        self._cleaning = isinstance(event, events.CleaningStarted)
        self._line("", event.message() if self._cleaning else f"run {event.run}: {event.message()}", "bold")
        if not self.terminal.is_interactive and (hint := self.terminal.hint()):
            self._line("", f"keys: {hint}")

    def _begin(self, going: Going) -> None:
        self._going, self._said = going, going.since
        if self.terminal.is_interactive:
            spinner = Spinner(self.terminal.symbols.spinner)
            self._picture = Picture(going, spinner, self.clock, self.wall, self.terminal.hint)
            self.terminal.animate(self._picture)
        else:
            usual = f" (usually {about(going.expected)})" if going.expected and going.expected >= LONG else ""
            self._line(self.terminal.symbols.running, f"{going.step:<{NAME}} {going.text}{usual}")

    def _progress(self, event: events.StepProgress) -> None:
        going = self._going
        if going is None:
            return
        measured = going.measured or event.share is not None
        self._going = replace(going, text=event.text, share=event.share, measured=measured)
        if self._picture:
            self._picture.going = self._going
        elif self.clock() - self._said >= QUIET:
            self._said = self.clock()
            share = f", {event.share:.0%}" if event.share is not None else ""
            elapsed = self._said - going.since
            status = self._going.status(elapsed, self.wall())
            where = f"; {status} · {self._going.stops}" if status else ""
            told = f"{event.text}{share} (after {duration(elapsed)}{where})"
            self._line(self.terminal.symbols.running, f"{going.step:<{NAME}} {told}")

    def _clean_up(self, event: events.UndoStarted) -> None:
        if not self._cleaning:
            self._cleaning = True
            self._line("", "cleaning up", "bold")
        self._begin(Going(event.step, event.text, self.clock()))

    def _undone(self, event: events.UndoDone) -> None:
        if event.problem:
            text = f"could not {event.text}: {event.problem}"
            self._end(self.terminal.symbols.failed, event.step, text, event.seconds, "bold red")
        else:
            self._end(self.terminal.symbols.done, event.step, event.text, event.seconds, "green")

    def _end(self, sign: str, step: str, text: str, seconds: float, style: str) -> None:
        self.terminal.still()
        self._going = self._picture = None
        self._line(sign, f"{step:<{NAME}} {text}", style, duration(seconds))

    def _line(self, sign: str, text: str, style: str = "dim", took: str = "") -> None:
        head = f"{sign} " if sign else ""
        ending = f"  ({took.replace(' ', GLUE)})" if took else ""
        line = Text.assemble((head, style), (clean_line(text), "" if sign else style), (ending, "dim"))
        self.terminal.say(line, len(head) + NAME + 1 if took else len(head) or 2)
