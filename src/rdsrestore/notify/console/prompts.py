"""Asks the operator for what argv and settings left out; only where there is somebody to answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import NoReturn, TextIO

from rich.text import Text

from rdsrestore.domain.cloud import admission
from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.domain.request import timespec
from rdsrestore.domain.request.answer import Answer, Begin, Question
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.notify.console import views
from rdsrestore.notify.console.keyboard.choices import Choices, meant
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.text import clean, columns

YES, NO = frozenset({"y", "yes"}), frozenset({"n", "no"})
MEANT = {"n": Answer.NO, "no": Answer.NO, "l": Answer.LATER, "later": Answer.LATER}
"""What ends the run before production changes may be said by a letter; what changes production may not."""
MORE = ("no", "later", "children")
PATIENCE = 2 * 3600
"""Seconds that are waited for the answer before production changes."""
Ask = Callable[[str, float | None], str]
"""Puts a question and returns the line that was typed; TimeoutError after so many seconds, EOFError at the end."""


def missing(flag: str, what: str) -> UsageError:
    """Make the error for an answer that is missing where nobody can be asked; `what` as in "the moment to restore"."""
    return UsageError(flag, f"{what} is missing, and there is no terminal to ask in", f"add {flag} to the command line")


def somebody_there(keyboard: TextIO, terminal: Terminal) -> bool:
    """Say whether a question would be seen and could be answered."""
    return keyboard.isatty() and terminal.file.isatty()


class Prompts:
    """Asks one thing at a time. Every question but `decide` raises Refused where the operator ends the input (^D)."""

    def __init__(self, terminal: Terminal, ask: Ask | None = None, patience: float = PATIENCE) -> None:
        """Ask in `terminal`; `ask` puts a question and returns the line that was typed.

        `patience` bounds the wait for the answer before production changes, in seconds.
        """
        self._terminal = terminal
        self._ask = ask or self._prompt
        self._lists = ask is None and terminal.lists
        self._patience = patience
        self.unattended = False
        """Whether nobody may be there: then every question is waited for only so long, and no answer is the end."""

    def choose(
        self,
        title: str,
        choices: Sequence[str],
        default: str | None = None,
        notes: Mapping[str, str] | None = None,
        *,
        escape: str | None = None,
    ) -> str:
        """Let one of `choices` be picked, by arrow keys or by number or name; `notes` say something beside a name.

        `escape` is what the Escape key means.
        """
        if not choices:
            return self._words(title, default)
        if self._drawn():
            return self._pick(title, Choices(choices, notes or {}, default, escape))[0]
        self._list(title, choices, notes or {})
        while True:
            answer = self._answer("number or name", default)
            if picked := meant(answer, choices):
                return picked
            self._say(f"{answer or 'nothing'} is not in the list; give a number from 1 to {len(choices)} or a name")

    def choose_some(self, title: str, choices: Sequence[str], *, escape: str | None = None) -> tuple[str, ...]:
        """Let at least one of `choices` be picked; several with marks, or with blanks or commas between."""
        if choices and self._drawn():
            return self._pick(title, Choices(choices, escape=escape, several=True))
        self._list(title, choices, {})
        while True:
            answers = self._answer("numbers or names, with blanks between", None).replace(",", " ").split()
            picked = [(answer, meant(answer, choices)) for answer in answers]
            unknown = [answer for answer, name in picked if not name]
            if picked and not unknown:
                return tuple(dict.fromkeys(name for _, name in picked if name))
            self._say(
                f"{', '.join(unknown) or 'nothing'} is not in the list; give numbers from 1 to {len(choices)} or names"
            )

    def ask_moment(self, now: Callable[[], datetime], zone: tzinfo) -> Moment:
        """Ask until a moment can be read, and say it back in UTC and in the operator's zone."""
        self._say("Which moment is to come back? The last second at which the data was still right.")
        self._say(timespec.EXAMPLES)
        while True:
            try:
                moment = timespec.parse(self._answer("moment", None), now(), zone)
            except UsageError as error:
                views.error(self._terminal, error)
            else:
                self._say(timespec.explain(moment, now(), zone))
                return moment

    def confirm(self, question: str, default: bool = False) -> bool:  # noqa: FBT001, FBT002 - as rich's own Confirm has it
        """Ask for a yes or a no; an empty answer is the default."""
        while True:
            answer = self._answer(f"{question} [{'Y/n' if default else 'y/N'}]", None).lower()
            if not answer:
                return default
            if answer in YES | NO:
                return answer in YES
            self._say("please answer y or n")

    def begin(self, question: str) -> Begin:
        """Ask whether to begin, and whether the run is to outlive this terminal; an empty answer is a no."""
        self._say('"detach" starts it too; it then goes on should this terminal be lost')
        while True:
            answer = self._answer(f"{question} [y/N/detach]", None).lower()
            if answer in YES:
                return Begin.HERE
            if not answer or answer in NO:
                return Begin.NO
            if answer in {"d", "detach"}:
                return Begin.DETACHED
            self._say("please answer y, n or detach")

    def agree(self, question: str) -> bool:
        """Ask for the word yes, as befits a write to production: a single key is no answer, an empty one is a no."""
        while True:
            answer = self._answer(f"{question} [yes/no]", None).lower()
            if answer == "yes":
                return True
            if not answer or answer in NO:
                return False
            self._say("this writes to production: only the word yes will do; no, or nothing, stops here")

    def decide(self, question: Question, show: Callable[[Sequence[TableDifference]], None]) -> Answer:
        """Ask before production changes, until one of the answers is typed out; `show` shows the differences again.

        The end of the input, and none for as long as is waited, mean later: neither is a no.
        """
        yes = question.typed or Answer.YES.value
        self._terminal.bell()
        self._say(question.text)
        self._say(waiting(yes, question.hourly_cost, self._patience))
        if question.copy_of:
            self._say(f"in another terminal rdsrestore sql {question.copy_of} looks at the restored rows")
        if question.children:
            names = ", ".join(question.children)
            self._say(f'"children" begins again from the same copy with {names}, whose rows went with these')
        choices = " / ".join([yes, *MORE[: 3 if question.children else 2], "details"])
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = " ".join(self._ask(f"[{choices}]", deadline - time.monotonic()).split())
            except EOFError:
                self._terminal.print()
                return Answer.LATER
            except TimeoutError:
                self._terminal.print()
                self._say(f"no answer within {lasting(self._patience)}: taken as later")
                return Answer.LATER
            if answer == yes or (not question.typed and answer.lower() == yes):
                return Answer.YES
            if answer.lower() in MEANT:
                return MEANT[answer.lower()]
            if question.children and answer.lower() in {"c", "children"}:
                return Answer.CHILDREN
            if answer.lower() in {"d", "details"}:
                show(question.differences)
            else:
                self._say(f"this writes to production: only the word {yes} will do; no and later stop here")

    def ask_whom_to_let_in(self, trouble: str) -> str | None:
        """Ask until it can be read, and once more whether more than an address is meant; None for no answer."""
        self._say(f"{trouble}. Production is untouched, and the copy stays while you answer.")
        self._say("As which address does AWS see this machine? An address, a network, sg-… or pl-… is let in as well.")
        self._say("Nothing ends the run.")
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = self._ask("let in", deadline - time.monotonic()).strip()
                source = admission.read(answer) if answer else None
            except (EOFError, TimeoutError):
                self._terminal.print()
                return None
            except UsageError as error:
                views.error(self._terminal, error)
                continue
            wide = source and not admission.single(source)
            if not wide or self.confirm(f"Let {admission.described(str(source))} in to the copy of production?"):
                return source

    def ask_to_sign_in(self, trouble: str) -> bool:
        """Ask to sign in elsewhere, and whether that is done; the end of the input, and no answer, mean no."""
        self._terminal.bell()
        self._say(f"AWS takes these credentials no longer: {trouble}.")
        self._say("Nothing that was made is lost, and nothing of it can be removed meanwhile.")
        self._say("Sign in again in another terminal (aws sso login, or whatever writes your keys), then answer yes.")
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = self._ask("signed in again? [yes/no]", deadline - time.monotonic()).strip().lower()
            except (EOFError, TimeoutError):
                self._terminal.print()
                return False
            if answer in YES | NO:
                return answer in YES
            self._say("please answer yes or no")

    def statement(self) -> str | None:
        """Read a line of SQL; None at the end of the input. Lines that were pasted are read one after the other."""
        try:
            return self._terminal.typed(Text("sql> ", "prompt")).strip()
        except EOFError:
            self._terminal.print()
            return None

    def password(self, question: str) -> Secret:
        """Ask for a password without showing it; asked again while it is empty."""
        while True:
            try:
                if typed := self._terminal.input(clean(f"{question}: "), password=True):
                    return Secret(typed)
            except EOFError:
                self._ended()

    def _drawn(self) -> bool:
        """Whether lists are drawn: not on a run's own terminal, which another kind of terminal may show."""
        return self._lists and not self.unattended

    def _pick(self, title: str, choices: Choices) -> tuple[str, ...]:
        """Let a list be drawn, and leave on the screen what was chosen."""
        from rdsrestore.notify.console.keyboard.arrows import pick

        self._say(title, "bold")
        try:
            picked = pick(choices, self._terminal)
        except EOFError:
            self._ended()
        self._say(f"  {', '.join(picked)}")
        return picked

    def _words(self, title: str, default: str | None) -> str:
        while True:
            if answer := self._answer(title, default):
                return answer

    def _answer(self, question: str, default: str | None) -> str:
        shown = f"{question} ({default})" if default else question
        try:
            within = self._patience if self.unattended else None
            return " ".join(self._ask(clean_line(shown), within).split()) or (default or "")
        except (EOFError, TimeoutError):
            self._ended()

    def _prompt(self, question: str, within: float | None) -> str:
        return self._terminal.input(Text.assemble((question, "prompt"), ": "), within=within)

    def _list(self, title: str, choices: Sequence[str], notes: Mapping[str, str]) -> None:
        self._say(title, "bold")
        rows = [
            (str(number), clean_line(name), clean_line(notes.get(name, ""))) for number, name in enumerate(choices, 1)
        ]
        for line in columns(rows, right=frozenset({0})):
            self._say(f"  {line}")

    def _ended(self) -> NoReturn:
        """Take the end of the input for a no."""
        self._terminal.print()
        raise Refused("guide", "the input ended; nothing was changed", "run the same command again") from None

    def _say(self, text: str, style: str = "") -> None:
        self._terminal.say(clean(text, style))


def waiting(yes: str, hourly_cost: Decimal | None, patience: float) -> str:
    """Say what each answer means, and how long it is waited for."""
    cost = f"; the copy costs {hourly_cost.normalize():f} USD an hour until then" if hourly_cost else ""
    return (
        f'"{yes}" writes; "no" ends the run; "later" ends it and keeps the dump, from which rdsrestore resume goes on;'
        f" no answer within {lasting(patience)} means later{cost}"
    )


def lasting(seconds: float) -> str:
    """Say how long something lasts, as it is typed on the command line."""
    hours, minutes = divmod(int(seconds) // 60, 60)
    parts = [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    return " ".join(parts) or f"{seconds:g} s"
