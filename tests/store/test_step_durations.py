"""How long steps take as a rule, from the journals of earlier runs."""

from __future__ import annotations

from pathlib import Path

from fakes.clock import FakeClock
from rdsrestore.domain.codec import Json
from rdsrestore.domain.ids import RunId
from rdsrestore.store.journal_file import JournalFile
from rdsrestore.store.runs import Runs
from rdsrestore.workflow.journal.journal import Kind

ACCOUNT, INSTANCE = "123", "production"


def told(runs: Runs, name: str, seconds: float, account: str = ACCOUNT, instance: str = INSTANCE) -> None:
    """Write the journal of a run whose dump took so long."""
    header: dict[str, Json] = {"identity": {"account": account}, "request": {"instance": instance}}
    journal = JournalFile(runs.create(RunId(name)).journal, FakeClock())
    journal.append(Kind.STARTED, "", header)
    journal.append(Kind.DONE, "dump", {"seconds": seconds})
    journal.close()


def test_usual_durations_are_medians_of_earlier_runs(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    for day, seconds in enumerate((10.0, 30.0, 20.0), start=1):
        told(runs, f"17060{day}-103000-abcd", seconds)
    newest = runs.all()[0].journal
    newest.write_bytes(newest.read_bytes() + b'{"kind": "done", "da')
    assert runs.durations(ACCOUNT, INSTANCE) == {"dump": 20.0}


def test_other_instances_and_a_lab_of_the_same_name_say_nothing_of_this_one(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    told(runs, "170601-103000-abcd", 900.0)
    told(runs, "170602-103000-abcd", 1.0, account="456")
    told(runs, "170603-103000-abcd", 2.0, instance="staging")
    runs.create(RunId("170604-103000-abcd")).journal.write_bytes(b"nothing")
    assert runs.durations(ACCOUNT, INSTANCE) == {"dump": 900.0}
    assert runs.durations("789", INSTANCE) == {}


def test_usual_durations_are_read_once_and_from_the_newest_runs_alone(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    for number in range(60):
        name = f"17{number // 28 + 1:02}{number % 28 + 1:02}-103000-abcd"
        told(runs, name, 900.0 if number < 10 else 20.0 + number % 2)
    assert runs.durations(ACCOUNT, INSTANCE) == {"dump": 20.5}
    for each in runs.all():
        each.journal.unlink()
    assert runs.durations(ACCOUNT, INSTANCE) == {"dump": 20.5}
