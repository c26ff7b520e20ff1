"""Whatever stands in a file, a setting or a server's answer: a plain error with a code and a hint, never a traceback."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pymysql
from hypothesis import given, settings
from hypothesis import strategies as st

from rdsrestore.app.context import DECLARING
from rdsrestore.config.load import Keys, load
from rdsrestore.config.settings import Settings
from rdsrestore.diff import chunk_file
from rdsrestore.domain.errors import JournalError, RdsRestoreError, ToolError, UsageError
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import Column
from rdsrestore.mysql.checksum import key_file
from rdsrestore.mysql.dump import dump_scan
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.session import age_key
from rdsrestore.mysql.session.errors import translate
from rdsrestore.steps.recipe import STEPS
from rdsrestore.workflow.journal.index import read_index
from rdsrestore.workflow.journal.journal import Kind, Record, chain, ending, finished, open_steps, read
from rdsrestore.workflow.journal.replay import replay
from tiers import amount

some = settings(max_examples=amount(80, long=5000), deadline=None, derandomize=amount(1, long=0) == 1)
KEYS = sorted(Keys((Settings, *DECLARING)).names)
AT = datetime(2017, 6, 1, 10, 30, tzinfo=UTC)
STORED = sorted((Path(__file__).parent / "stored").rglob("journal.jsonl"))
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
anything = st.recursive(
    plain,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=6), each, max_size=3),
    max_leaves=8,
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["http://[", "~nobody-of-this-name", "a\0b", "/", "1e999", "nan", "-1", ""]
)


def sound(error: RdsRestoreError) -> None:
    assert error.where
    assert error.what
    assert error.hint
    assert error.code
    assert "Traceback" not in str(error)


def refused(kind: type[RdsRestoreError], work: Callable[[], object]) -> None:
    """Do it; if it fails, then with such an error, that says all that an operator needs."""
    try:
        work()
    except kind as error:
        sound(error)


@some
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.sampled_from([*KEYS, "colour"]), texts | st.integers() | st.floats() | st.booleans()).map(
        lambda found: ("[defaults]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in found.items())).encode()
    )
)
def test_settings(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rdsrestore.toml").write_bytes(content)
        refused(UsageError, lambda: load(None, {"USER": "somebody"}, folder, folder, DECLARING))


@some
@given(st.dictionaries(st.sampled_from(KEYS), texts))
def test_variables(found: dict[str, str]) -> None:
    env = {f"RDSRESTORE_{key.upper()}": value for key, value in found.items()}
    with tempfile.TemporaryDirectory() as name:
        refused(UsageError, lambda: load(None, env, Path(name), Path(name), DECLARING))


@some
@given(st.text(max_size=80) | anything.map(lambda found: json.dumps(found) + "\n"))
def test_a_journal_and_the_index_of_journals(text: str) -> None:
    reading = read(text)
    assert not reading.records
    assert not finished(reading)
    assert not read_index(text.encode("utf-8", "surrogatepass")).entries


@some
@given(st.lists(st.tuples(st.sampled_from(Kind), st.sampled_from(STEPS), anything), max_size=4), st.data())
def test_a_run_whose_records_are_whole_and_say_something_else(
    said: list[tuple[Kind, type, object]], data: st.DataObject
) -> None:
    names = ("request", "survey", "steps", "intent", "fact", "remains", "exit_code", "kept", "problem")
    known = list(read(data.draw(st.sampled_from(STORED)).read_text("utf-8")).records[:1])
    made: list[Record] = known if data.draw(st.booleans()) else []
    for kind, step, value in said:
        fields = {data.draw(st.sampled_from(names)): value, "is": "x"}
        name = str(step.name)  # type: ignore[attr-defined]  # every step has a name
        made.append(chain(made[-1] if made else None, AT, kind, name, fields))  # type: ignore[arg-type]  # any JSON
    ending(made)
    open_steps(made)
    refused(JournalError, lambda: replay(made, STEPS))


@some
@given(st.binary(max_size=60) | anything.map(lambda found: json.dumps(found).encode()))
def test_slices(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "slices-t.jsonl"
        path.write_bytes(content)
        refused(JournalError, lambda: list(chunk_file.read(path)))


@some
@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")))
def test_given_keys(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "keys"
        path.write_bytes(content)
        refused(UsageError, lambda: list(key_file.read(path)))


HEAD = b"/*!40101 SET NAMES utf8mb4 */;\nINSERT INTO `t` (`id`) VALUES\n"


@some
@given(st.binary(max_size=80) | st.binary(max_size=30).map(lambda rows: HEAD + rows + b";\n-- Dump completed\n"))
def test_a_dump(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "t.sql").write_bytes(content)
        store = DumpStore(Path(name), None)
        refused(ToolError, lambda: dump_scan.scan(store, "t.sql", "t", (Column("id", "int", "int", nullable=False),)))


@some
@given(texts | st.text(max_size=80).map(lambda text: f"AGE-SECRET-KEY-1{text}") | st.just("# only\n# comments"))
def test_the_key_of_dumps(text: str) -> None:
    refused(UsageError, lambda: age_key.check(Secret(text)))


@some
@given(
    st.sampled_from(
        [pymysql.MySQLError, pymysql.OperationalError, pymysql.err.InternalError, pymysql.ProgrammingError]
    ),
    st.lists(plain | st.integers(1000, 4100), max_size=3),
)
def test_what_a_server_answers(kind: type[pymysql.MySQLError], said: list[object]) -> None:
    found = translate("production", kind(*said))
    assert found.where
    assert found.what
    assert found.code


def test_an_error_that_says_nothing_of_what_to_do_next_would_be_found() -> None:
    with suppress(AssertionError):
        sound(UsageError("where", "what"))
        raise RuntimeError
