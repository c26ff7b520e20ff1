"""What the operator and the clock promise, held against the fakes and against those that a run has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta

import pytest

from fakes.clock import FakeClock
from fakes.operator import FakeOperator
from rdsrestore.app.compose import AlwaysYes, AtTheTerminal, SystemClock
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.notify.console.prompts import Prompts
from rdsrestore.ports.clock import Clock
from rdsrestore.ports.operator import Operator
from samples import Screen, sample_differences

PLAIN = Question("On production: insert 5 rows of shop.billing", sample_differences())
TYPED = Question("On production: delete 5 rows of shop.billing", sample_differences(), typed="billing")


@dataclass
class Shown:
    """Remembers what was shown."""

    differences: list[Sequence[TableDifference]] = field(default_factory=list)

    def __call__(self, differences: Sequence[TableDifference]) -> None:
        self.differences.append(differences)


def at_the_terminal(*answers: str) -> Operator:
    """A person whose keys are these."""
    typed = iter(answers)

    def ask(_question: str, _within: float | None) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    shown, prompts = Shown(), Prompts(Screen().terminal, ask)
    return AtTheTerminal(shown, lambda question: prompts.decide(question, shown), prompts.ask_whom_to_let_in)


YES: dict[str, Operator] = {
    "fake": FakeOperator(),
    "flag": AlwaysYes(Shown(), typed="billing"),
    "terminal": at_the_terminal("yes", "billing"),
}
NO: dict[str, Operator] = {"fake": FakeOperator(Answer.NO), "terminal": at_the_terminal("no", "no")}
LATER: dict[str, Operator] = {"fake": FakeOperator(Answer.LATER), "terminal": at_the_terminal()}


@pytest.mark.parametrize("operator", YES.values(), ids=YES)
def test_a_yes_is_given_to_both_kinds_of_question(operator: Operator) -> None:
    assert operator.approve(PLAIN) is Answer.YES
    assert operator.approve(TYPED) is Answer.YES


@pytest.mark.parametrize("operator", NO.values(), ids=NO)
def test_a_no_is_an_answer(operator: Operator) -> None:
    assert operator.approve(PLAIN) is Answer.NO
    assert operator.approve(TYPED) is Answer.NO


@pytest.mark.parametrize("operator", LATER.values(), ids=LATER)
def test_whoever_does_not_answer_means_later(operator: Operator) -> None:
    assert operator.approve(PLAIN) is Answer.LATER
    assert operator.approve(TYPED) is Answer.LATER


def test_a_flag_alone_approves_no_deletion() -> None:
    with pytest.raises(Refused, match="needs more than --yes"):
        AlwaysYes(Shown()).approve(TYPED)


@pytest.mark.parametrize("operator", [AlwaysYes, AtTheTerminal], ids=lambda kind: kind.__name__)
def test_the_differences_are_shown_before_the_answer(operator: type[AlwaysYes | AtTheTerminal]) -> None:
    shown = Shown()
    person = AtTheTerminal(shown, lambda _question: Answer.YES, lambda _trouble: None)
    made = AlwaysYes(shown) if operator is AlwaysYes else person
    made.approve(PLAIN)
    assert shown.differences == [PLAIN.differences]


KNOWN: dict[str, Operator] = {
    "fake": FakeOperator(known=["10.0.0.5/32"]),
    "terminal": at_the_terminal("somebody", "10.7.0.1/16", "10.7.0.0/16", "n", "10.0.0.5"),
}
NOBODY: dict[str, Operator] = {"fake": FakeOperator(), "flag": AlwaysYes(Shown()), "terminal": at_the_terminal("")}
GONE = at_the_terminal()


@pytest.mark.parametrize("operator", KNOWN.values(), ids=KNOWN)
def test_whoever_is_let_in_besides_is_written_as_ec2_does_and_more_than_an_address_is_asked_for(
    operator: Operator,
) -> None:
    assert operator.let_in("the copy does not answer") == "10.0.0.5/32"


@pytest.mark.parametrize("operator", [*NOBODY.values(), GONE], ids=[*NOBODY, "end of the input"])
def test_nobody_else_is_let_in_where_nobody_is_named(operator: Operator) -> None:
    assert operator.let_in("the copy does not answer") is None


@pytest.mark.parametrize("clock", [FakeClock(), SystemClock()], ids=lambda clock: type(clock).__name__)
def test_a_clock_tells_utc_and_never_goes_back(clock: Clock) -> None:
    first, second = clock.now(), clock.now()
    assert first.utcoffset() == second.utcoffset() == timedelta(0)
    assert first.tzinfo is UTC
    assert first <= second
