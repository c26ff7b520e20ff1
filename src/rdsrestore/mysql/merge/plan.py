"""The plan of one table: made in the scratch schema, decided by the policy, summed up for the preview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.merge_verdict import verdict
from rdsrestore.domain.tables.definition import Column, trigger_notes
from rdsrestore.domain.tables.rows import (
    LOOKED_AT,
    Act,
    Cell,
    Conflict,
    Group,
    LostChildren,
    PlanLine,
    Provenance,
    Relation,
    TableDifference,
)
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.schema import ddl
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Row, Session, quoted

SAMPLE = 3
SHOWN = 60
KEYS = 5
LINE = (
    "rr_n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, rr_relation ENUM('same','missing','changed','extra') NOT NULL,"
    " rr_story ENUM('unknown','taken','merged','edited','later') NOT NULL,"
    " rr_act ENUM('keep','insert','update','delete') NOT NULL DEFAULT 'keep',"
    " rr_st ENUM('idle','away','todo','done','conflict') NOT NULL DEFAULT 'idle', rr_why VARCHAR(250) NULL,"
    " rr_before BINARY(32) NULL, rr_after BINARY(32) NULL"
)
"""What the plan says of a row, besides its key."""


def make(session: Session, context: MergeContext) -> None:
    """Create the plan's table, its key spelled as production spells it."""
    there = {column.name: column for column in (context.then if context.keyless else context.live).columns}
    keys = [
        ddl.keyed(there[name]) if name in there else f"{quoted(name)} BIGINT UNSIGNED NOT NULL" for name in context.key
    ]
    session.run(f"DROP TABLE IF EXISTS {context.plan}")
    session.run(
        f"CREATE TABLE {context.plan} ({', '.join(keys)}, {LINE}, PRIMARY KEY ({', '.join(map(quoted, context.key))}),"
        " UNIQUE KEY rr_n (rr_n), KEY rr_work (rr_act, rr_st, rr_n), KEY rr_kind (rr_relation, rr_story, rr_n))"
        " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"
    )


def decide(session: Session, context: MergeContext) -> None:
    """Let the policy decide what is done with each class of rows."""
    for relation, provenance in session.rows(f"SELECT DISTINCT rr_relation, rr_story FROM {context.plan}"):
        judged = verdict(Relation(relation), Provenance(provenance), context.policy)
        state = "conflict" if judged.why else "idle" if judged.act is Act.KEEP else "todo"
        session.run(
            f"UPDATE {context.plan} SET rr_act = %s, rr_st = %s, rr_why = %s"
            " WHERE rr_relation = %s AND rr_story = %s AND rr_st = 'idle'",
            (judged.act.value, state, judged.why or None, relation, provenance),
        )


def measure(session: Session, context: MergeContext) -> None:
    """Have the server look how large the plan has become: it was empty when its tables were joined with it first."""
    session.rows(f"ANALYZE NO_WRITE_TO_BINLOG TABLE {context.plan}")


def digest(session: Session, context: MergeContext) -> str:
    """Write the plan's own digest: which rows it touches, how, and what they were when it was made."""
    rows, low, high = session.one(
        "SELECT COUNT(*), COALESCE(SUM(CAST(CONV(SUBSTR(h, 1, 15), 16, 10) AS UNSIGNED)), 0),"
        " COALESCE(SUM(CAST(CONV(SUBSTR(h, 16, 15), 16, 10) AS UNSIGNED)), 0) FROM"
        " (SELECT SHA2(CONCAT_WS(',', rr_n, rr_act, IFNULL(HEX(rr_before), '~'), IFNULL(HEX(rr_after), '~')), 256) AS h"
        f" FROM {context.plan} WHERE rr_act <> 'keep' LIMIT 18446744073709551615) AS plan_lines"
    )
    return f"{rows}-{int(low):x}-{int(high):x}"


def summed_up(session: Session, context: MergeContext, target: Target, live: int, extra: int = 0) -> TableDifference:
    """Count the plan's classes; `extra` are rows of production's alone that the plan does not name."""
    found = session.rows(
        f"SELECT rr_relation, rr_story, rr_act, COUNT(*) FROM {context.plan} WHERE rr_st <> 'conflict'"
        " GROUP BY rr_relation, rr_story, rr_act ORDER BY 1, 2, 3"
    )
    groups = [
        Group(
            Relation(relation),
            Provenance(provenance),
            Act(act),
            int(rows),
            *looked_at(session, context, relation, provenance, act),
        )
        for relation, provenance, act, rows in found
    ]
    groups += [Group(Relation.EXTRA, Provenance.UNKNOWN, Act.KEEP, extra)] if extra else []
    return TableDifference(
        ref=context.then.ref,
        target=context.live.ref,
        restored=target.rows_then,
        live=live,
        groups=tuple(groups),
        conflicts=conflicts(session, context),
        children=lost_children(session, context, target),
        unlike=unlike(context),
        notes=(*trigger_notes(context.then, context.live), *(target.located.notes if target.located else ())),
        unseen=(target.located.common or 0) if target.located else 0,
        digest=digest(session, context),
    )


def conflicts(session: Session, context: MergeContext) -> tuple[Conflict, ...]:
    """Group the rows that can't be put back by reason, with a few keys of each."""
    found = session.rows(
        f"SELECT rr_why, COUNT(*) FROM {context.plan} WHERE rr_st = 'conflict' GROUP BY rr_why ORDER BY 2 DESC"
    )
    return tuple(Conflict(str(why), int(number), keys_of(session, context, why)) for why, number in found)


def keys_of(session: Session, context: MergeContext, why: str) -> tuple[str, ...]:
    """A few keys of the rows with one reason."""
    found = session.rows(
        f"SELECT {context.keys('l')} FROM {context.plan} AS l"
        f" WHERE l.rr_st = 'conflict' AND l.rr_why = {session.literal(why)} LIMIT {KEYS}"
    )
    return tuple(", ".join(map(shown, row)) for row in found)


def looked_at(
    session: Session, context: MergeContext, relation: str, provenance: str, act: str
) -> tuple[tuple[tuple[Cell, ...], ...], tuple[tuple[str, int], ...]]:
    """Read a few rows of one class, and count which columns differ in the first few hundred."""
    if context.keyless and act == Act.DELETE:  # an undo file has no more of them than their digests
        return (), ()
    merged = provenance == Provenance.MERGED and act == Act.UPDATE
    pairs = []
    for column in context.columns:
        then = context.wanted(column, merged=merged) if act == Act.UPDATE else f"s.{quoted(column.name)}"
        same = context.same(column, "s", "p")
        pairs += [legible(column, f"p.{quoted(column.name)}"), legible(column, then), f"COALESCE({same}, 0)"]
    after = f" LEFT JOIN {context.after} AS a ON {context.meet('a', 'l')}" if merged else ""
    found = session.rows(
        f"SELECT {context.absent('s')}, {'1' if context.keyless else context.absent('p')}, {', '.join(pairs)}"
        f" FROM {context.plan} AS l LEFT JOIN {context.source} AS s ON {context.meet('s', 'l')}{beside(context)}{after}"
        f" WHERE l.rr_relation = '{relation}' AND l.rr_story = '{provenance}' AND l.rr_act = '{act}'"
        f" AND l.rr_st <> 'conflict' ORDER BY l.rr_n LIMIT {LOOKED_AT if relation == Relation.CHANGED else SAMPLE}"
    )
    differing: Counter[str] = Counter()
    for row in found if relation == Relation.CHANGED else ():
        differing.update(column.name for place, column in enumerate(context.columns) if not row[4 + 3 * place])
    return tuple(cells(context, row, act) for row in found[:SAMPLE]), tuple(differing.most_common())


def legible(column: Column, value: str) -> str:
    """Write a value so that the driver can read it: of a VECTOR it knows nothing."""
    return f"CAST({value} AS BINARY)" if column.kind == "vector" else value


def beside(context: MergeContext) -> str:
    """Join production's row; without a key there is none that could be told to be the same."""
    return f" LEFT JOIN {context.target} AS p ON {'0' if context.keyless else context.meet('l', 'p')}"


def cells(context: MergeContext, row: Row, act: str) -> tuple[Cell, ...]:
    """Write one sample row for people."""
    gone, new = bool(row[0]) or act == Act.DELETE, bool(row[1])
    return tuple(
        Cell(
            column.name,
            None if new else shown(row[2 + 3 * place]),
            None if gone else shown(row[(2 if row[4 + 3 * place] else 3) + 3 * place]),  # one value is written one way
        )
        for place, column in enumerate(context.columns)
    )


def shown(value: object) -> str:
    """Write a value for people, on one line."""
    if value is None:
        return "NULL"
    text = f"0x{value.hex()}" if isinstance(value, bytes) else str(value).replace("\n", "\\n")
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def lost_children(session: Session, context: MergeContext, target: Target) -> tuple[LostChildren, ...]:
    """Set the rows of tables that went with restored ones against what is there of them."""
    return tuple(
        LostChildren(child, rule_of(context, child), then, count(session, child))
        for child, then in target.dump.children
    )


def rule_of(context: MergeContext, child: TableRef) -> str:
    """What happens to a child's rows when the parent's are deleted."""
    return next(key.on_delete for key in context.then.referenced_by if key.child == child)


def count(session: Session, ref: TableRef) -> int:
    """Count a table's rows; none where the table is gone."""
    try:
        (number,) = session.one(f"SELECT COUNT(*) FROM {qualified(ref)}")
    except DatabaseError as error:
        if error.code == "db.no-table":
            return 0
        raise
    return int(number)


def unlike(context: MergeContext) -> tuple[str, ...]:
    """Say in words how the table's columns differ from those of then."""
    then, now = ({each.name: each for each in side.columns} for side in (context.then, context.live))
    said = [f"column {name} was added since" for name in now if name not in then]
    said += [f"column {name} was dropped since" for name in then if name not in now]
    said += [
        f"column {name} was {then[name].type} then and is {now[name].type} now"
        for name in now
        if name in then and then[name].type != now[name].type
    ]
    return tuple(said)


def lines(session: Session, context: MergeContext) -> Iterator[PlanLine]:
    """Yield what the plan says of each row."""
    found = session.stream(
        f"SELECT rr_relation, rr_story, rr_act, rr_st, COALESCE(rr_why, ''), {context.keys('l')}"
        f" FROM {context.plan} AS l ORDER BY rr_n"
    )
    for relation, provenance, act, state, why, *key in found:
        literals = tuple(map(session.literal, key))
        yield PlanLine(literals, Relation(relation), Provenance(provenance), Act(act), state, why)
