from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes import FakeClock
from rdsrestore.domain.errors import JournalError, UsageError
from rdsrestore.domain.facts import TakenBack
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.store.journal_file import JournalFile
from rdsrestore.store.runs import Runs, StoredRun
from rdsrestore.workflow.journal.journal import Kind

RUN = RunId("170601-103000-abcd")


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    return Runs(tmp_path).create(RUN)


def journal(run: StoredRun) -> JournalFile:
    return JournalFile(run.journal, FakeClock())


def test_a_run_and_its_files_are_private(run: StoredRun) -> None:
    journal(run).append(Kind.STARTED)
    assert stat.S_IMODE(run.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(run.journal.stat().st_mode) == 0o600


def test_a_record_is_on_the_disk_when_append_returns(run: StoredRun) -> None:
    journal(run).append(Kind.INTENT, "own-group", {"intent": {"name": "x"}})
    (record,) = run.records()
    assert (record.kind, record.step, record.data) == (Kind.INTENT, "own-group", {"intent": {"name": "x"}})


def test_a_journal_goes_on_where_it_ended(run: StoredRun) -> None:
    journal(run).append(Kind.STARTED)
    journal(run).append(Kind.NOTICE)
    assert [record.seq for record in run.records()] == [1, 2]
    assert run.reading().broken is None


def test_a_journal_is_parsed_once_for_as_long_as_it_stays(run: StoredRun) -> None:
    written = journal(run)
    written.append(Kind.STARTED)
    first = run.reading()
    assert StoredRun(run.folder).reading() is first
    written.append(Kind.NOTICE)
    assert len(run.reading().records) == 2


def test_a_line_cut_short_is_replaced_by_the_next(run: StoredRun) -> None:
    journal(run).append(Kind.STARTED)
    with run.journal.open("ab") as file:
        file.write(b'{"v":1,"seq":2,"at"')
    journal(run).append(Kind.NOTICE)
    assert [record.kind for record in run.records()] == [Kind.STARTED, Kind.NOTICE]
    assert not run.reading().torn


def test_bytes_that_came_in_between_do_not_break_the_chain(run: StoredRun) -> None:
    open_journal = journal(run)
    open_journal.append(Kind.STARTED)
    with run.journal.open("ab") as file:
        file.write(b"torn")
    open_journal.append(Kind.NOTICE)
    assert [record.kind for record in run.records()] == [Kind.STARTED, Kind.NOTICE]


def test_a_changed_journal_is_not_written_on(run: StoredRun) -> None:
    journal(run).append(Kind.STARTED, "", {"text": "a"})
    run.journal.write_text(run.journal.read_text().replace('"text":"a"', '"text":"b"'))
    with pytest.raises(JournalError, match="line 1: was changed"):
        journal(run)


def test_a_full_disk_is_an_error_and_takes_nothing_away(run: StoredRun) -> None:
    journal(run).append(Kind.STARTED)
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from fakes import FakeClock\n"
        "from rdsrestore.domain.errors import JournalError\n"
        "from rdsrestore.workflow.journal.journal import Kind\n"
        "from rdsrestore.store.journal_file import JournalFile\n"
        "path = Path(sys.argv[1])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "journal = JournalFile(path, FakeClock())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20,) * 2)\n"
        "try:\n"
        "    journal.append(Kind.NOTICE)\n"
        "except JournalError as error:\n"
        "    sys.exit(int(error.exit_code))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    ended = subprocess.run([sys.executable, "-c", script, str(run.journal)], env=environment, check=False)
    assert ended.returncode == ExitCode.JOURNAL
    journal(run).append(Kind.PROOF)
    assert [record.kind for record in run.records()] == [Kind.STARTED, Kind.PROOF]


def test_two_processes_never_work_on_one_run(run: StoredRun) -> None:
    with run.locked(), pytest.raises(JournalError) as caught, StoredRun(run.folder).locked():
        pass
    assert caught.value.code == "run.locked"
    with run.locked():
        pass


def test_who_only_looks_stops_nobody_and_is_not_taken_for_work(run: StoredRun) -> None:
    ended = threading.Event()

    def looking() -> bool:
        idle = True
        while not ended.wait(0.002):
            idle = StoredRun(run.folder).idle() and idle
        return idle

    with ThreadPoolExecutor(2) as others:
        looks = [others.submit(looking) for _each in range(2)]
        try:
            all_idle = all(StoredRun(run.folder).idle() for _each in range(500))
        finally:
            ended.set()
        assert all_idle
        assert all(each.result() for each in looks)
        ended.clear()
        looks = [others.submit(looking) for _each in range(2)]
        try:
            for _each in range(50):
                with StoredRun(run.folder).locked():
                    assert not StoredRun(run.folder).idle()
        finally:
            ended.set()


def test_runs_are_found_by_name_newest_first(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    with pytest.raises(UsageError, match="no runs yet"):
        runs.find(None)
    old, new = (runs.create(RunId(f"17060{day}-103000-abcd")) for day in (1, 2))
    for run in (old, new):
        journal(run).append(Kind.STARTED)
    runs.create(RunId("170603-103000-abcd"))  # one that never began
    (runs.folder / "something-else").mkdir()
    assert [run.id for run in runs.all()] == [new.id, old.id]
    assert runs.find(None).id == new.id
    assert runs.find(old.id.value).id == old.id
    with pytest.raises(UsageError, match="no run nowhere"):
        runs.find("nowhere")


@pytest.mark.parametrize(
    "line",
    [
        b"[1]",
        b"7",
        b"null",
        b'"ended"',
        b"{}",
        b'{"kind": ["ended"], "data": {}}',
        b'{"kind": "ended", "data": 7}',
        b'{"kind": "ended"}',
        b"[" * 100_000,
        b'{"v": 1, "seq": 1e400}',
        b'{"v": 1e400}',
        b'{"v": 1, "seq": ' + b"9" * 5000 + b"}",
        b"\xff",
    ],
)
def test_a_last_line_that_is_no_record_is_a_break_and_no_error_of_ours(run: StoredRun, line: bytes) -> None:
    journal(run).append(Kind.STARTED)
    with run.journal.open("ab") as file:
        file.write(line + b"\n")
    assert run.cut_off()
    assert [each.id for each in Runs(run.folder.parent.parent).unfinished()] == [run.id]
    assert not run.tells()
    assert Runs(run.folder.parent.parent).durations("1", "production") == {}
    with pytest.raises(JournalError):
        journal(run)


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="can't be made"):
        Runs(tmp_path / "file").prepare()


def test_logins_that_an_earlier_release_left_in_files_go_with_the_first_command(run: StoredRun) -> None:
    journal(run).append(Kind.STARTED)
    (run.folder / "after").mkdir()
    for place in (run.folder, run.folder / "after"):
        (place / "client-x1.cnf").write_text("password=secret")

    with run.locked():
        pass

    assert sorted(path.name for path in run.folder.rglob("*")) == ["after", "journal.jsonl", "lock"]


def test_a_run_is_cut_off_until_it_has_an_ending_or_was_cleaned_up_after(run: StoredRun) -> None:
    own = journal(run)
    own.append(Kind.STARTED)
    assert run.cut_off()
    own.append(Kind.ENDED, "", {"exit_code": 6})
    assert run.cut_off()
    own.append(Kind.CLEANED, "", {"exit_code": 6})
    assert run.cut_off()
    own.append(Kind.CLEANED, "", {"exit_code": 5})
    assert not run.cut_off()


@pytest.mark.parametrize(("step", "taken"), [("stage-undo", False), ("load", True), ("swap-back", True)])
def test_a_run_is_taken_back_once_another_one_writes_for_that(tmp_path: Path, step: str, *, taken: bool) -> None:
    runs = Runs(tmp_path)
    journal(runs.create(RUN)).append(Kind.STARTED, "", {"request": {"undoes": None}})
    other = journal(runs.create(RunId("170601-110000-abcd")))
    other.append(Kind.STARTED, "", {"request": {"undoes": RUN.value}})
    other.append(Kind.INTENT, step)
    assert runs.taken_back() == ({RUN.value: TakenBack("170601-110000-abcd", "", whole=False)} if taken else {})
    other.append(Kind.ENDED, "", {"exit_code": 0, "headline": "undone"})
    known = {RUN.value: TakenBack("170601-110000-abcd", "undone", whole=True)}
    assert runs.taken_back() == (known if taken else {})


@pytest.mark.parametrize(("changed", "taken"), [(False, False), (True, True)])
def test_a_run_is_not_taken_back_by_one_that_was_stopped_before_it_wrote(
    tmp_path: Path, *, changed: bool, taken: bool
) -> None:
    runs = Runs(tmp_path)
    journal(runs.create(RUN)).append(Kind.STARTED, "", {"request": {"undoes": None}})
    other = journal(runs.create(RunId("170601-110000-abcd")))
    other.append(Kind.STARTED, "", {"request": {"undoes": RUN.value}})
    other.append(Kind.INTENT, "load")
    other.append(Kind.ENDED, "", {"exit_code": 0, "headline": "cut off", "error": "cut-off", "changed": changed})
    assert (RUN.value in runs.taken_back()) is taken


def test_a_run_whose_journal_can_not_be_looked_at_is_listed_and_counts_as_cut_off(tmp_path: Path) -> None:
    run = Runs(tmp_path).create(RUN)
    run.journal.symlink_to(run.journal)
    assert [each.id for each in Runs(tmp_path).all()] == [RUN]
    assert run.cut_off()


def test_a_home_that_can_not_be_read_is_an_error_and_not_one_of_ours(tmp_path: Path) -> None:
    runs = Runs(tmp_path.joinpath(*["d" * 200] * 30))
    with pytest.raises(JournalError, match="can't be read: File name too long"):
        runs.all()
    with pytest.raises(JournalError):
        runs.begun(None)
    with pytest.raises(JournalError):
        runs.prepare()


def test_a_run_whose_journal_is_gone_is_not_passed_over(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    with pytest.raises(JournalError, match="no folder"):
        runs.begun(None)
    for day in (1, 2):
        journal(runs.create(RunId(f"17060{day}-103000-abcd"))).append(Kind.STARTED)
    newest = runs.begun(None)
    newest.journal.unlink()
    assert runs.begun(None).id == newest.id
    with pytest.raises(JournalError, match="can't be read"):
        newest.reading()
    with pytest.raises(JournalError, match="no folder"):
        runs.begun("170603-103000-abcd")
