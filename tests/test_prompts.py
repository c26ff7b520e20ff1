"""The questions: what is offered, what counts as an answer, and what happens when nobody answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest

from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request import timespec
from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.notify.console.prompts import Prompts, missing, somebody_there
from samples import EVIL, Screen

NOW = datetime(2017, 6, 1, 10, 30, tzinfo=UTC)


class RunIO:
    """An operator with prepared answers, who then leaves; remembers what was asked."""

    def __init__(self, *answers: str) -> None:
        self.screen = Screen()
        self.asked: list[str] = []
        self.given = answers
        self._answers: Iterator[str] = iter(answers)
        self.guide = Prompts(self.screen.terminal, self._answer)

    def _answer(self, question: str, within: float | None) -> str:
        del within
        self.asked.append(question)
        try:
            return next(self._answers)
        except StopIteration:
            raise EOFError from None


@pytest.mark.parametrize(
    ("answer", "chosen"), [("2", "shop-b"), ("shop-a", "shop-a"), (" shop-b ", "shop-b"), ("", "shop-a")]
)
def test_a_choice_is_made_by_number_or_name_or_taken_by_default(answer: str, chosen: str) -> None:
    io = RunIO(answer)
    assert io.guide.choose("Which instance?", ["shop-a", "shop-b"], "shop-a", {"shop-b": "mariadb"}) == chosen
    assert io.screen.text.splitlines() == ["Which instance?", "  1  shop-a", "  2  shop-b  mariadb"]
    assert io.asked == ["number or name (shop-a)"]


def test_a_name_that_looks_like_a_number_wins_over_the_number() -> None:
    assert RunIO("2").guide.choose("Which?", ["2", "1"]) == "2"


@pytest.mark.parametrize("answer", ["0", "3", "-1", "shop", "", "1" * 9999, "²"])
def test_an_answer_that_is_not_offered_is_asked_again(answer: str) -> None:
    io = RunIO(answer, "1")
    assert io.guide.choose("Which?", ["a", "b"]) == "a"
    assert "not in the list" in io.screen.text


def test_where_nothing_can_be_offered_the_words_are_asked_for() -> None:
    assert RunIO("", "shop").guide.choose("Which database?", []) == "shop"


def test_several_are_chosen_in_the_order_given_and_once_each() -> None:
    io = RunIO("9", "", "3, billing 3 2")
    assert io.guide.choose_some("Tables?", ["billing", "lines", "rates"]) == ("rates", "billing", "lines")
    assert "9 is not in the list" in io.screen.text
    assert "nothing is not in the list" in io.screen.text


def test_a_moment_is_asked_for_until_it_can_be_read_and_said_back() -> None:
    io = RunIO("01/06/2017", "11:00", "10:14")
    moment = io.guide.ask_moment(lambda: NOW, UTC)
    assert str(moment) == "2017-06-01T10:14:00Z"
    assert "error: --before: 01/06/2017 can be read in more than one order" in io.screen.text
    assert 'hint: for the day before say "yesterday 11:00"' in io.screen.text
    assert io.screen.text.endswith("2017-06-01 10:14:00 UTC, which is your local time too, 16 minutes ago\n")


@pytest.mark.parametrize(
    ("answers", "default", "said"),
    [(["y"], False, True), (["YES"], False, True), (["n"], True, False), ([""], False, False), ([""], True, True)],
)
def test_a_confirmation_takes_the_default_for_an_empty_answer(answers: list[str], default: bool, said: bool) -> None:  # noqa: FBT001 - a case's data
    assert RunIO(*answers).guide.confirm("Start?", default) is said


def test_an_unclear_answer_is_no_yes() -> None:
    io = RunIO("yeah", "ok", "n")
    assert io.guide.confirm("Start?") is False
    assert len(io.asked) == 3


@pytest.mark.parametrize(
    ("answers", "said"),
    [(["yes"], True), (["Yes "], True), (["y", "yes"], True), (["no"], False), (["n"], False), ([""], False)],
)
def test_only_the_word_yes_agrees_to_a_write(answers: list[str], said: bool) -> None:  # noqa: FBT001 - a case's data
    io = RunIO(*answers)
    assert io.guide.agree("Write?") is said
    assert len(io.asked) == len(answers)
    assert ("only the word yes will do" in io.screen.text) is (len(answers) > 1)


@pytest.mark.parametrize("answer", ["y", "ye", "yess", "yes please", "ok", "j", "1", "true"])
def test_what_is_neither_yes_nor_no_is_asked_again(answer: str) -> None:
    assert RunIO(answer, "no").guide.agree("Write?") is False
    assert RunIO(answer, "yes").guide.agree("Write?") is True


def decided(io: RunIO, typed: str | None = None) -> Answer:
    shown: list[object] = []
    answer = io.guide.decide(Question("Write?", (), typed, Decimal("0.0680")), shown.append)
    assert len(shown) == sum(each in io.given for each in ("d", "details"))
    return answer


@pytest.mark.parametrize(
    ("answers", "answer"),
    [
        (["yes"], Answer.YES),
        ([" Yes"], Answer.YES),
        (["y", "", "yess", "no"], Answer.NO),
        (["details", "n"], Answer.NO),
        (["d", "later"], Answer.LATER),
        (["l"], Answer.LATER),
        ([], Answer.LATER),
    ],
)
def test_before_a_write_a_wrong_word_is_asked_again_and_no_answer_is_no_no(answers: list[str], answer: Answer) -> None:
    io = RunIO(*answers)
    assert decided(io) is answer
    assert len(io.asked) == max(len(answers), 1)
    assert "the copy costs 0.068 USD an hour until then" in io.screen.text
    assert "no answer within 2 h means later" in io.screen.text


@pytest.mark.parametrize("wrong", ["Billing", "", "y", "yes", "billing_lines"])
def test_only_the_name_itself_lets_rows_be_deleted(wrong: str) -> None:
    assert decided(RunIO(wrong, "no"), "billing") is Answer.NO
    assert decided(RunIO(wrong, "billing"), "billing") is Answer.YES


def test_a_table_called_no_is_not_a_no() -> None:
    assert decided(RunIO("no"), "no") is Answer.YES


@pytest.mark.parametrize(
    "question",
    [
        lambda guide: guide.choose("Which?", ["a"]),
        lambda guide: guide.choose("Which?", ["a"], "a"),
        lambda guide: guide.choose_some("Which?", ["a"]),
        lambda guide: guide.confirm("Start?", default=True),
        lambda guide: guide.agree("Write?"),
        lambda guide: guide.ask_moment(lambda: NOW, UTC),
    ],
)
def test_the_end_of_the_input_is_a_no(question: Callable[[Prompts], object]) -> None:
    with pytest.raises(Refused) as caught:
        question(RunIO().guide)
    assert caught.value.exit_code is ExitCode.REFUSED
    assert "nothing was changed" in str(caught.value)


def test_names_from_outside_can_not_take_over_the_terminal() -> None:
    io = RunIO("1", "y")
    assert io.guide.choose(EVIL, [EVIL], notes={EVIL: EVIL}) == EVIL
    assert io.guide.confirm(EVIL)
    shown = io.screen.text + "".join(io.asked)
    assert all(each.isprintable() or each == "\n" for each in shown)
    assert "[bold]x[/bold]" in shown


def test_a_missing_answer_without_a_terminal_names_the_flag() -> None:
    error = missing("--before", "the moment to restore")
    assert str(error) == "--before: the moment to restore is missing, and there is no terminal to ask in"
    assert "--before" in error.hint
    assert error.exit_code is ExitCode.USAGE
    assert not somebody_there(StringIO(), Screen().terminal)


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("2h", 7200), ("15 min", 900), ("1 hour", 3600)])
def test_a_length_of_time_is_read_as_people_write_it(text: str, seconds: int) -> None:
    assert timespec.lasting(text, "--wait-for-answer") == seconds


@pytest.mark.parametrize("text", ["", "2", "0h", "h", "2h later", "-1h", "1.5h", "2 days"])
def test_what_is_no_length_of_time_names_its_flag(text: str) -> None:
    with pytest.raises(UsageError, match="--wait-for-answer"):
        timespec.lasting(text, "--wait-for-answer")
