"""Which question comes next, and what the answers amount to. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from rdsrestore.app.requests import table_names
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.domain.errors import RdsRestoreError, Refused, UsageError
from rdsrestore.domain.request.restore_point import Moment


class Accident(StrEnum):
    """What happened, as the operator says it."""

    DELETED = "rows were deleted"
    CHANGED = "rows were changed"
    DROPPED = "the table was dropped"
    UNKNOWN = "I don't know"


class Topic(StrEnum):
    """What is asked, in this order; each is a field of the answers."""

    INSTANCE = "instance"
    DATABASE = "database"
    TABLES = "tables"
    ACCIDENT = "accident"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Answers:
    """What is known so far; None and empty where it was not asked yet.

    `before` is the last good second, `after` a moment after the accident.
    """

    instance: str | None = None
    database: str | None = None
    tables: tuple[str, ...] = ()
    accident: Accident | None = None
    before: Moment | None = None
    after: Moment | None = None

    def needs(self, topic: Topic) -> bool:
        """Whether a question is asked at all."""
        return topic is not Topic.AFTER or self.accident is Accident.CHANGED

    def answered(self, topic: Topic) -> bool:
        """Whether a question has its answer."""
        return bool(getattr(self, topic.value))


def next_topic(answers: Answers) -> Topic | None:
    """Choose the next question; None where all is known."""
    return next((topic for topic in Topic if answers.needs(topic) and not answers.answered(topic)), None)


def one_back(answers: Answers) -> Answers:
    """Forget the last answer; nothing changes where there is none."""
    given = [topic for topic in Topic if answers.answered(topic)]
    return answer(answers, given[-1], () if given[-1] is Topic.TABLES else None) if given else answers


def answer(answers: Answers, topic: Topic, given: object) -> Answers:
    """Add an answer, of its field's type."""
    fields: dict[str, Any] = {topic.value: given}
    return replace(answers, **fields)


def command_line(answers: Answers) -> CommandLine:
    """Make of the answers what a typed command line would be."""
    return CommandLine(
        tables=tuple(map(table_names.written, answers.tables)),
        instance=answers.instance,
        database=answers.database,
        before=spelled(answers.before) if answers.before else None,
        incident_end=spelled(answers.after) if answers.after else None,
        plain={"recreate": True} if answers.accident is Accident.DROPPED else {},
    )


def command(answers: Answers) -> str:
    """Write the whole command line."""
    asked = command_line(answers)
    words = ["rdsrestore", "compare" if answers.accident is Accident.UNKNOWN else "table", *asked.tables]
    words += ["--before", asked.before] if asked.before else []
    words += ["--incident-end", asked.incident_end] if asked.incident_end else []
    words += ["--recreate"] if asked.plain.get("recreate") else []
    words += ["--instance", asked.instance or "", "--database", asked.database or ""]
    return shlex.join(words)


def spelled(moment: Moment) -> str:
    """Write a moment as it is read again, whatever the zone."""
    return f"{moment.utc.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


WAYS = {
    Accident.DELETED: "puts back the rows that are missing; every row that is there now stays as it is",
    Accident.CHANGED: "takes back what was changed or deleted between the two moments; what was changed later stays",
    Accident.DROPPED: "makes the table again as it was, and fills it",
    Accident.UNKNOWN: "writes nothing: it shows what differs, and names the command that puts it back without waiting"
    " for another restore",
}
"""What the command does, which for each accident is the quickest that does no more than is wanted."""


def window(earliest: datetime | None, latest: datetime | None) -> str:
    """Say which moments the backups hold."""
    if not (earliest and latest):
        return "this instance has no backups to go back to a moment by: rdsrestore table --snapshot takes a snapshot"
    return f"backups reach from {earliest:%Y-%m-%d %H:%M:%S} to {latest:%Y-%m-%d %H:%M:%S} UTC"


def refuse_unreachable(moment: Moment, earliest: datetime | None, after: Moment | None) -> None:
    """Refuse a moment that no backup reaches, or one that is not after the other; UsageError says which."""
    if earliest and moment.utc < earliest:
        raise UsageError(
            "moment", f"{moment} is before the oldest backup", f"give one from {earliest:%Y-%m-%dT%H:%M:%SZ} on"
        )
    if after and moment.utc <= after.utc:
        raise UsageError("moment", f"{moment} is not after {after}", "give a moment after the accident")


def hopeless(error: RdsRestoreError, last: RdsRestoreError | None) -> bool:
    """Whether no other answer mends an error: a refusal, a login that the settings give, the same one again."""
    again = last is not None and (error.code, str(error)) == (last.code, str(last))
    return isinstance(error, Refused) or error.code == "db.denied" or again
