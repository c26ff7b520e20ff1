"""The rows of one transaction, as they were before it and as it left them, and what was done to them later.

Its events alone, turned back in an empty table, give the one, and played forward again the other. They are believed
once all events since, played back and forward, have led to what production holds now.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from rdsrestore.diff import chunk_file
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.incident import from_epoch
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.target import AFTER, Located, TurnedBack
from rdsrestore.domain.tables.transaction import LISTED, LaterChange, LaterChanges, LoggedTransaction, gathered
from rdsrestore.mysql.binlog import fetch, history
from rdsrestore.mysql.binlog.row_images import TableMap, bit, table_map
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.rewind.log_walk import UNPROVED, Group, LogWalk, Sought
from rdsrestore.mysql.rewind.named_transaction import UNKNOWN, WHERE
from rdsrestore.mysql.rewind.replay import Replay
from rdsrestore.mysql.rewind.row_changes import RowChange
from rdsrestore.mysql.rewind.rows_from_binlog import TRIES, Copy, Server, check, chunks, discarding, keys_of
from rdsrestore.mysql.rewind.scratch_server import scratch_server
from rdsrestore.mysql.rewind.whole_log import carriers, to_the_end
from rdsrestore.mysql.session.login.connection import connect
from rdsrestore.ports.progress import Progress

ENCODINGS = {"utf8mb4": "utf-8", "utf8mb3": "utf-8", "utf8": "utf-8", "latin1": "cp1252", "ascii": "ascii"}
Keys = frozenset[tuple[bytes | str, ...]]


def rows_of_transaction(
    production: Server,
    definitions: Sequence[TableDefinition],
    transaction: LoggedTransaction,
    store: DumpStore,
    progress: Progress,
) -> tuple[TurnedBack, ...]:
    """Dump a transaction's rows of some tables, as it found them, and beside them as it left them.

    Refused with code `binlog.unproved` where it is not certain that they are all and right; ToolError where a program
    is missing or fails, or a file is torn.
    """
    session = production.session
    (program, *_same) = [check(session, definition) for definition in definitions]
    (names,) = session.one("SELECT @@lower_case_table_names")
    with advising(transaction), fetch.folder() as place, ExitStack() as kept:
        for definition in definitions:
            kept.enter_context(discarding(store, definition))
        progress("starting a scratch server on this machine", None)
        with scratch_server(program, place, int(names)) as login, closing(connect(login, "the scratch server")) as own:
            for _try in range(TRIES):
                walks = since(production, definitions, transaction, place, progress)
                scratch = Server(own, login)
                jobs = list(zip(definitions, walks, strict=True))
                found = [alone(each, walk, scratch, store, progress) for each, walk in jobs]
                if all(proved(production, each, walk, scratch, place, progress) for each, walk in jobs):
                    return tuple(found)
                progress("production was changed meanwhile; reading on", None)
        what = "played forward again the rows since the transaction are not what production holds"
        raise Refused(WHERE, what, "", code=UNPROVED)


def later_changes(
    production: Server,
    definitions: Sequence[TableDefinition],
    transaction: LoggedTransaction,
    progress: Progress,
) -> LaterChanges:
    """Name the later transactions that changed rows of one; raises what `rows_of_transaction` raises."""
    for definition in definitions:
        check(production.session, definition)
    with advising(transaction), fetch.folder() as place:
        walks = since(production, definitions, transaction, place, progress)
        return gathered([later(each, walk) for each, walk in zip(definitions, walks, strict=True)])


@contextmanager
def advising(transaction: LoggedTransaction) -> Iterator[None]:
    """Name the way that is left where a transaction's rows are not proved."""
    try:
        yield
    except Refused as error:
        if error.code != UNPROVED:
            raise
        hint = f"the backup has its rows: the same without {WHERE}, with --before {transaction.at:%Y-%m-%dT%H:%M:%SZ}"
        raise Refused(WHERE, error.what, hint, code=UNPROVED) from error


def since(
    production: Server,
    definitions: Sequence[TableDefinition],
    transaction: LoggedTransaction,
    place: Path,
    progress: Progress,
) -> list[LogWalk]:
    """Gather what was done to tables by a transaction and since; Refused where it is not there any more."""
    session, first = production.session, (transaction.file, transaction.position)
    walks = [
        LogWalk(Sought(each.ref, len(each.columns), 0, carriers(session, each.ref), first)) for each in definitions
    ]
    listed = history.listing(session)
    start = next((number for number, file in enumerate(listed) if file.name == transaction.file), None)
    if start is None:
        what = f"{transaction.file}, which has transaction {transaction}, was removed from the server meanwhile"
        raise Refused(WHERE, what, "the backup still has its rows: --before, without --transaction", code=UNKNOWN)
    to_the_end(session, production.login, walks, listed[start:], place, progress)
    for definition, walk in zip(definitions, walks, strict=True):
        if not walk.groups or walk.groups[0].place != first:
            raise Refused(WHERE, f"{transaction} changed no row of {definition.ref}", "", code=UNPROVED)
    return walks


def alone(
    definition: TableDefinition, walk: LogWalk, scratch: Server, store: DumpStore, progress: Progress
) -> TurnedBack:
    """Play the first of a walk's transactions alone, and dump its rows before and after."""
    own, folder = walk.groups[0].changes, store.folder
    copy = Copy(scratch.session, scratch.login, definition, Replay(scratch.session, definition, walk.form_of_all))
    path = keys_of(folder, definition)
    copy.back(own, progress)
    before = copy.keys
    chunk_file.write(path, chunks(before))
    dump = copy.dumped(Selection(None, path), store, progress)
    copy.again(own, progress)
    touched = chunk_file.write(path, chunks(list(dict.fromkeys((*before, *copy.keys)))))
    (folder / AFTER).mkdir(mode=0o700, exist_ok=True)
    after = copy.dumped(Selection(None, path), store.at(AFTER), progress)
    located = Located(definition.ref, str(path), *touched)
    return TurnedBack(dump, located, located, after, later(definition, walk))


def proved(
    production: Server,
    definition: TableDefinition,
    walk: LogWalk,
    scratch: Server,
    place: Path,
    progress: Progress,
) -> bool:
    """Say whether all that was done since leads to what production holds now."""
    copy = Copy(scratch.session, scratch.login, definition, Replay(scratch.session, definition, walk.form_of_all))
    copy.back(walk.changes, progress)
    return copy.meets(production.session, copy.touched(walk, place, progress))


def later(definition: TableDefinition, walk: LogWalk) -> LaterChanges:
    """Name the later transactions that changed rows of the first one, and rows that these became."""
    own, *others = walk.groups
    tracked = {key for change in own.changes for keys in row_keys(definition, change) for key in keys}
    found = []
    for group in others:
        hit: set[frozenset[object]] = set()
        for keys in (keys for change in group.changes for keys in row_keys(definition, change)):
            if not tracked.isdisjoint(keys):
                hit.add(frozenset(keys))
                tracked |= keys
        if hit:
            found.append(told(definition, group, len(hit)))
    return LaterChanges(tuple(found[:LISTED]), len(found[LISTED:]))


def told(definition: TableDefinition, group: Group, rows: int) -> LaterChange:
    """Say what a later transaction did."""
    return LaterChange(definition.ref, rows, *group.place, from_epoch(group.began), group.gtid)


def row_keys(definition: TableDefinition, change: RowChange) -> Iterator[Keys]:
    """Read the keys of each row that a change hit: of an update the one before and the one after."""
    known = table_map(change.map)[1]
    places = {number: column for number, column in enumerate(definition.columns) if column.name in definition.key}
    return (frozenset(key_of(image, known, places) for image in row) for row in change.rows)


def key_of(image: memoryview, known: TableMap, places: dict[int, Column]) -> tuple[bytes | str, ...]:
    """Read a row's key as the bytes that it is written in."""
    at = (len(known.lengths) + 7) // 8
    nulls, last, found = bytes(image[:at]), max(places), []
    for number, (size, width) in enumerate(known.lengths[: last + 1]):
        if bit(nulls, number):
            continue
        start = at + width
        at += size + (width + int.from_bytes(image[at + size : at + size + width], "little") if width else 0)
        if number in places:
            found.append(comparable(bytes(image[start:at]), places[number]))
    return tuple(found)


def comparable(value: bytes, column: Column) -> bytes | str:
    """Make texts that a collation may call equal the same: rather a change too many is named than one too few."""
    encoding = ENCODINGS.get(column.charset or "")
    if not encoding or (column.collation or "").endswith("_bin"):
        return value
    plain = unicodedata.normalize("NFKD", value.decode(encoding, "replace"))
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold().rstrip()
