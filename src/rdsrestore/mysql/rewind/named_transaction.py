"""Finds one transaction in production's binlog by its name, and says which tables it touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from rdsrestore.domain.errors import Refused, ToolError, UsageError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import KeptFile, from_epoch
from rdsrestore.domain.tables.transaction import Form, LoggedTransaction, TouchedTable, TransactionName
from rdsrestore.mysql.binlog import decode, fetch, files, history, log_events
from rdsrestore.mysql.binlog.changes import COMPRESSED, NAMES, ROWS, SECOND, UPDATES, WRITES, named
from rdsrestore.mysql.binlog.log_events import AGAIN, Kind, LogEvent
from rdsrestore.mysql.binlog.row_images import TableMap, Unknown, count, rows_event, table_map
from rdsrestore.mysql.dump.program.client_programs import Client
from rdsrestore.mysql.rewind.log_walk import BESIDE
from rdsrestore.mysql.session.login.connection import Login, Session
from rdsrestore.ports.progress import Progress

WHERE = "--transaction"
BETWEEN = BESIDE | {Kind.FORMAT, Kind.ROTATE, Kind.STOP}
"""Events that are part of no transaction."""
OTHER = {
    Form.MYSQL: ("mariadb", "a GTID of MySQL, and production is MariaDB", "domain-server-sequence"),
    Form.MARIADB: ("mysql", "a GTID of MariaDB, and production is MySQL", "uuid:number"),
}
UNKNOWN = "transaction.unknown"


def located(
    session: Session, login: Login, name: TransactionName, since: datetime | None, progress: Progress
) -> LoggedTransaction:
    """Find a transaction: in the file that its name has, else in the newest file first, not in those before `since`.

    UsageError for a GTID of the other family, Refused with code `transaction.unknown` where it is not there. Raises
    what `history.timeline` raises, too.
    """
    refuse_other_family(session, name)
    client, listed = fetch.program(history.family(session)), history.listing(session)
    looked_at = candidates(listed, name) if since is None else bounded(login, client, candidates(listed, name), since)
    with fetch.folder() as place:
        for file in looked_at:
            progress(f"looking for transaction {name.text} in {file.name} ({file.size / 1e6:,.0f} MB)", None)
            path = fetch.fetch(login, client, file, place)
            found = in_file(log_events.read(path, file.name), file.name, name)
            path.unlink()
            if found:
                return found
    raise missing(login, client, listed, looked_at, name)


def refuse_other_family(session: Session, name: TransactionName) -> None:
    """Refuse a GTID that no server of production's family gives."""
    family, what, form = OTHER.get(name.form, ("", "", ""))
    if family == history.family(session):
        raise UsageError(WHERE, f"{name.text} is {what}", f"give {form} or FILE:POSITION, as rdsrestore find shows")


def candidates(listed: Sequence[KeptFile], name: TransactionName) -> list[KeptFile]:
    """Choose the files that a transaction may stand in, newest first."""
    return [file for file in reversed(listed) if name.form is not Form.PLACE or file.name == name.file]


def bounded(login: Login, client: Client, newest_first: Sequence[KeptFile], since: datetime) -> list[KeptFile]:
    """Leave out the files that were at an end before a moment."""
    oldest_first = list(reversed(newest_first))
    span = files.spanning(oldest_first, since, datetime.now(UTC), lambda file: fetch.begun(login, client, file))
    start = oldest_first.index(span.files[0]) if span.files else 0
    return list(reversed(oldest_first[start:]))


def missing(
    login: Login, client: Client, listed: Sequence[KeptFile], looked_at: Sequence[KeptFile], name: TransactionName
) -> Refused:
    """Say that a transaction is not in the log, and what is kept of that."""
    if name.form is Form.PLACE and looked_at:
        what = f"no transaction has an event that begins at byte {name.position:,} of {name.file}"
        hint = "give the position of one of its events, as rdsrestore find or SHOW BINLOG EVENTS shows it"
        return Refused(WHERE, what, hint, code=UNKNOWN)
    kept = "which is empty"
    if listed:
        begins = fetch.begun(login, client, listed[0])
        kept = f"which goes from {listed[0].name}, begun at {begins:%Y-%m-%d %H:%M:%S} UTC, to {listed[-1].name}"
    part = " since --before" if name.form is not Form.PLACE and len(looked_at) < len(listed) else ""
    what = f"{name.text} is not in production's binlog{part}, {kept}"
    hint = "rdsrestore find names the transactions that are kept; for older ones: --before, with the backup's rows"
    return Refused(WHERE, what, hint, code=UNKNOWN)


def in_file(events: Iterable[LogEvent], file: str, name: TransactionName) -> LoggedTransaction | None:
    """Look for a transaction in a file's events; ToolError where they can't be understood."""
    for group in groups(events):
        first = decode.transaction(group[0])
        at = name.position in {event.position for event in group}
        if at if name.form is Form.PLACE else first.gtid == name.text:
            try:
                tables = tuple(touched(group))
            except (IndexError, ValueError, Unknown) as error:
                what = f"{file} holds after byte {group[0].position:,} what can't be read: {error}"
                raise ToolError(WHERE, what, AGAIN, code="binlog.unknown") from error
            return LoggedTransaction(file, group[0].position, from_epoch(group[0].at), first.gtid, tables)
    return None


def groups(events: Iterable[LogEvent]) -> Iterator[list[LogEvent]]:
    """Yield the events of each transaction."""
    group: list[LogEvent] = []
    for event in events:
        if event.type in NAMES | BETWEEN:
            if group:
                yield group
            group = []
        if event.type in NAMES or group:
            group.append(event)
    if group:
        yield group


def touched(group: Iterable[LogEvent]) -> Iterator[TouchedTable]:
    """Count a transaction's rows by table and kind."""
    maps: dict[int, tuple[TableRef, TableMap]] = {}
    found: dict[TableRef, Counter[str]] = {}
    for event in group:
        number = int.from_bytes(event.body[:6], "little")
        if event.type == Kind.TABLE_MAP:
            maps[number] = named(event.body), table_map(event.body)[1]
        elif event.type in ROWS and number in maps:
            ref, known = maps[number]
            update = event.type in UPDATES
            kind = "updated" if update else "inserted" if event.type in WRITES else "deleted"
            head = rows_event(
                event.body, second=event.type in SECOND, update=update, compressed=event.type in COMPRESSED
            )
            partial = event.type == Kind.PARTIAL_UPDATE
            found.setdefault(ref, Counter())[kind] += count(head, known, partial=partial)
    return (TouchedTable(ref, **rows) for ref, rows in found.items())
