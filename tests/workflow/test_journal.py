from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.workflow.journal.journal import Kind, Record, chain, ending, finished, open_steps, read

AT = datetime(2017, 6, 1, 10, 30, tzinfo=UTC)


def written(*records: tuple[Kind, str]) -> list[Record]:
    made: list[Record] = []
    for kind, step in records:
        made.append(chain(made[-1] if made else None, AT, kind, step, {"text": "Übergabe »✓«"}))
    return made


def text(records: list[Record]) -> str:
    return "".join(record.line() + "\n" for record in records)


RUN = [(Kind.STARTED, ""), (Kind.INTENT, "own-group"), (Kind.DONE, "own-group"), (Kind.INTENT, "restore-instance")]


def test_what_was_written_is_read_back() -> None:
    records = written(*RUN)
    assert read(text(records)).records == tuple(records)


@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    whole = text(written(*RUN)).encode()
    place = data.draw(st.integers(0, len(whole) - 2))
    changed = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
    damaged = whole[:place] + bytes([changed]) + whole[place + 1 :]
    reading = read(damaged.decode("utf-8", errors="replace"))
    assert reading.broken is not None or reading.torn


def test_a_removed_line_is_found_where_it_is_missing() -> None:
    records = written(*RUN)
    broken = read(text(records[:1] + records[2:])).broken
    assert broken is not None
    assert (broken.line, broken.problem) == (2, "does not follow the line before it")


def test_a_rewritten_line_is_found_although_its_own_hash_fits() -> None:
    records = written(*RUN)
    forged = chain(records[0], AT, Kind.INTENT, "nothing-at-all", {})
    broken = read(text([records[0], forged, *records[2:]])).broken
    assert broken is not None
    assert broken.line == 3


def test_a_torn_last_line_is_left_out_and_said() -> None:
    whole = text(written(*RUN))
    reading = read(whole[:-10])
    assert reading.torn
    assert reading.broken is None
    assert len(reading.records) == 3


def test_another_version_is_not_read_as_this_one() -> None:
    line = json.loads(written(*RUN)[0].line()) | {"v": 99}
    broken = read(json.dumps(line) + "\n").broken
    assert broken is not None


def test_open_steps_are_the_intents_not_undone_newest_first() -> None:
    records = written(*RUN, (Kind.UNDONE, "restore-instance"), (Kind.INTENT, "scratch"))
    assert [record.step for record in open_steps(records)] == ["scratch", "own-group"]


def test_a_failed_undo_stays_open() -> None:
    records = written(*RUN, (Kind.UNDO_FAILED, "restore-instance"))
    assert [record.step for record in open_steps(records)] == ["restore-instance", "own-group"]


@pytest.mark.parametrize("line", ["", "{}", "[]", '"x"', "null", '{"v":1}'])
def test_a_line_of_something_else_is_a_break(line: str) -> None:
    assert read(line + "\n").broken is not None


def told(*records: tuple[Kind, str, dict[str, object]]) -> list[Record]:
    made: list[Record] = []
    for kind, step, data in records:
        made.append(chain(made[-1] if made else None, AT, kind, step, data))  # type: ignore[arg-type]  # plain JSON
    return made


def test_what_was_there_after_its_undo_is_open_again() -> None:
    done = [*RUN, (Kind.UNDONE, "restore-instance"), (Kind.UNDONE, "own-group")]
    records = told(*((kind, step, {}) for kind, step in done), (Kind.PROOF, "", {"remains": ["instance x"]}))
    assert [record.step for record in open_steps(records)] == ["restore-instance", "own-group"]
    gone = told(*((kind, step, {}) for kind, step in done), (Kind.PROOF, "", {"remains": []}))
    assert open_steps(gone) == ()


def test_a_cleanup_is_no_ending_and_going_on_takes_one_back() -> None:
    said: dict[str, object] = {"exit_code": 5, "headline": "failed", "error": "db.lost", "changed": True}
    ended = (Kind.ENDED, "", said)
    cleaned = (Kind.CLEANED, "", {"exit_code": 0, "headline": "nothing is left"})
    assert ending(told(ended)) == ending(told(ended, cleaned)) == Ending(5, "failed", "db.lost", changed=True)
    assert ending(told(ended, (Kind.RESUMED, "", {}))) is None
    assert ending(told((Kind.INTENT, "load", {}))) is None


@pytest.mark.parametrize("last", list(Kind))
def test_a_journal_is_finished_where_a_process_was_through(last: Kind) -> None:
    whole = text(written((Kind.STARTED, ""), (last, "")))
    assert finished(read(whole)) is (last in {Kind.ENDED, Kind.CLEANED})
    assert not finished(read(whole + '{"v":1,'))
    assert not finished(read(""))
