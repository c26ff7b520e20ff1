"""Production's binlog from before a moment to its present end, every file of it, walked through as it is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rdsrestore.domain.errors import Refused
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import KeptFile
from rdsrestore.domain.tables.definition import TAKES_CHILDREN, TableDefinition
from rdsrestore.mysql.binlog import fetch, files, history, log_events
from rdsrestore.mysql.binlog.log_events import torn
from rdsrestore.mysql.dump.program.client_programs import Client
from rdsrestore.mysql.rewind.log_walk import HINT, UNPROVED, LogWalk, Sought
from rdsrestore.mysql.session.login.connection import Login, Session
from rdsrestore.ports.progress import Progress


def walked(
    session: Session, login: Login, definition: TableDefinition, moment: datetime, place: Path, progress: Progress
) -> LogWalk:
    """Gather what was done to a table since a moment; Refused with code `binlog.unproved` where that is not certain.

    Raises what `history.timeline` raises, too.
    """
    client = fetch.program(history.family(session))
    walk = LogWalk(
        Sought(definition.ref, len(definition.columns), int(moment.timestamp()), carriers(session, definition.ref))
    )
    to_the_end(session, login, [walk], since(session, login, client, moment), place, progress)
    return walk


def to_the_end(
    session: Session,
    login: Login,
    walks: Sequence[LogWalk],
    listed: Sequence[KeptFile],
    place: Path,
    progress: Progress,
) -> None:
    """Take walks, a table each, through files and those that come after them, to the present end."""
    client = fetch.program(history.family(session))
    todo, done = listed, set[str]()
    while todo:
        for number, file in enumerate(todo, 1):
            progress(f"reading {file.name}, {number} of {len(todo)} ({file.size / 1e6:,.0f} MB)", None)
            path = fetch.fetch(login, client, file, place)
            if number < len(todo) and path.stat().st_size != file.size:
                raise torn(file.name, file.size, f"{path.stat().st_size:,} bytes came of {file.size:,}")
            for walk in walks:
                walk.take(file.name, log_events.read(path, file.name))
            done.add(file.name)
        ended = all(walk.ended for walk in walks)
        todo = [each for each in history.listing(session) if each.name not in done] if ended else []
    for walk in walks:
        walk.finish()


def since(session: Session, login: Login, client: Client, moment: datetime) -> Sequence[KeptFile]:
    """List the files from the one on that holds a moment; Refused where the server has it no more."""
    listed = history.listing(session)
    span = files.spanning(listed, moment, moment, lambda file: fetch.begun(login, client, file))
    if not span.files or span.kept_from is None or span.kept_from >= moment.replace(microsecond=0):
        begins = f"begins at {span.kept_from.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if span.kept_from else "is empty"
        what = f"production's binlog {begins}, and the moment lies before that"
        raise Refused("--rows-from", what, HINT, code=UNPROVED)
    return listed[listed.index(span.files[0]) :]


def refuse_unfit(greeted: str, definition: TableDefinition) -> None:
    """Refuse a table whose rows can't be had from row events alone, of a server that greets so."""
    ref = definition.ref
    problems = {
        f"{ref} is no base table": definition.kind != "BASE TABLE",
        f"{ref} keeps its rows' history itself": definition.versioned,
        f"{ref} is not of InnoDB": definition.engine.lower() != "innodb",
        f"{ref} has no primary key": definition.key_index != "PRIMARY",
        f"the name of {ref} is not plain ASCII": not str(ref).isascii(),
        f"the definition of {ref} can't be read as text": not definition.create_sql,
        f"deletes within {ref} carry others with them without a trace": (
            not history.logs_cascades(greeted) and own_cascade(definition)
        ),
    }
    for what in (what for what, holds in problems.items() if holds):
        raise Refused("--rows-from", what, HINT, code=UNPROVED)


def own_cascade(definition: TableDefinition) -> bool:
    """Say whether a rule of the table's own carries changes of its rows to others of them."""
    own = (key for key in definition.references if key.parent == definition.ref)
    return any({key.on_delete, key.on_update} & TAKES_CHILDREN for key in own)


def carriers(session: Session, ref: TableRef) -> frozenset[TableRef]:
    """Find the tables whose changes rules carry into one without a trace: its parents, theirs, and so on."""
    found, todo = set[TableRef](), [ref]
    while todo and not history.logs_cascades(session.greeted):
        more = history.parents(session, todo).keys() - found - {ref}
        found |= more
        todo = list(more)
    return frozenset(found)
