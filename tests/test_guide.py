"""Which question comes next in the guide, and which command line its answers make."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta

import pytest

from rdsrestore.app.guide.answers import (
    WAYS,
    Accident,
    Answers,
    Topic,
    answer,
    command,
    command_line,
    hopeless,
    next_topic,
    one_back,
    refuse_unreachable,
    window,
)
from rdsrestore.domain.errors import DatabaseError, Refused, UsageError
from rdsrestore.domain.request.restore_point import Moment

THEN = datetime(2017, 6, 1, 10, 14, tzinfo=UTC)
BEFORE, AFTER = Moment(THEN, "10:14"), Moment(THEN + timedelta(minutes=5), "10:19")
GIVEN = {
    Topic.INSTANCE: "production",
    Topic.DATABASE: "shop",
    Topic.TABLES: ("billing", "a.b"),
    Topic.ACCIDENT: Accident.CHANGED,
    Topic.BEFORE: BEFORE,
    Topic.AFTER: AFTER,
}


def asked(accident: Accident) -> tuple[list[Topic], Answers]:
    """Answer every question that comes."""
    answers, topics = Answers(), []
    while topic := next_topic(answers):
        topics.append(topic)
        answers = answer(answers, topic, accident if topic is Topic.ACCIDENT else GIVEN[topic])
    return topics, answers


@pytest.mark.parametrize("accident", list(Accident))
def test_each_question_comes_once_and_the_end_of_the_accident_only_for_changed_rows(accident: Accident) -> None:
    topics, _ = asked(accident)
    assert topics == [topic for topic in Topic if topic is not Topic.AFTER or accident is Accident.CHANGED]
    assert accident in WAYS


def test_every_answer_can_be_taken_back_to_the_first() -> None:
    topics, answers = asked(Accident.CHANGED)
    for topic in reversed(topics):
        answers = one_back(answers)
        assert next_topic(answers) is topic
    assert one_back(answers) == Answers()


@pytest.mark.parametrize(
    ("accident", "words"),
    [
        (Accident.DELETED, "table billing `a.b` --before 2017-06-01T10:14:00Z"),
        (Accident.CHANGED, "table billing `a.b` --before 2017-06-01T10:14:00Z --incident-end 2017-06-01T10:19:00Z"),
        (Accident.DROPPED, "table billing `a.b` --before 2017-06-01T10:14:00Z --recreate"),
        (Accident.UNKNOWN, "compare billing `a.b` --before 2017-06-01T10:14:00Z"),
    ],
)
def test_the_answers_make_the_command_line_that_could_be_typed(accident: Accident, words: str) -> None:
    _, answers = asked(accident)
    assert shlex.split(command(answers)) == ["rdsrestore", *words.split(), "--instance", "production",
                                             "--database", "shop"]  # fmt: skip
    made = command_line(answers).named()
    assert (made.tables, made.database, made.instance) == (("billing", "a.b"), "shop", "production")


def test_a_moment_that_no_backup_reaches_or_that_ends_before_it_begins_is_refused() -> None:
    refuse_unreachable(BEFORE, THEN, None)
    with pytest.raises(UsageError, match="before the oldest backup"):
        refuse_unreachable(BEFORE, THEN + timedelta(seconds=1), None)
    refuse_unreachable(AFTER, None, BEFORE)
    with pytest.raises(UsageError, match="is not after"):
        refuse_unreachable(BEFORE, None, AFTER)


def test_the_window_is_said_as_it_is() -> None:
    assert window(THEN, AFTER.utc) == "backups reach from 2017-06-01 10:14:00 to 2017-06-01 10:19:00 UTC"
    assert "no backups" in window(None, None)


def test_an_error_that_another_answer_may_mend_goes_back_and_the_same_again_or_a_refused_login_ends_it() -> None:
    silent = DatabaseError("production", "no answer", code="db.unreachable")
    assert not hopeless(silent, None)
    assert not hopeless(silent, DatabaseError("production", "too many", code="db.busy"))
    assert hopeless(silent, DatabaseError("production", "no answer", code="db.unreachable"))
    assert hopeless(DatabaseError("production", "access denied", code="db.denied"), None)
    assert hopeless(Refused("production", "it is stopped"), None)
