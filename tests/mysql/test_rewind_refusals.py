"""Every reason for which rows are not had from the binlog, each met here or in the tests beside; none goes without."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import FakeWorld, definition, request
from rdsrestore.app.requests.rows_from import settled
from rdsrestore.domain.errors import DatabaseError, RdsRestoreError, Refused, ToolError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.domain.tables.definition import ForeignKey, TableDefinition
from rdsrestore.mysql.binlog import log_events
from rdsrestore.mysql.binlog.log_events import CRC32, Kind, LogEvent
from rdsrestore.mysql.rewind import rows_from_binlog
from rdsrestore.mysql.rewind.log_walk import LogWalk, Sought
from rdsrestore.mysql.rewind.row_changes import event
from rdsrestore.mysql.rewind.whole_log import refuse_unfit

REF = TableRef("shop", "w")
MOMENT = 1_000
FORMAT = b"\x04\x00" + b"10.11.8-MariaDB".ljust(50, b"\0") + bytes(4) + b"\x13" + bytes(40) + bytes([CRC32])
LONG = 3
"""The number of INT among the types of columns."""


def mapped(table: str = "w", columns: int = 1, *, nullable: bool = False) -> bytes:
    """The body of a table map of INT columns."""
    names = b"\x04shop\0" + bytes([len(table)]) + table.encode() + b"\0"
    return (
        (7).to_bytes(6, "little") + bytes(2) + names + bytes([columns]) + bytes([LONG] * columns) + bytes([0, nullable])
    )


def deleted(columns: int = 1, present: int | None = None) -> bytes:
    """The body of a DELETE of one row."""
    every = (1 << columns) - 1 if present is None else present
    shown = every.bit_count()
    return (7).to_bytes(6, "little") + b"\1\0" + bytes([columns, every]) + b"\0" + bytes(4) * shown


def said(text: str) -> bytes:
    """The body of a statement that was logged as text."""
    return (9).to_bytes(4, "little") + bytes(4) + b"\x04" + bytes(2) + bytes(2) + b"shop\0" + text.encode("latin1")


Body = tuple[int, bytes]
GTID: Body = (Kind.MARIADB_GTID, bytes(19))
ALONE: Body = (Kind.MARIADB_GTID, bytes(12) + b"\1" + bytes(6))
XID: Body = (Kind.XID, bytes(8))
MAP: Body = (Kind.TABLE_MAP, mapped())
GONE: Body = (Kind.DELETE_V1, deleted())
FORM: Body = (Kind.FORMAT, FORMAT)


def rotate(to: str) -> Body:
    return Kind.ROTATE, bytes(8) + to.encode()


def log(*bodies: Body, at: int = MOMENT + 5) -> Iterator[LogEvent]:
    """A file of events, with their checksums, read as any other."""
    data = b"".join((log_events.MAGIC, *(event(kind, at, 1, body) for kind, body in bodies)))
    return log_events.walk(memoryview(data), "log.000001")


def walked(*files: tuple[str, Sequence[Body]], carriers: frozenset[TableRef] = frozenset()) -> LogWalk:
    walk = LogWalk(Sought(REF, 1, MOMENT, carriers))
    for name, bodies in files:
        walk.take(name, log(*bodies))
    walk.finish()
    return walk


def one(*bodies: Body) -> tuple[str, Sequence[Body]]:
    return "log.000001", (FORM, *bodies)


TOLD: dict[str, Sequence[tuple[str, Sequence[Body]]]] = {
    r"does not say of which form": [("log.000001", (GTID, MAP, GONE, XID))],
    r"holds at byte \d+ what is not known: rows of a table that is not named": [one(GTID, GONE, XID)],
    r"what is not known: an event of type 19 outside of a transaction": [one(MAP)],
    r"was closed, and what was written since is not there": [one(GTID, XID, rotate("log.000002"))],
    r"has no end, as after a crash": [one(GTID, XID), ("log.000002", (FORM,))],
    r"after log.000001 comes log.000003, and there is a gap": [one(rotate("log.000002")), ("log.000003", (FORM,))],
    r"after log.000001 comes log.000002, and there is a gap": [one(rotate("log.000009")), ("log.000002", (FORM,))],
    r"runs another release now": [
        one(rotate("log.000002")),
        ("log.000002", ((Kind.FORMAT, FORMAT.replace(b"10.11", b"11.08")),)),
    ],
    r"a distributed transaction \(XA\) was prepared": [one(GTID, MAP, GONE, (Kind.XA_PREPARE, b"\0"))],
    r"a distributed transaction \(XA\) ended since": [one(ALONE, (Kind.QUERY, said("XA COMMIT 'a'")))],
    r"the server lost events": [one(GTID, (Kind.INCIDENT, b"\0"), XID)],
    r"an event of type 99, of which it is not known what it did": [one(GTID, (99, b"\0"), XID)],
    r"another number of columns": [one(GTID, (Kind.TABLE_MAP, mapped(columns=2)), (Kind.DELETE_V1, deleted(2)), XID)],
    r"JSON values are logged as differences": [one(GTID, MAP, (Kind.PARTIAL_UPDATE, deleted()), XID)],
    r"logged without some of their columns": [one(GTID, MAP, (Kind.DELETE_V1, deleted(present=0)), XID)],
    r"rows that stand in the binlog were rolled back": [
        one(GTID, (Kind.QUERY, said("BEGIN")), MAP, GONE, (Kind.QUERY, said("ROLLBACK")))
    ],
    r"a statement since \(INSERT\) is logged as text": [one(ALONE, (Kind.QUERY, said("INSERT INTO x VALUES (1)")))],
    r"a statement since \(LOAD\) is logged as text": [one(ALONE, (Kind.QUERY, said("LOAD DATA INFILE 'x' INTO x")))],
    r"a statement since \(CALL\) is logged as text": [one(ALONE, (Kind.QUERY, said("CALL p()")))],
    r"an event of type 18, of which": [one(GTID, (Kind.EXECUTE_LOAD, bytes(40)), XID)],
    r"a statement since \(unknown\) is logged": [one(ALONE, (Kind.QUERY, said("()")))],
    r"the text of a statement since \(DROP\) can't be read": [one(ALONE, (Kind.QUERY, said("DROP TABLE `\xe9`")))],
    r"a statement since \(ALTER\) names w": [one(ALONE, (Kind.QUERY, said("ALTER TABLE w ADD KEY (id)")))],
    r"a statement since \(DROP\) names w": [one(ALONE, (Kind.QUERY, said("DROP DATABASE shop")))],
    r"ends within a transaction": [one(GTID, MAP, GONE, rotate("log.000002")), ("log.000002", (FORM,))],
    r"was defined otherwise for some of the rows": [
        one(GTID, MAP, GONE, XID, GTID, (Kind.TABLE_MAP, mapped(nullable=True)), GONE, XID)
    ],
}
"""What the walk through the log refuses, and a log with it."""


@pytest.mark.parametrize("reason", TOLD)
def test_what_the_log_can_not_tell_is_refused_with_the_reason_and_the_way_out(reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        assert walked(*TOLD[reason]).form_of_all.type == Kind.FORMAT
    assert refused.value.code == "binlog.unproved"
    assert "--rows-from backup" in refused.value.hint


def test_the_same_log_without_any_of_that_gives_its_rows() -> None:
    walk = walked(one(GTID, MAP, GONE, XID, rotate("log.000002")), ("log.000002", (FORM, GTID, MAP, GONE, XID)))
    assert [(change.act, len(change.rows)) for change in walk.changes] == [("delete", 1)] * 2
    assert walk.added == -2


def test_a_parent_that_may_have_carried_its_deletes_along_is_named() -> None:
    parent = (Kind.TABLE_MAP, mapped("p"))
    with pytest.raises(Refused, match=r"rows of shop\.p were changed since, which a foreign key's rule"):
        walked(one(GTID, parent, GONE, XID), carriers=frozenset({TableRef("shop", "p")}))


def test_a_transaction_that_began_before_the_moment_and_is_noted_after_it_is_refused() -> None:
    walk = LogWalk(Sought(REF, 1, MOMENT))
    earlier = log(FORM, GTID, MAP, GONE, XID, at=MOMENT - 5)
    with pytest.raises(Refused, match="began before the moment was noted after it"):
        walk.take("log.000001", (*log(FORM, GTID, XID), *tuple(earlier)[1:], *log(GTID)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"PK\3\4 something else", "this is no binlog"),
        (log_events.ENCRYPTED_MAGIC + bytes(300), "is encrypted as it lies on the server"),
        (log_events.MAGIC + event(Kind.FORMAT, 1, 1, FORMAT)[:-9], "it ends within an event"),
        (
            log_events.MAGIC + event(Kind.FORMAT, 1, 1, FORMAT.replace(b"8", b"9"))[:-4] + b"wrong"[:4],
            "checksum is wrong",
        ),
        (
            log_events.MAGIC + event(Kind.FORMAT, 1, 1, FORMAT) + event(Kind.PAYLOAD, 1, 1, b"\2\1\0\0not zstd"),
            "a compressed transaction can't be unpacked",
        ),
    ],
)
def test_a_file_that_is_torn_encrypted_or_no_log_at_all_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "log.000001").write_bytes(data)
    walk = LogWalk(Sought(REF, 1, MOMENT))
    with pytest.raises(ToolError, match=reason) as refused:
        walk.take("log.000001", log_events.read(tmp_path / "log.000001", "log.000001"))
    assert refused.value.code == "binlog.torn"


FIT = definition(REF, key_index="PRIMARY", create_sql="CREATE TABLE w (id INT)")
UNFIT: dict[str, TableDefinition] = {
    "is no base table": replace(FIT, kind="VIEW"),
    "keeps its rows' history itself": replace(FIT, versioned=True),
    "is not of InnoDB": replace(FIT, engine="MyISAM"),
    "has no primary key": replace(FIT, key_index="unique_one"),
    "is not plain ASCII": replace(FIT, ref=TableRef("shop", "w\xe9")),
    "can't be read as text": replace(FIT, create_sql=""),
    "carry others with them without a trace": replace(
        FIT, references=(ForeignKey("f", REF, ("up",), REF, ("id",), "CASCADE"),)
    ),
}
"""Tables of whose rows row events alone do not tell."""


@pytest.mark.parametrize("reason", UNFIT)
def test_a_table_of_which_row_events_do_not_tell_all_is_refused(reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        refuse_unfit("10.11.8-MariaDB", UNFIT[reason])


@pytest.mark.parametrize(
    "error",
    [
        Refused("--rows-from", "a statement since (DELETE) is logged as text", code="binlog.unproved"),
        Refused("--rows-from", "the binlog has no change of shop.billing", code="copy.empty"),
        ToolError("find", "log.000001 is not sound at byte 9", code="binlog.torn"),
        ToolError("--rows-from", "mysqld is not on this machine", code="tool.missing"),
        DatabaseError("find", "production writes no binlog", code="binlog.off"),
    ],
)
def test_auto_takes_the_backup_with_the_reason_whatever_is_in_the_way(error: RdsRestoreError) -> None:
    world, lines = FakeWorld(), list[str]()
    world.server.faults.fail("rows_from_binlog", error)

    asked = settled(request(rows_from=RowsFrom.AUTO), lines.append, world.world())

    assert asked.rows_from is RowsFrom.BACKUP
    assert lines[1:] == [f"the rows come from the backup: the binlog does not do, since {error.what}"]
    assert settled(request(rows_from=RowsFrom.AUTO), lines.append, world.world()).rows_from is RowsFrom.AUTO


def test_auto_takes_the_backup_for_what_the_binlog_can_not_give() -> None:
    lines = list[str]()
    wanted = replace(request(rows_from=RowsFrom.AUTO), tables=("billing", "lines"))
    assert settled(wanted, lines.append, FakeWorld().world()).rows_from is RowsFrom.BACKUP
    assert "TABLE does not go with it: it takes one table at a time" in lines[1]


def reasons(module: Path) -> Iterator[str]:
    """Take the sentences of a module that say why not: what is neither a docstring nor a hint, with `X` for a value."""
    tree = ast.parse(module.read_text())
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs | within:
            yield node.value


SAID = ("reading ", "starting a ", "the proof: ", "production was changed meanwhile", "SET ", "DROP ", "--")
HINTS = ("use --", "choose a", "or use --", "install ", "put a ", "free some", "look at it", "set TMPDIR")
GUARDS = ("played forward again X has", "X bytes came of X")
"""What no log that a server wrote leads to: a strict replay, or the fetching of a file, finds it before."""


def sentences(module: Path) -> list[str]:
    """Take those that refuse."""
    aside = SAID + HINTS + GUARDS
    return [text for text in reasons(module) if text.count(" ") > 3 and not text.startswith(aside) and "\\" not in text]


MODULES = ("log_walk", "harmless", "row_changes", "whole_log", "replay", "rows_from_binlog", "scratch_server")
TESTS = ("test_rewind_refusals.py", "test_rows_from_binlog.py", "test_scratch_server.py")
ENOUGH = 14
"""Characters by which a sentence is known again."""


@pytest.mark.parametrize("module", MODULES)
def test_no_sentence_that_refuses_goes_without_a_test(module: str) -> None:
    tests = "".join((Path(__file__).parent / name).read_text() for name in TESTS)
    known = re.sub(r"\\([().])", r"\1", tests)
    for sentence in sentences(Path(rows_from_binlog.__file__).parent / f"{module}.py"):
        part = max((part.strip(" ,;:()") for part in sentence.split("X")), key=len)
        windows = [part[at : at + ENOUGH] for at in range(max(1, len(part) - ENOUGH + 1))]
        assert any(window in known for window in windows), sentence
