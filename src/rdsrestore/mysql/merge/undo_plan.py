"""The plan that takes an earlier restore back: from the undo file, or from the dump that a table took as it was."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.outcome.load_result import HAD, SavedTable
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.domain.tables.rows import BACK, Act, Provenance, Relation
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.merge import keyless
from rdsrestore.mysql.merge.merge_context import UNICODE, MergeContext, undo_table_of
from rdsrestore.mysql.merge.retyping import converted
from rdsrestore.mysql.schema import ddl
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.session.settings import as_select

OWN = (
    "rr_n BIGINT UNSIGNED NOT NULL PRIMARY KEY, rr_act ENUM('insert','update','delete') NOT NULL,"
    " rr_before BINARY(32) NULL, rr_after BINARY(32) NULL"
)
"""What the undo file says of a row, besides its key and its image."""


OWN_NAMES = ("rr_n", "rr_act", "rr_before", "rr_after")


SEEN_AS = {Act.DELETE: Relation.EXTRA, Act.UPDATE: Relation.CHANGED, Act.INSERT: Relation.MISSING}


SINCE = "it was written by others since the restore"
ALTERED = "it is not as the restore left it: others wrote it, or the table was altered ({})"


@dataclass(frozen=True)
class UndoContext(MergeContext):
    """The sides of an undo by images: digests are taken as the restore took them, whatever texts are spelled in since.

    `in_unicode` names the texts that it read in UTF-8.
    """

    in_unicode: tuple[str, ...] = ()

    def seen(self, column: Column) -> Column:
        """The column as the restore read it."""
        had = self.then_has(column)
        if not had or not had.charset or not column.charset:
            return super().seen(column)
        return replace(column, charset=UNICODE if column.name in self.in_unicode else had.charset)

    def value(self, column: Column, alias: str) -> str:
        """One column's value in the character set in which the restore read it."""
        had, spelled = self.then_has(column), self.seen(column)
        if not had or not had.charset or not column.charset:
            return super().value(column, alias)
        own, place = had if alias == "s" else column, f"{alias}.{quoted(column.name)}"
        if own.charset != spelled.charset:
            raw = row_hash.raw(spelled)
            place = row_hash.respelled(own, place, str(spelled.charset)) if raw else row_hash.unicode(own, place)
        return converted(column, own, place) if own.type != column.type else place


@dataclass(frozen=True)
class UndoSource(ABC):
    """What one table's undo rests on."""

    saved: SavedTable

    def place(self, session: Session, schema: str) -> None:  # noqa: B027 - a dump is staged where it belongs
        """Put what was staged where the plan reads it."""

    def context(self, schema: str, live: TableDefinition) -> MergeContext:
        """Lay out the sides: what was staged is what rows become again.

        DatabaseError with code `db.schema-drift` where the table lacks a column that it had during the restore.
        """
        known = {column.name: column for column in live.base_columns}
        lacking = [name for name in self.saved.columns if name not in known]
        if lacking:
            raise DatabaseError(
                f"undo {live.ref}",
                f"column {', '.join(lacking)} is gone since the restore",
                "take the rows back by hand: the undo file in the run's folder holds them",
                code="db.schema-drift",
            )
        return self.sides(schema, live, tuple(known[name] for name in self.saved.columns))

    @abstractmethod
    def sides(self, schema: str, live: TableDefinition, columns: tuple[Column, ...]) -> MergeContext:
        """Lay out the sides; `columns`, as production has them, are those by which a row is recognised."""

    @abstractmethod
    def plan(self, session: Session, context: MergeContext) -> None:
        """Plan the way back: rows that are as the restore left them become what they were, in reverse order."""


class UndoFile(UndoSource):
    """The images of what rows were before they were touched."""

    def place(self, session: Session, schema: str) -> None:
        """Give the images a key to find them by, and a name of their own; the table itself may be staged as well."""
        staged = qualified(TableRef(schema, self.saved.dump.definition.ref.table))
        place = undo_table_of(schema, self.saved.target)
        keys = ", ".join(map(quoted, self.saved.key or (ddl.ROW,)))
        session.run(f"DROP TABLE IF EXISTS {place}")
        session.run(f"ALTER TABLE {staged} ADD KEY rr_key ({keys}), RENAME TO {place}")

    def sides(self, schema: str, live: TableDefinition, columns: tuple[Column, ...]) -> MergeContext:
        """The images stand beside the plan."""
        own = {*OWN_NAMES, HAD}
        held = tuple(column for column in self.saved.dump.definition.columns if column.name not in own)
        then = TableDefinition(live.ref, live.kind, live.engine, held, self.saved.key)
        images = {column.name for column in held}
        return UndoContext(
            schema,
            then,
            undo_table_of(schema, self.saved.target),
            live,
            columns=columns,
            policy=Policy(Merge.EXACT),
            carried=tuple(column for column in live.base_columns if column.name in images),
            in_unicode=self.saved.in_unicode,
        )

    def plan(self, session: Session, context: MergeContext) -> None:
        """Each row's digest says whether it is what the restore made; a text may fit its former spelling no more."""
        if context.keyless:
            keyless.plan_undo(session, context, whole=self.saved.all_there)
            return
        with as_select(session, wanted=True):
            self.plan_by_key(session, context)

    def plan_by_key(self, session: Session, context: MergeContext) -> None:
        """Find each row of the file by its key."""
        names, why = ", ".join(map(quoted, context.key)), session.literal(since(context))
        acts = " ".join(f"WHEN '{act}' THEN '{back}'" for act, back in BACK.items())
        kinds = " ".join(f"WHEN '{act}' THEN '{SEEN_AS[back]}'" for act, back in BACK.items())
        session.run(
            f"INSERT INTO {context.plan} ({names}, rr_relation, rr_story, rr_act, rr_st, rr_why, rr_before, rr_after)"
            f" SELECT {names}, CASE rr_act {kinds} END, '{Provenance.UNKNOWN}', CASE rr_act {acts} END,"
            f" IF(now <=> rr_after, 'todo', 'conflict'), IF(now <=> rr_after, NULL, {why}), rr_after, rr_before"
            f" FROM (SELECT {context.keys('s')}, s.rr_n, s.rr_act, s.rr_before, s.rr_after,"
            f" IF({context.absent()}, NULL, {context.digest('p')}) AS now"
            f" FROM {context.source} AS s LEFT JOIN {context.target} AS p ON {context.meet('s', 'p')}"
            " LIMIT 18446744073709551615) AS sides WHERE NOT (now <=> rr_before) ORDER BY rr_n DESC"
        )


class RestoredDump(UndoSource):
    """The dump itself, all rows of which were new to the table."""

    def sides(self, schema: str, live: TableDefinition, columns: tuple[Column, ...]) -> MergeContext:
        """The dump is staged under the name of its table."""
        own = self.saved.dump.definition
        source = qualified(TableRef(schema, own.ref.table))
        return MergeContext(schema, replace(own, ref=live.ref), source, live, columns, Policy(Merge.EXACT), columns)

    def plan(self, session: Session, context: MergeContext) -> None:
        """A row that is there as the dump has it was restored."""
        names = ", ".join(map(quoted, context.key))
        session.run(
            f"INSERT INTO {context.plan} ({names}, rr_relation, rr_story, rr_act, rr_st, rr_why, rr_before)"
            f" SELECT {names}, '{Relation.EXTRA}', '{Provenance.UNKNOWN}', '{Act.DELETE}',"
            f" IF(now = own, 'todo', 'conflict'), IF(now = own, NULL, '{SINCE}'), own"
            f" FROM (SELECT {context.keys('s')}, {context.digest('s')} AS own, {context.digest('p')} AS now"
            f" FROM {context.source} AS s JOIN {context.target} AS p ON {context.meet('s', 'p')}"
            " LIMIT 18446744073709551615) AS sides ORDER BY "
            + ", ".join(f"{quoted(name)} DESC" for name in context.key)
        )


def since(context: MergeContext) -> str:
    """Say why a row is not as the restore left it: a column of another type may show its value otherwise."""
    pairs = ((column, context.then_has(column)) for column in context.columns)
    now = [f"{each.name} is {each.type} now" for each, had in pairs if had and had.type not in {each.type, "double"}]
    return ALTERED.format(", ".join(now)) if now else SINCE


def undo_source(saved: SavedTable) -> UndoSource:
    """Choose by what the run kept of a table."""
    return RestoredDump(saved) if saved.direct else UndoFile(saved)
