"""The undo file: what rows were before the load touches them, and the way back from it."""

from __future__ import annotations

from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.tables.definition import Column
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.dump import dump_scan, lossless, mysqldump
from rdsrestore.mysql.dump.dump_store import PACKED, DumpStore
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.pacing import LineRange, paced
from rdsrestore.mysql.merge.undo_plan import OWN, OWN_NAMES
from rdsrestore.mysql.schema import catalog, ddl
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session import named_lock
from rdsrestore.mysql.session.login.connection import Login, Session, quoted
from rdsrestore.mysql.write.merged import WRITTEN
from rdsrestore.ports.progress import Progress


def save(session: Session, login: Login, context: MergeContext, store: DumpStore, progress: Progress) -> SavedTable:
    """Write the present image of every row that is to change, and the key of every row that is to be inserted.

    Rows that are not what the plan found any more become conflicts. Raises ToolError where the file can't be proved.
    """
    doing = f"saving what the rows of {context.live.ref.table} are now"
    progress(doing, None)
    keep_images(session, context)
    definition = catalog.definition(session, context.saved)
    assert definition is not None  # noqa: S101 - for the type checker: it was made just now
    lossless.check_images(session, context.live.ref, definition)
    name = store.named(f"undo-{context.live.ref.stem}.sql{PACKED}")
    with named_lock.known(session) as here:
        mysqldump.write(login, mysqldump.own(definition), here, store, name, lambda: progress(doing, None))
    store.sync(name)
    scanned = dump_scan.scan(store, name, context.saved.table, definition.columns)
    content = row_hash.fingerprint(session, qualified(context.saved), definition.columns)
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
        store.path(name).stat().st_size,
        store.digest(name),
        scanned.rows,
        content,
        (scanned.start, scanned.end),
        scanned.longest,
    )
    return SavedTable(context.live.ref, context.then.key, tuple(column.name for column in context.columns), made)


def keep_images(session: Session, context: MergeContext) -> None:
    """Copy the rows into the scratch schema, those to be inserted by their key alone."""
    base = context.live.base_columns
    columns = [ddl.staged(exact(column)) for column in base]
    columns += [f"{quoted(ddl.ROW)} BIGINT UNSIGNED NULL"] if context.keyless else []
    place = qualified(context.saved)
    session.run(f"DROP TABLE IF EXISTS {place}")
    session.run(
        f"CREATE TABLE {place} ({OWN}, {', '.join(columns)}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"
    )
    first, last = session.one(f"SELECT MIN(rr_n), MAX(rr_n) FROM {context.plan} WHERE rr_st = 'todo'")
    if first is None:
        return
    own = ", ".join(OWN_NAMES)
    images = ", ".join(quoted(column.name) for column in base)
    keys = ", ".join(map(quoted, context.key))
    same = "0" if context.keyless else context.meet("l", "p")

    def copy(lines: LineRange) -> None:
        session.run(
            f"INSERT INTO {place} ({own}, {images})"
            f" SELECT {', '.join(f'l.{name}' for name in OWN_NAMES)}, {', '.join(f'p.{quoted(c.name)}' for c in base)}"
            f" FROM {context.by_line} STRAIGHT_JOIN {context.target} AS p ON {same}"
            f" WHERE {lines.condition} AND l.rr_st = 'todo' AND l.rr_act IN ('update', 'delete')"
            f" AND {context.digest('p')} = l.rr_before"
        )
        session.run(
            f"INSERT INTO {place} ({own}, {keys}) SELECT {', '.join(f'l.{name}' for name in OWN_NAMES)},"
            f" {context.keys('l')} FROM {context.by_line}"
            f" WHERE {lines.condition} AND l.rr_st = 'todo' AND l.rr_act = 'insert'"
        )
        session.run(
            f"UPDATE {context.by_line} LEFT JOIN {place} AS u ON u.rr_n = l.rr_n"
            " SET l.rr_st = 'conflict', l.rr_why = %s"
            f" WHERE {lines.condition} AND l.rr_st = 'todo' AND u.rr_n IS NULL",
            (WRITTEN,),
        )

    for _done in paced(int(first), int(last), copy):
        pass


def exact(column: Column) -> Column:
    """Keep a FLOAT as DOUBLE, which a dump does not round."""
    return column if column.kind != "float" else Column(column.name, "double", "double", nullable=True)
