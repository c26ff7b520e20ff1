"""The undo file: what rows were before the load touches them, and the way back from it."""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.core.changes import Act, Relation, SavedTable, Story
from rdsrestore.core.errors import DatabaseError, ToolError
from rdsrestore.core.model import Merge, Policy, TableRef
from rdsrestore.core.ports import Progress
from rdsrestore.core.tables import Column, DumpFile, TableDefinition
from rdsrestore.engines.mysql import catalog, ddl, dump, dumpfile, lock, lossless, rowhash
from rdsrestore.engines.mysql.apply import WRITTEN
from rdsrestore.engines.mysql.catalog import qualified
from rdsrestore.engines.mysql.connect import Login, Session, quoted
from rdsrestore.engines.mysql.shelf import PACKED, Shelf
from rdsrestore.engines.mysql.spans import Span, paced
from rdsrestore.engines.mysql.tally import Tally, back_of

OWN = (
    "rr_n BIGINT UNSIGNED NOT NULL PRIMARY KEY, rr_act ENUM('insert','update','delete') NOT NULL,"
    " rr_before BINARY(32) NULL, rr_after BINARY(32) NULL"
)
"""What the undo file says of a row, besides its key and its image."""
OWN_NAMES = ("rr_n", "rr_act", "rr_before", "rr_after")
BACK = {Act.INSERT: Act.DELETE, Act.UPDATE: Act.UPDATE, Act.DELETE: Act.INSERT}
SEEN_AS = {Act.DELETE: Relation.EXTRA, Act.UPDATE: Relation.CHANGED, Act.INSERT: Relation.MISSING}
SINCE = "it was written by others since the restore"


def save(session: Session, login: Login, board: Tally, shelf: Shelf, progress: Progress) -> SavedTable:
    """Write the present image of every row that is to change, and the key of every row that is to be inserted.

    Rows that are not what the plan found any more become conflicts. Raises ToolError where the file can't be proved.
    """
    doing = f"saving what the rows of {board.live.ref.table} are now"
    progress(doing, None)
    keep_images(session, board)
    definition = catalog.definition(session, board.saved)
    assert definition is not None  # noqa: S101 - for the type checker: it was made just now
    lossless.check_images(session, board.live.ref, definition)
    name = shelf.named(f"undo-{board.live.ref.stem}.sql{PACKED}")
    with lock.known(session) as here:
        dump.write(login, dump.own(definition), here, shelf, name, lambda: progress(doing, None))
    shelf.sync(name)
    scanned = dumpfile.scan(shelf, name, board.saved.table, definition.columns)
    content = rowhash.fingerprint(session, qualified(board.saved), definition.columns)
    if content.rows != scanned.rows:
        raise ToolError(
            "undo file",
            f"{name}: it holds {scanned.rows:,} rows and has to hold {content.rows:,}",
            "production is as it was before this step; look at the disk, then run the same command again",
            code="undo.broken",
        )
    made = DumpFile(
        definition,
        name,
        shelf.path(name).stat().st_size,
        shelf.digest(name),
        scanned.rows,
        content,
        (scanned.start, scanned.end),
        scanned.longest,
    )
    return SavedTable(board.live.ref, board.then.key, tuple(column.name for column in board.columns), made)


def keep_images(session: Session, board: Tally) -> None:
    """Copy the rows into the scratch schema, those to be inserted by their key alone."""
    base = board.live.base_columns
    columns = [ddl.staged(exact(column)) for column in base]
    columns += [f"{quoted(ddl.ROW)} BIGINT UNSIGNED NULL"] if board.keyless else []
    place = qualified(board.saved)
    session.run(f"DROP TABLE IF EXISTS {place}")
    session.run(f"CREATE TABLE {place} ({OWN}, {', '.join(columns)}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4")
    first, last = session.one(f"SELECT MIN(rr_n), MAX(rr_n) FROM {board.plan} WHERE rr_st = 'todo'")
    if first is None:
        return
    own = ", ".join(OWN_NAMES)
    images = ", ".join(quoted(column.name) for column in base)
    keys = ", ".join(map(quoted, board.key))
    same = "0" if board.keyless else board.meet("l", "p")

    def copy(span: Span) -> None:
        session.run(
            f"INSERT INTO {place} ({own}, {images})"
            f" SELECT {', '.join(f'l.{name}' for name in OWN_NAMES)}, {', '.join(f'p.{quoted(c.name)}' for c in base)}"
            f" FROM {board.by_line} STRAIGHT_JOIN {board.landing} AS p ON {same}"
            f" WHERE {span.lines} AND l.rr_st = 'todo' AND l.rr_act IN ('update', 'delete')"
            f" AND {board.digest('p')} = l.rr_before"
        )
        session.run(
            f"INSERT INTO {place} ({own}, {keys}) SELECT {', '.join(f'l.{name}' for name in OWN_NAMES)},"
            f" {board.keys('l')} FROM {board.by_line}"
            f" WHERE {span.lines} AND l.rr_st = 'todo' AND l.rr_act = 'insert'"
        )
        session.run(
            f"UPDATE {board.by_line} LEFT JOIN {place} AS u ON u.rr_n = l.rr_n"
            " SET l.rr_st = 'conflict', l.rr_why = %s"
            f" WHERE {span.lines} AND l.rr_st = 'todo' AND u.rr_n IS NULL",
            (WRITTEN,),
        )

    for _done in paced(int(first), int(last), copy):
        pass


def exact(column: Column) -> Column:
    """Keep a FLOAT as DOUBLE, which a dump does not round."""
    return column if column.kind != "float" else Column(column.name, "double", "double", nullable=True)


def board(schema: str, saved: SavedTable, live: TableDefinition) -> Tally:
    """Lay out the sides of an undo: the images are what rows become again.

    DatabaseError with code `db.schema-drift` where the table lacks a column that it had during the restore.
    """
    known = {column.name: column for column in live.base_columns}
    lacking = [name for name in saved.columns if name not in known]
    if lacking:
        raise DatabaseError(
            f"undo {live.ref}",
            f"column {', '.join(lacking)} is gone since the restore",
            "take the rows back by hand: the undo file in the run's folder holds them",
            code="db.schema-drift",
        )
    if saved.whole:
        own = saved.dump.definition
        source = qualified(TableRef(schema, own.ref.table))
        columns = tuple(known[name] for name in saved.columns)
        then = replace(own, ref=live.ref)
        return Tally(schema, then, source, live, columns, Policy(Merge.EXACT), columns)
    held = tuple(column for column in saved.dump.definition.columns if column.name not in OWN_NAMES)
    then = TableDefinition(live.ref, live.kind, live.engine, held, saved.key)
    images = {column.name for column in held}
    return Tally(
        schema,
        then,
        back_of(schema, saved.landing),
        live,
        columns=tuple(known[name] for name in saved.columns),
        policy=Policy(Merge.EXACT),
        carried=tuple(column for column in live.base_columns if column.name in images),
    )


def plan_back(session: Session, board: Tally, *, whole: bool) -> None:
    """Plan the way back: rows that are as the restore left them become what they were, in reverse order."""
    names = ", ".join(map(quoted, board.key))
    if whole:
        session.run(
            f"INSERT INTO {board.plan} ({names}, rr_relation, rr_story, rr_act, rr_st, rr_why, rr_before)"
            f" SELECT {names}, '{Relation.EXTRA}', '{Story.UNKNOWN}', '{Act.DELETE}',"
            f" IF(now = own, 'todo', 'conflict'), IF(now = own, NULL, '{SINCE}'), own"
            f" FROM (SELECT {board.keys('s')}, {board.digest('s')} AS own, {board.digest('p')} AS now"
            f" FROM {board.source} AS s JOIN {board.landing} AS p ON {board.meet('s', 'p')}"
            " LIMIT 18446744073709551615) AS sides ORDER BY " + ", ".join(f"{quoted(name)} DESC" for name in board.key)
        )
        return
    acts = " ".join(f"WHEN '{act}' THEN '{back}'" for act, back in BACK.items())
    kinds = " ".join(f"WHEN '{act}' THEN '{SEEN_AS[back]}'" for act, back in BACK.items())
    session.run(
        f"INSERT INTO {board.plan} ({names}, rr_relation, rr_story, rr_act, rr_st, rr_why, rr_before, rr_after)"
        f" SELECT {names}, CASE rr_act {kinds} END, '{Story.UNKNOWN}', CASE rr_act {acts} END,"
        f" IF(now <=> rr_after, 'todo', 'conflict'), IF(now <=> rr_after, NULL, '{SINCE}'), rr_after, rr_before"
        f" FROM (SELECT {board.keys('s')}, s.rr_n, s.rr_act, s.rr_before, s.rr_after,"
        f" IF({board.absent()}, NULL, {board.digest('p')}) AS now"
        f" FROM {board.source} AS s LEFT JOIN {board.landing} AS p ON {board.meet('s', 'p')}"
        " LIMIT 18446744073709551615) AS sides WHERE NOT (now <=> rr_before) ORDER BY rr_n DESC"
    )
