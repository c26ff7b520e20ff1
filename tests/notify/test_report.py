"""The page in the run's folder."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fakes import NOW
from goldens import check_golden
from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.notify.report import Report
from rdsrestore.workflow import events
from rdsrestore.workflow.journal.journal import Kind, Record, chain
from samples import EVIL, RUN, ended_badly, ended_short, ended_well, story

CALLS: Json = [{"service": "rds", "operation": "X", "request_id": str(number), "status": 200} for number in range(3)]
RECORDS: tuple[tuple[Kind, str, dict[str, Json]], ...] = (
    (
        Kind.STARTED,
        "",
        {
            "operator": "ada",
            "host": "desk",
            "version": "0.1.0",
            "request": {"reason": "a missing WHERE"},
            "identity": {"arn": "arn:aws:iam::1:user/ada"},
        },
    ),
    (Kind.APPROVED, "", {"question": "start the plan", "answer": "yes", "by": "ada"}),
    (Kind.INTENT, "own-group", {}),
    (Kind.DONE, "own-group", {"result": "made sg-1", "seconds": 0.41, "calls": CALLS}),
    (Kind.UNDO, "own-group", {"text": "delete security group g"}),
    (Kind.UNDONE, "own-group", {"seconds": 1.0, "calls": CALLS}),
    (Kind.ENDED, "", {"exit_code": 0, "headline": "restored and verified"}),
)
FILES = (
    *("billing.sql", "after/billing.sql.age", "undo-billing.sql.gz", "undo-billing_lines.sql.gz.age"),
    *("plan-billing.jsonl", "slices-billing.jsonl", "lock"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    records: list[Record] = []
    for number, (kind, step, data) in enumerate(RECORDS):
        records.append(chain(records[-1] if records else None, NOW + timedelta(seconds=number), kind, step, data))
    (tmp_path / "journal.jsonl").write_text("".join(f"{record.line()}\n" for record in records))
    (tmp_path / "after").mkdir()
    for name in FILES:
        (tmp_path / name).touch()
    return tmp_path


def write(folder: Path, outcome: Outcome) -> str:
    """Let a run end; returns the page."""
    report = Report(folder)
    report.handle(end(outcome))
    assert report.close() == ()
    return (folder / "report.md").read_text()


def end(outcome: Outcome) -> events.RunEnded:
    last = story()[-1]
    assert isinstance(last, events.RunEnded)
    return replace(last, outcome=outcome)


@pytest.mark.parametrize(
    ("name", "outcome"), [("report-good", ended_well()), ("report-short", ended_short()), ("report-bad", ended_badly())]
)
def test_the_page_reads_as_it_was_approved(folder: Path, name: str, outcome: Outcome) -> None:
    check_golden(f"{name}.txt", write(folder, outcome))


def test_a_dump_that_is_removed_before_the_page_is_written_is_not_named(folder: Path) -> None:
    report = Report(folder)
    report.handle(end(ended_well()))
    (folder / "billing.sql").unlink()
    report.close()
    page = (folder / "report.md").read_text()
    assert "- billing.sql" not in page
    assert "- undo-billing.sql.gz: what rows were before they were touched" in page
    assert "- plan-billing.jsonl: every row that differed" in page


def test_the_page_is_for_its_owner_alone_and_is_written_at_the_end(folder: Path) -> None:
    report = Report(folder)
    for event in story()[:-1]:
        report.handle(event)
    assert not (folder / "report.md").exists()
    for _ in range(2):  # a run that goes on writes it anew
        write(folder, ended_well())
    assert (folder / "report.md").stat().st_mode & 0o777 == 0o600
    assert len(re.findall("^# Run", (folder / "report.md").read_text(), re.MULTILINE)) == 1


def test_text_from_outside_stays_on_its_line(folder: Path) -> None:
    page = write(folder, replace(ended_badly(), cause=UsageError(EVIL, EVIL, EVIL)))
    assert all(each.isprintable() or each == "\n" for each in page)


def test_a_cleanup_adds_to_the_page_and_changes_nothing_of_it(folder: Path) -> None:
    page = write(folder, ended_badly())
    earlier = Ending(4, "stopped before any change to production", "aws.restore-failed")
    Report(folder).handle(end(Outcome(run=RUN.value, earlier=earlier, proof=("instance x is gone",))))
    whole = (folder / "report.md").read_text()
    assert whole.startswith(page)
    assert "## Cleaned up on 2017-06-01" in whole[len(page) :]
    assert "it ended: stopped before any change to production" in whole[len(page) :]
    assert "- instance x is gone" in whole[len(page) :]
