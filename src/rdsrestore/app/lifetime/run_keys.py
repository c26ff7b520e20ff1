"""What single keys do while a run works in a terminal: hold it, slow it down, say where it stands.

They do it by the run's folder, like a second terminal: what is seen here is what is seen there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from rdsrestore.app.audit.status import look, show
from rdsrestore.app.context import Context
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.facts import Compared
from rdsrestore.domain.request.throttle_rules import GENTLE, PAUSE
from rdsrestore.notify.console import preview
from rdsrestore.notify.text import clean
from rdsrestore.steps.load import Load
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.step import Facts, Plan


def hearing(plan: Plan, facts: Facts, stored: StoredRun, context: Context) -> AbstractContextManager[None]:
    """Hear keys while a run works; nothing where there is nobody to press one."""
    if context.prompts is None or context.stream:
        return nullcontext()
    writes = any(isinstance(step, Load) for step in plan.steps)
    keys = RunKeys(stored, facts, context, writes=writes, gentle=plan.request.limits.gentle)
    return context.screen.hearing(keys.acts(), keys.hint)


@dataclass(frozen=True)
class RunKeys:
    """The keys of one run; one that `writes` no row has nothing to hold, and one that was begun `gentle` stays so."""

    stored: StoredRun
    facts: Facts
    context: Context
    writes: bool
    gentle: bool

    def acts(self) -> Mapping[str, Callable[[], None]]:
        """Name what each key does."""
        pace = {"p": self.pause, "g": self.slow} if self.writes else {}
        acts = {**pace, "s": self.status, "d": self.details}
        return {key: self.safely(act) for key, act in acts.items()}

    def hint(self) -> str:
        """Say in few words which keys there are."""
        held, slow = (self.stored.folder / PAUSE).exists(), self.gentle or (self.stored.folder / GENTLE).exists()
        pace = (f"p {'go on' if held else 'pause'}", f"g {'faster' if slow else 'gentle'}") if self.writes else ()
        return " · ".join((*pace, "s status", "d details"))

    def pause(self) -> None:
        """Hold the load, or let it go on."""
        if self.toggled(PAUSE):
            self.say("paused: no more rows are written after the transaction under way, until p is pressed again")
        else:
            self.say("goes on")

    def slow(self) -> None:
        """Have little written at a time, or as much as usual."""
        if self.gentle:
            self.say("this run was begun with --gentle, and stays so")
        elif self.toggled(GENTLE):
            self.say("gentle: little is written at a time, with rests between, until g is pressed again")
        else:
            self.say("as fast as usual again")

    def status(self) -> None:
        """Say where the run stands."""
        show(look(self.stored, self.context), self.context)

    def details(self) -> None:
        """Show what sets restored rows and production's apart, once that is known."""
        if compared := self.facts.find(Compared):
            preview.preview(self.context.screen, compared.differences, asked=False)
        else:
            self.say("which rows differ is known after the step compare")

    def toggled(self, name: str) -> bool:
        """Make one of the run's own files, or remove it; returns whether it is there now."""
        flag = self.stored.folder / name
        if flag.exists():
            flag.unlink(missing_ok=True)
            return False
        flag.touch(mode=0o600)
        return True

    def safely(self, act: Callable[[], None]) -> Callable[[], None]:
        """Make of an act one that says why it could not be done, and stops nothing."""

        def acting() -> None:
            try:
                act()
            except (RdsRestoreError, OSError) as error:
                self.say(str(error))

        return acting

    def say(self, text: str) -> None:
        """Print a line above what moves."""
        self.context.screen.say(clean(f"{self.context.screen.symbols.note} {text}"), 2)
