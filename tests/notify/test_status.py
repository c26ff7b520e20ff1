"""Where a run stands, worked out of its journal and its last word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from fakes import NOW
from rdsrestore.notify.incident.from_journal import incident_report
from rdsrestore.notify.progress_file import EVERY, PROGRESS, Progress, ProgressFile, read_progress
from rdsrestore.notify.status_view import RunStatus, line, lines, status_of
from rdsrestore.workflow import events
from rdsrestore.workflow.journal.journal import Kind, Record, chain, read
from rdsrestore.workflow.run.position import Position, Touched
from rdsrestore.workflow.step import Impact
from samples import EVIL, RUN, story

STORED = Path(__file__).parent.parent / "stored" / "journal-1"


def records_until(case: str, step: str, kind: Kind) -> tuple[Record, ...]:
    (path,) = (STORED / case).glob("*/journal.jsonl")
    records = read(path.read_text("utf-8")).records
    last = next(each for each in records if (each.step, each.kind) == (step, kind))
    return records[: last.seq]


def status(
    records: tuple[Record, ...], progress: Progress | None = None, *, alive: bool = True, after: float = 30.0
) -> RunStatus:
    reading = read("".join(f"{each.line()}\n" for each in records))
    report = incident_report("x", reading, {}, at_work=alive, taken=None)
    return status_of(report, records, progress, "insert 300 rows of shop.billing", later(records[-1].at, after))


def later(at: datetime, seconds: float) -> datetime:
    return at + timedelta(seconds=seconds)


def test_a_step_at_work_says_how_far_it_is_and_how_long_the_job_takes_yet() -> None:
    records = records_until("good-merged", "restore-instance", Kind.INTENT)
    told = Progress("restore-instance", "creating", None, 1200.0, 300.0, to_question=True, number=2, of=14)
    found = status(records, told)
    assert (found.state, found.number, found.of, found.left) == ("at-work", 2, 14, 1200 - 30 + 300)
    assert "step 2 of 14 · restore-instance: creating · no table touched so far · about 24 min to" in line(found)
    assert dict(lines(found))["cost"].startswith("an instance for 30 s so far")
    measured = status(records, replace(told, share=0.5))
    assert measured.left == 30 + 300
    assert status(records, replace(told, expected=10.0)).left is None
    assert status(records, replace(told, text="paused: rdsrestore unpause lets it go on")).left is None


def test_the_word_of_another_step_does_not_count() -> None:
    records = records_until("good-merged", "dump", Kind.INTENT)
    found = status(records, Progress("restore-instance", "creating", None, 1200.0, 300.0))
    assert (found.step, found.doing, found.left) == ("dump", "dump", None)
    assert "not known how long" in line(found)


def test_a_question_is_said_to_wait_for_its_answer() -> None:
    found = status(records_until("good-merged", "approve", Kind.INTENT))
    assert found.state == "waiting"
    assert line(found).startswith("waits for an answer in the terminal of root on ")
    assert found.waits_for.endswith("on production: insert 300 rows of shop.billing?")
    assert not status(records_until("good-merged", "approve", Kind.DONE)).waits_for


def test_production_is_written_from_the_load_on() -> None:
    said = [status(records_until("good-merged", "load", kind)).production for kind in (Kind.INTENT, Kind.DONE)]
    assert said == ["production is being written", "production was written"]
    assert status(records_until("good-merged", "save", Kind.DONE)).production == "no table touched so far"


def test_the_teardown_says_what_is_removed() -> None:
    found = status(records_until("good-merged", "restore-instance", Kind.UNDO))
    assert found.doing.startswith("cleans up: delete instance rdsrestore-")


def test_a_run_whose_process_is_gone_is_dead_and_names_what_goes_on() -> None:
    found = status(records_until("cut-merged", "load", Kind.INTENT), alive=False)
    assert found.state == "dead"
    assert "its process is gone, step load" in line(found)
    assert "how many rows are in is not known" in found.production
    assert found.next[0] == "rdsrestore resume x goes on"


def test_a_run_that_has_ended_says_how() -> None:
    (path,) = (STORED / "good-merged").glob("*/journal.jsonl")
    found = status(read(path.read_text("utf-8")).records, alive=False)
    assert (found.state, found.exit_code) == ("ended", 0)
    assert line(found) == "restored and verified: 150 rows put back; nothing left running"


def test_the_file_says_what_the_step_last_said_and_is_gone_at_the_end(tmp_path: Path) -> None:
    time = 0.0
    file = ProgressFile(tmp_path, clock=lambda: time)
    position = Position(3, 9, 60.0, to_question=False, touched=Touched.NOTHING)
    file.handle(events.StepStarted("load", "insert", Impact.PRODUCTION, NOW, 20.0, position))
    assert read_progress(tmp_path) == Progress("load", "insert", None, 20.0, 60.0, number=3, of=9)
    file.handle(events.StepProgress("load", "too soon", 0.1))
    time = EVERY
    file.handle(events.StepProgress("load", EVIL, 0.5))
    found = read_progress(tmp_path)
    assert found is not None
    assert (found.share, found.expected, found.text.isprintable()) == (0.5, 20.0, True)
    assert (tmp_path / PROGRESS).stat().st_mode & 0o777 == 0o600
    file.handle(story()[-1])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_can_not_be_read_says_nothing(tmp_path: Path) -> None:
    assert read_progress(tmp_path) is None
    for text in ("", "[]", '{"moon": "full"}', "{"):
        (tmp_path / PROGRESS).write_text(text, "utf-8")
        assert read_progress(tmp_path) is None


def test_a_run_that_has_only_begun_says_so() -> None:
    first = records_until("good-merged", "own-group", Kind.INTENT)[:2]
    assert status(first).doing == "begins"
    resumed = chain(first[-1], NOW, Kind.RESUMED, "", {"by": "ada"})
    assert status((*first, resumed)).state == "at-work"
    assert RUN.value not in status(first).subject
