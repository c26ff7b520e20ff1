"""The names and expressions that comparing, loading, verifying and undoing share.

Four sides, by their aliases: s, the rows as they were; a, as the incident left them; p, production's; l, the plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.tables.definition import Column, ForeignKey, TableDefinition
from rdsrestore.domain.tables.rows import Act
from rdsrestore.domain.tables.target import Role, Target
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.merge.retyping import converted
from rdsrestore.mysql.schema import compared_types, ddl
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import quoted

UNICODE = "utf8mb4"


@dataclass(frozen=True)
class MergeContext:
    """One table's sides and the rules between them.

    `then` defines the restored rows, which stand in `source`; `live` is the table that takes them; `columns` are the
    ones that hold data on both sides, as production has them, and tell rows apart; `carried` are those that are
    written, as a rule the same. The plan has the key's columns as production spells them, `rr_n` counting rows, what
    sets each apart (`rr_relation`, `rr_story`), what is done (`rr_act`), whether it is done (`rr_st`: idle, todo, done
    or conflict) and `rr_why` not, and the digests of production's row as it was found and as it is to be
    (`rr_before`, `rr_after`; NULL where there is no row).
    """

    schema: str
    then: TableDefinition
    source: str
    live: TableDefinition
    columns: tuple[Column, ...]
    policy: Policy
    carried: tuple[Column, ...]
    role: Role = Role.ASKED

    @property
    def keyless(self) -> bool:
        """Whether rows can't be told apart by a key."""
        return not self.then.key

    @property
    def key(self) -> tuple[str, ...]:
        """The key's columns in staging and plan."""
        return self.then.key or (ddl.ROW,)

    @property
    def target(self) -> str:
        """The table that takes the rows."""
        return qualified(self.live.ref)

    @property
    def plan(self) -> str:
        """The plan's table."""
        return plan_of(self.schema, self.then.ref)

    @property
    def by_line(self) -> str:
        """The plan (l), to be read by the numbers of its lines alone, whatever the server thinks of its size."""
        return f"{self.plan} AS l FORCE INDEX (rr_n)"

    @property
    def after(self) -> str:
        """The rows as the incident left them."""
        return after_of(self.schema, self.then.ref)

    @property
    def saved(self) -> TableRef:
        """The table that keeps what rows were before they are touched."""
        return TableRef(self.schema, f"rdsrestore_undo_{digest_of(self.then.ref)}")

    @property
    def probe(self) -> str:
        """A table like the target table, without its foreign keys and triggers."""
        return f"{self.plan[:-1]}_probe`"

    @property
    def names(self) -> str:
        """The written columns' names."""
        return ", ".join(quoted(column.name) for column in self.carried)

    def of(self, alias: str) -> str:
        """The written columns of one side."""
        return ", ".join(f"{alias}.{quoted(column.name)}" for column in self.carried)

    def keys(self, alias: str) -> str:
        """The key's columns of one side."""
        return ", ".join(f"{alias}.{quoted(name)}" for name in self.key)

    def meet(self, left: str, right: str) -> str:
        """The condition that two sides' keys are equal; the restored side is read in production's collation."""
        return " AND ".join(f"{self.read(name, left)} = {self.read(name, right)}" for name in self.key)

    def read(self, name: str, alias: str) -> str:
        """One column, of the restored sides in production's character set and collation, so that its index is used."""
        place = f"{alias}.{quoted(name)}"
        there = next((column for column in self.live.columns if column.name == name), None)
        here = next((column for column in self.then.columns if column.name == name), None)
        if alias not in {"s", "a"} or not there or not here or there.collation in {None, here.collation}:
            return place
        return f"CONVERT({place} USING {there.charset}) COLLATE {there.collation}"

    def absent(self, alias: str = "p") -> str:
        """The condition that a left joined side has no such row."""
        return f"{alias}.{quoted(self.key[0])} IS NULL"

    @property
    def compared(self) -> tuple[Column, ...]:
        """The columns whose difference makes a row a changed one."""
        wanted = set(self.policy.columns)
        return tuple(column for column in self.columns if not wanted or column.name in wanted)

    def digest(self, alias: str) -> str:
        """The digest of a row's common columns, as 32 bytes; every side is read by production's types."""
        return f"UNHEX({self.hashed(self.columns, alias)})"

    def compared_digest(self, alias: str) -> str:
        """The digest of what makes a row a changed one."""
        return self.hashed(self.compared, alias)

    def hashed(self, columns: Sequence[Column], alias: str) -> str:
        """The digest of some columns of one side."""
        return self.row({column: self.value(column, alias) for column in columns})

    def row(self, values: Mapping[Column, str]) -> str:
        """The digest of columns, each read by an expression as `value` writes it."""
        places = {column.name: place for column, place in values.items()}
        return row_hash.row(map(self.seen, values), lambda column: places[column.name])

    def then_has(self, column: Column) -> Column | None:
        """The column as the restored rows have it."""
        return next((each for each in self.then.columns if each.name == column.name), None)

    def respelled(self, column: Column) -> bool:
        """Whether the sides have different character sets for it."""
        here = self.then_has(column)
        return here is not None and here.charset != column.charset and column.kind not in compared_types.BYTES

    def seen(self, column: Column) -> Column:
        """The column as `value` reads it: a text of which the sides have different character sets is read in UTF-8."""
        return replace(column, charset=UNICODE) if column.charset and self.respelled(column) else column

    def value(self, column: Column, alias: str) -> str:
        """One column's value as production's type shows it."""
        place = f"{alias}.{quoted(column.name)}"
        here, restored = self.then_has(column), alias in {"s", "a"}
        own = here if restored and here else column
        if self.respelled(column) and (restored or column.charset):
            place = row_hash.unicode(own, place)
        return converted(column, own, place) if own.type != column.type else place

    def same(self, column: Column, left: str, right: str) -> str:
        """The condition that two sides hold the same value, to the last byte."""
        one, other = (row_hash.one(self.seen(column), self.value(column, side)) for side in (left, right))
        return f"{one} = {other}"

    def wanted(self, column: Column, *, merged: bool) -> str:
        """The value that a changed row gets.

        The restored one, but production's own where only other columns are asked for, and in a merged row where
        the incident left the column alone or the server's clock keeps it.
        """
        return self.becomes(column, lambda side: f"{side}.{quoted(column.name)}", merged=merged)

    def becomes(self, column: Column, read: Callable[[str], str], *, merged: bool) -> str:
        """That value, `read` from its side."""
        if self.policy.columns and column not in self.compared:
            return read("p")
        if merged and column.on_update:
            return read("p")
        return f"IF({self.same(column, 's', 'a')}, {read('p')}, {read('s')})" if merged else read("s")

    def goal(self, *, merged: bool) -> str:
        """The digest that a changed row is to have."""

        def value(column: Column) -> str:
            return self.becomes(column, lambda side: self.value(column, side), merged=merged)

        return f"UNHEX({self.row({column: value(column) for column in self.columns})})"

    def apart(self) -> str:
        """The condition that the incident and whoever came later changed no column both; the clock's do not count."""
        return " AND ".join(
            f"({self.same(column, 's', 'a')} OR {self.same(column, 'a', 'p')} OR {self.same(column, 's', 'p')})"
            for column in self.compared
            if not column.on_update
        )


def context(schema: str, target: Target, live: TableDefinition) -> MergeContext:
    """Lay out the sides of a restore."""
    then = target.dump.definition
    known = {column.name for column in then.base_columns}
    shared = tuple(column for column in live.base_columns if column.name in known)
    source = qualified(TableRef(schema, then.ref.table))
    return MergeContext(schema, then, source, live, shared, rules(target, live), shared, target.role)


def rules(target: Target, live: TableDefinition) -> Policy:
    """Give a related table rules of its own: what is missing comes back, and links that were cut are tied again."""
    if target.role is Role.ASKED:
        return target.policy
    links = [] if target.role is Role.PARENT else [key for key in live.references if key.on_delete.startswith("SET")]
    columns = tuple(dict.fromkeys(name for key in links for name in key.columns))
    merge = Merge.OVERWRITE if columns else Merge.MISSING
    return Policy(merge, target.policy.on_conflict, columns, three_way=target.policy.three_way)


def digest_of(ref: TableRef) -> str:
    """Shorten a table's name so that what is named after it can't be mistaken for a restored table."""
    return hashlib.sha256(str(ref).encode()).hexdigest()[:12]


def plan_of(schema: str, ref: TableRef) -> str:
    """Name a table's plan in the scratch schema."""
    return f"{quoted(schema)}.{quoted(plan_name(ref))}"


def plan_name(ref: TableRef) -> str:
    """Name a table's plan."""
    return f"rdsrestore_plan_{digest_of(ref)}"


def after_of(schema: str, ref: TableRef) -> str:
    """Name the staging table of a table's rows as the incident left them."""
    return f"{quoted(schema)}.{quoted(f'rdsrestore_after_{digest_of(ref)}')}"


def undo_table_of(schema: str, ref: TableRef) -> str:
    """Name the staging table of what rows were before a restore that is taken back."""
    return f"{quoted(schema)}.{quoted(f'rdsrestore_back_{digest_of(ref)}')}"


def points_to(key: ForeignKey, alias: str, child: str = "s") -> str:
    """The condition that a child's foreign key points to a row of `alias`."""
    return " AND ".join(
        f"{alias}.{quoted(theirs)} = {child}.{quoted(mine)}"
        for mine, theirs in zip(key.columns, key.parent_columns, strict=True)
    )


def chosen(act: Act) -> str:
    """The condition for the plan's rows of one act that are still to do."""
    return f"l.rr_act = '{act}' AND l.rr_st = 'todo'"
