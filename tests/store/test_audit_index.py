"""The index of the journals: what it shows that a journal alone does not, and how it gets over a crash."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes import FakeClock
from rdsrestore.domain.ids import RunId
from rdsrestore.store.runs import Runs, StoredRun
from rdsrestore.workflow.journal.index import Comparison, compare
from rdsrestore.workflow.journal.journal import GENESIS, Kind

RUN = RunId("170601-103000-abcd")


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def work(runs: Runs, run: StoredRun, *kinds: Kind) -> None:
    """Write as a process does that begins with the first of these and goes with the last."""
    journal = runs.open(run, FakeClock())
    for kind in kinds:
        journal.append(kind, "", {"index": runs.index.read().head} if kind is Kind.STARTED else {})
    journal.close()


def compared(runs: Runs, run: StoredRun) -> Comparison:
    return compare(run.id.value, run.reading(), runs.index.read())


def cut(run: StoredRun, records: int) -> None:
    lines = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join(lines[:records]))


def test_a_whole_run_is_complete(runs: Runs) -> None:
    run = runs.create(RUN)
    work(runs, run, Kind.STARTED, Kind.NOTICE, Kind.ENDED)
    assert compared(runs, run) == Comparison(known=True, complete=True)
    assert [entry.records for entry in runs.index.read().entries] == [1, 3]


@pytest.mark.parametrize(("records", "known"), [(0, 1), (2, 3), (3, 4), (5, 6)])
def test_records_that_were_taken_away_show_also_behind_an_earlier_ending(runs: Runs, records: int, known: int) -> None:
    run = runs.create(RUN)
    work(runs, run, Kind.STARTED, Kind.NOTICE, Kind.ENDED)
    work(runs, run, Kind.RESUMED, Kind.NOTICE, Kind.ENDED)
    cut(run, records)
    assert compared(runs, run).problem == f"it had {known} records, and has {records}"


def test_a_run_killed_while_it_was_resumed_shows_that_it_had_gone_on(runs: Runs) -> None:
    run = runs.create(RUN)
    work(runs, run, Kind.STARTED, Kind.ENDED)
    work(runs, run, Kind.RESUMED, Kind.NOTICE)
    assert compared(runs, run) == Comparison(known=True, complete=False)
    cut(run, 2)
    assert compared(runs, run).problem == "it had 3 records, and has 2"


def test_a_journal_that_was_written_anew_is_not_the_one_that_was(runs: Runs) -> None:
    run = runs.create(RUN)
    work(runs, run, Kind.STARTED, Kind.NOTICE, Kind.ENDED)
    run.journal.unlink()
    other = Runs(runs.folder / "other").open(run, FakeClock())
    (runs.folder / "other").mkdir()
    for kind in (Kind.STARTED, Kind.PROOF, Kind.ENDED):
        other.append(kind)
    assert "not the one that was written" in compared(runs, run).problem


def test_an_index_that_was_removed_or_cut_does_not_pass_for_an_older_one(runs: Runs) -> None:
    first, second = runs.create(RUN), runs.create(RunId("170602-103000-abcd"))
    work(runs, first, Kind.STARTED, Kind.ENDED)
    work(runs, second, Kind.STARTED, Kind.ENDED)
    lines = runs.index.path.read_bytes().splitlines(keepends=True)
    runs.index.path.write_bytes(b"".join(lines[:1]))
    assert "a line that is gone" in compared(runs, second).problem
    runs.index.path.unlink()
    assert "no entry of it" in compared(runs, first).problem


def test_a_run_of_an_older_release_is_not_known_until_it_is_gone_on_with(runs: Runs) -> None:
    run = runs.create(RUN)
    work(Runs(runs.folder), run, Kind.NOTICE, Kind.ENDED)
    assert compared(runs, run) == Comparison(known=False, complete=False)
    work(runs, run, Kind.RESUMED, Kind.ENDED)
    assert compared(runs, run) == Comparison(known=True, complete=True)


def test_an_ending_that_was_not_entered_is_entered_by_catching_up(runs: Runs) -> None:
    run = runs.create(RUN)
    work(runs, run, Kind.STARTED, Kind.ENDED)
    lines = runs.index.path.read_bytes().splitlines(keepends=True)
    runs.index.path.write_bytes(lines[0] + lines[1][:20])
    assert compared(runs, run) == Comparison(known=True, complete=False)
    assert runs.index.read().torn
    runs.catch_up(run)
    assert compared(runs, run) == Comparison(known=True, complete=True)
    assert runs.index.path.read_bytes() == b"".join(lines)


def test_a_changed_line_is_named_and_stops_no_run(runs: Runs) -> None:
    run = runs.create(RUN)
    work(runs, run, Kind.STARTED, Kind.ENDED)
    runs.index.path.write_bytes(runs.index.path.read_bytes().replace(b'"records":1,', b'"records":9,'))
    assert runs.index.read().broken == 2
    work(runs, runs.create(RunId("170602-103000-abcd")), Kind.STARTED, Kind.ENDED)
    assert len(runs.index.read().hashes) == 4


def test_many_at_once_make_one_chain(runs: Runs) -> None:
    made = [runs.create(RunId(f"1706{day:02}-103000-abcd")) for day in range(10, 20)]
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda run: work(runs, run, Kind.NOTICE, Kind.ENDED), made))
    index = runs.index.read()
    assert (index.broken, len(index.entries), index.entries[0].prev) == (None, 20, GENESIS)
