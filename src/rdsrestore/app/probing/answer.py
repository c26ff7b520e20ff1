"""Put a probe to a copy: one SELECT, of which one value comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rdsrestore.app.context import Context
from rdsrestore.domain.errors import DatabaseError, Refused, UsageError
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.domain.tables.question import Take
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.verify.questions import without_values
from rdsrestore.notify.text import shortened

ABSENT = frozenset({1049, 1054, 1146})
"""What a server says of a database, a column and a table that is not there: at that moment that is the answer."""
BEGINS = ("SELECT", "WITH", "(")
EXAMPLE = '--probe "SELECT COUNT(*) FROM billing"'
WIDEST = 80
"""Characters of an answer that are shown."""


@dataclass(frozen=True)
class Found:
    """What a copy answered; `text` is for people."""

    value: object
    text: str


@dataclass
class Probing:
    """Who puts the probe to each copy, and has its last answer."""

    context: Context
    statement: str
    answers: list[Found] = field(default_factory=list)

    def approve(self, question: Question) -> Answer:
        """Agree to no write: a probe has none."""
        raise Refused("--probe", f"{question.text} is not for a probe to decide")

    def let_in(self, trouble: str) -> str | None:
        """Ask whom else to let in, where somebody can be asked."""
        return self.context.ask_whom_to_let_in(trouble)

    def look(self, ask: Callable[[str, int | None, Take], None]) -> None:
        """Ask, and keep the answer; that what is asked about is not there is one, too."""
        try:
            ask(self.statement, 2, self._take)
        except DatabaseError as error:
            if number_of(error) not in ABSENT:
                raise
            self.answers.append(Found((number_of(error),), "none (what it asks about is not there)"))

    def _take(self, names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
        found = list(rows)
        if len(names) != 1 or len(found) != 1:
            given = "several columns" if len(names) != 1 else "several rows" if found else "no row"
            what = f"the probe gives {given}, and not one value"
            raise Refused("--probe", what, 'give it one value: "SELECT COUNT(*) FROM billing"', code="probe.value")
        ((value,),) = found
        self.answers.append(Found(value, shown(value)))


def check(statement: str) -> None:
    """Refuse what is no single SELECT; UsageError before anything is made."""
    try:
        without_values(statement)
    except UsageError as error:
        raise UsageError("--probe", error.what, EXAMPLE) from None
    if not statement.lstrip().upper().startswith(BEGINS):
        raise UsageError("--probe", "the statement is no SELECT", EXAMPLE)


def shown(value: object) -> str:
    """Write an answer for one line of a terminal, cut where it is long."""
    if value is None:
        return "NULL"
    text = f"0x{value[:WIDEST].hex()}" if isinstance(value, bytes) else clean_line(str(value))
    return shortened(text, WIDEST) or "''"
