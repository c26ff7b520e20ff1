"""The plan that takes an earlier restore back."""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.rows import Act, Provenance, Relation
from rdsrestore.mysql.merge.merge_context import MergeContext, undo_table_of
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session, quoted

OWN = (
    "rr_n BIGINT UNSIGNED NOT NULL PRIMARY KEY, rr_act ENUM('insert','update','delete') NOT NULL,"
    " rr_before BINARY(32) NULL, rr_after BINARY(32) NULL"
)
"""What the undo file says of a row, besides its key and its image."""


OWN_NAMES = ("rr_n", "rr_act", "rr_before", "rr_after")


BACK = {Act.INSERT: Act.DELETE, Act.UPDATE: Act.UPDATE, Act.DELETE: Act.INSERT}


SEEN_AS = {Act.DELETE: Relation.EXTRA, Act.UPDATE: Relation.CHANGED, Act.INSERT: Relation.MISSING}


SINCE = "it was written by others since the restore"


def context(schema: str, saved: SavedTable, live: TableDefinition) -> MergeContext:
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
    if saved.direct:
        own = saved.dump.definition
        source = qualified(TableRef(schema, own.ref.table))
        columns = tuple(known[name] for name in saved.columns)
        then = replace(own, ref=live.ref)
        return MergeContext(schema, then, source, live, columns, Policy(Merge.EXACT), columns)
    held = tuple(column for column in saved.dump.definition.columns if column.name not in OWN_NAMES)
    then = TableDefinition(live.ref, live.kind, live.engine, held, saved.key)
    images = {column.name for column in held}
    return MergeContext(
        schema,
        then,
        undo_table_of(schema, saved.target),
        live,
        columns=tuple(known[name] for name in saved.columns),
        policy=Policy(Merge.EXACT),
        carried=tuple(column for column in live.base_columns if column.name in images),
    )


def plan_undo(session: Session, context: MergeContext, *, direct: bool) -> None:
    """Plan the way back: rows that are as the restore left them become what they were, in reverse order."""
    names = ", ".join(map(quoted, context.key))
    if direct:
        session.run(
            f"INSERT INTO {context.plan} ({names}, rr_relation, rr_story, rr_act, rr_st, rr_why, rr_before)"
            f" SELECT {names}, '{Relation.EXTRA}', '{Provenance.UNKNOWN}', '{Act.DELETE}',"
            f" IF(now = own, 'todo', 'conflict'), IF(now = own, NULL, '{SINCE}'), own"
            f" FROM (SELECT {context.keys('s')}, {context.digest('s')} AS own, {context.digest('p')} AS now"
            f" FROM {context.source} AS s JOIN {context.target} AS p ON {context.meet('s', 'p')}"
            " LIMIT 18446744073709551615) AS sides ORDER BY "
            + ", ".join(f"{quoted(name)} DESC" for name in context.key)
        )
        return
    acts = " ".join(f"WHEN '{act}' THEN '{back}'" for act, back in BACK.items())
    kinds = " ".join(f"WHEN '{act}' THEN '{SEEN_AS[back]}'" for act, back in BACK.items())
    session.run(
        f"INSERT INTO {context.plan} ({names}, rr_relation, rr_story, rr_act, rr_st, rr_why, rr_before, rr_after)"
        f" SELECT {names}, CASE rr_act {kinds} END, '{Provenance.UNKNOWN}', CASE rr_act {acts} END,"
        f" IF(now <=> rr_after, 'todo', 'conflict'), IF(now <=> rr_after, NULL, '{SINCE}'), rr_after, rr_before"
        f" FROM (SELECT {context.keys('s')}, s.rr_n, s.rr_act, s.rr_before, s.rr_after,"
        f" IF({context.absent()}, NULL, {context.digest('p')}) AS now"
        f" FROM {context.source} AS s LEFT JOIN {context.target} AS p ON {context.meet('s', 'p')}"
        " LIMIT 18446744073709551615) AS sides WHERE NOT (now <=> rr_before) ORDER BY rr_n DESC"
    )
