"""The undo file: what rows were before the load touches them, and the way back from it."""

from __future__ import annotations

from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.outcome.load_result import HAD, SavedTable
from rdsrestore.domain.tables.definition import Column
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.dump import dump_scan, lossless, mysqldump
from rdsrestore.mysql.dump.dump_store import PACKED, DumpStore
from rdsrestore.mysql.merge import keyless
from rdsrestore.mysql.merge.batches import LineRange, paced
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.undo_plan import OWN, OWN_NAMES
from rdsrestore.mysql.schema import catalog, ddl
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.schema.row_size import roomy
from rdsrestore.mysql.session import named_lock
from rdsrestore.mysql.session.login.connection import Login, Session, quoted
from rdsrestore.mysql.session.settings import as_select
from rdsrestore.mysql.write.keyless_delete import WRITTEN
from rdsrestore.ports.progress import Progress

OWN_LIST = ", ".join(OWN_NAMES)


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
    names = tuple(column.name for column in context.columns)
    in_unicode = tuple(column.name for column in context.columns if context.respelled(column))
    return SavedTable(context.live.ref, context.then.key, names, made, in_unicode=in_unicode)


def keep_images(session: Session, context: MergeContext) -> None:
    """Copy the rows into the scratch schema, those to be inserted by their key alone."""
    base = context.live.base_columns
    columns = [ddl.staged(exact(column)) for column in roomy(base, context.key)]
    own_keys = (f"{quoted(ddl.ROW)} BIGINT UNSIGNED NULL", f"{HAD} BIGINT UNSIGNED NULL")
    columns += own_keys if context.keyless else ()
    place = qualified(context.saved)
    session.run(f"DROP TABLE IF EXISTS {place}")
    session.run(
        f"CREATE TABLE {place} ({OWN}, {', '.join(columns)}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"
    )
    first, last = session.one(f"SELECT MIN(rr_n), MAX(rr_n) FROM {context.plan} WHERE rr_st = 'todo'")
    if first is None:
        return
    found, added = (keyless_images if context.keyless else keyed_images)(session, context)

    def copy(lines: LineRange) -> None:
        for statement in (found, added):
            session.run(f"INSERT INTO {place} {statement} AND {lines.condition} AND l.rr_st = 'todo'")
        session.run(
            f"UPDATE {context.by_line} LEFT JOIN {place} AS u ON u.rr_n = l.rr_n"
            " SET l.rr_st = 'conflict', l.rr_why = %s"
            f" WHERE {lines.condition} AND l.rr_st = 'todo' AND u.rr_n IS NULL",
            (WRITTEN,),
        )

    with as_select(session, wanted=any(map(context.respelled, base))):  # a row of others may have a text that one lacks
        for _done in paced(int(first), int(last), copy):
            pass


def keyed_images(session: Session, context: MergeContext) -> tuple[str, str]:
    """Select the images of rows that are there, and the keys of those to be inserted."""
    del session
    own, keys, base = own_fields(), ", ".join(map(quoted, context.key)), context.live.base_columns
    images = ", ".join(quoted(column.name) for column in base)
    return (
        (
            f"({OWN_LIST}, {images}) SELECT {own}, {', '.join(f'p.{quoted(column.name)}' for column in base)}"
            f" FROM {context.by_line} STRAIGHT_JOIN {context.target} AS p ON {context.meet('l', 'p')}"
            f" WHERE l.rr_act IN ('update', 'delete') AND {context.digest('p')} = l.rr_before"
        ),
        f"({OWN_LIST}, {keys}) SELECT {own}, {context.keys('l')} FROM {context.by_line} WHERE l.rr_act = 'insert'",
    )


def keyless_images(session: Session, context: MergeContext) -> tuple[str, str]:
    """Select the same without a key: copies of a row have one image, and how many there were is kept."""
    place, base = f"{context.plan[:-1]}_images`", context.live.base_columns
    images = ", ".join(quoted(column.name) for column in base)
    session.run(f"DROP TABLE IF EXISTS {place}")
    columns = ", ".join(ddl.staged(exact(column)) for column in roomy(base, ()))
    session.run(
        f"CREATE TABLE {place} (rr_h BINARY(32) NOT NULL PRIMARY KEY, {columns})"
        " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"
    )
    with as_select(session, wanted=any(map(context.respelled, base))):  # it looks at rows of others, as above
        session.run(
            f"INSERT INTO {place} (rr_h, {images})"
            f" SELECT {context.digest('p')}, {', '.join(f'p.{quoted(column.name)}' for column in base)}"
            f" FROM {context.target} AS p WHERE {context.digest('p')} IN"
            f" (SELECT rr_before FROM {context.plan} WHERE rr_act = 'delete' AND rr_st = 'todo')"
            " ON DUPLICATE KEY UPDATE rr_h = VALUES(rr_h)"
        )
    of_image = ", ".join(f"i.{quoted(column.name)}" for column in base)
    row, had = quoted(ddl.ROW), f"LEFT JOIN {keyless.counted(context)} AS c ON c.h ="
    return (
        (
            f"({OWN_LIST}, {row}, {HAD}, {images})"
            f" SELECT {own_fields()}, l.{row}, COALESCE(c.n, 0), {of_image}"
            f" FROM {context.by_line} JOIN {place} AS i ON i.rr_h = l.rr_before {had} l.rr_before"
            " WHERE l.rr_act = 'delete'"
        ),
        (
            f"({OWN_LIST}, {row}, {HAD}) SELECT {own_fields()}, l.{row}, COALESCE(c.n, 0)"
            f" FROM {context.by_line} {had} l.rr_after WHERE l.rr_act = 'insert'"
        ),
    )


def own_fields() -> str:
    """What the plan (l) says of a row."""
    return ", ".join(f"l.{name}" for name in OWN_NAMES)


def exact(column: Column) -> Column:
    """Keep a FLOAT as DOUBLE, which a dump does not round."""
    return column if column.kind != "float" else Column(column.name, "double", "double", nullable=True)
