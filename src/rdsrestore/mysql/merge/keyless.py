"""Tables without a key: rows are compared as a multiset, by their digests and how often each occurs."""

from __future__ import annotations

from rdsrestore.domain.outcome.load_result import HAD
from rdsrestore.domain.tables.rows import Act, Provenance, Relation
from rdsrestore.mysql.merge.merge_context import MergeContext, plan_name
from rdsrestore.mysql.schema import ddl
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.session.settings import as_select
from rdsrestore.ports.progress import Progress

ALL = "18446744073709551615"
CHANGED = "it is not there as the run wrote it: others changed or deleted it since"


def classify_without_key(session: Session, context: MergeContext, progress: Progress) -> int:
    """Plan as many of each row as production has too few of; returns how many rows are production's alone."""
    progress(f"comparing {context.live.ref.table}, which has no key, row by row", None)
    there = count_live(session, context)
    row = quoted(ddl.ROW)
    where = f" WHERE ({context.policy.where})" if context.policy.where else ""
    with as_select(session, wanted=bool(where)):
        ranked = rank(session, context, context.digest("s"), f"(SELECT * FROM {context.source}{where})")
    session.run(
        f"INSERT INTO {context.plan} ({row}, rr_relation, rr_story, rr_after)"
        f" SELECT r.{row}, '{Relation.MISSING}', '{Provenance.UNKNOWN}', r.h FROM {ranked} AS r"
        f" JOIN (SELECT h, MIN(place) AS start FROM {ranked} GROUP BY h) AS f ON f.h = r.h"
        f" LEFT JOIN {there} AS c ON c.h = r.h WHERE r.place - f.start >= COALESCE(c.n, 0) ORDER BY r.{row}"
    )
    (extra,) = session.one(
        f"SELECT COALESCE(SUM(GREATEST(CAST(c.n AS SIGNED) - COALESCE(r.n, 0), 0)), 0) FROM {there} AS c"
        f" LEFT JOIN (SELECT h, COUNT(*) AS n FROM {ranked} GROUP BY h) AS r ON r.h = c.h"
    )
    session.run(f"DROP TABLE {ranked}")
    return int(extra)


def plan_undo(session: Session, context: MergeContext, *, whole: bool) -> None:
    """Plan as many copies of each row as the run wrote of it, of those that are there.

    Where every row that the run planned is known to be written and not taken back (`whole`), one that is lacking is a
    conflict. Else the copies that the table had before tell which are the run's.
    """
    there = count_live(session, context)
    ranked = rank(session, context, "COALESCE(s.rr_after, s.rr_before)", context.source)
    row = quoted(ddl.ROW)
    kept = "0" if whole else f"s.{HAD}"
    back = ALL if whole else f"IF(s.{HAD} > COALESCE(c.n, 0), s.{HAD} - COALESCE(c.n, 0), 0)"
    ours = f"IF(COALESCE(c.n, 0) > {kept}, COALESCE(c.n, 0) - {kept}, 0)"
    fits = f"r.place - f.start < IF(s.rr_act = '{Act.INSERT}', {ours}, {back})"
    session.run(
        f"INSERT INTO {context.plan} ({row}, rr_relation, rr_story, rr_act, rr_st, rr_why, rr_before, rr_after)"
        f" SELECT {row}, IF(rr_act = '{Act.INSERT}', '{Relation.EXTRA}', '{Relation.MISSING}'),"
        f" '{Provenance.UNKNOWN}', IF(rr_act = '{Act.INSERT}', '{Act.DELETE}', '{Act.INSERT}'),"
        f" IF(fits, 'todo', 'conflict'), IF(fits, NULL, '{CHANGED}'), rr_after, rr_before FROM"
        f" (SELECT r.{row}, s.rr_act, s.rr_before, s.rr_after, {fits} AS fits FROM {ranked} AS r"
        f" JOIN (SELECT h, MIN(place) AS start FROM {ranked} GROUP BY h) AS f ON f.h = r.h"
        f" JOIN {context.source} AS s ON s.{row} = r.{row} LEFT JOIN {there} AS c ON c.h = r.h LIMIT {ALL}) AS sides"
        f" WHERE fits{' OR 1' if whole else ''} ORDER BY COALESCE(rr_after, rr_before), {row}"
    )
    session.run(f"DROP TABLE {ranked}")


def rank(session: Session, context: MergeContext, digest: str, rows: str) -> str:
    """Number the staged rows, equal ones in a row, in a table of the scratch schema; returns its name."""
    ranked = f"{context.plan[:-1]}_ranked`"
    row = quoted(ddl.ROW)
    session.run(f"DROP TABLE IF EXISTS {ranked}")
    session.run(
        f"CREATE TABLE {ranked} (place BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, h BINARY(32) NOT NULL,"
        f" {row} BIGINT UNSIGNED NOT NULL, KEY h (h)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
    )
    session.run(f"INSERT INTO {ranked} (h, {row}) SELECT {digest}, s.{row} FROM {rows} AS s ORDER BY 1, 2")
    return ranked


def counted(context: MergeContext) -> str:
    """Name the table of how often production has each row."""
    return f"{context.plan[:-1]}_live`"


def count_live(session: Session, context: MergeContext) -> str:
    """Count how often production has each row, in a table of the scratch schema; returns its name."""
    there = counted(context)
    where = f" WHERE ({context.policy.where})" if context.policy.where else ""
    session.run(f"DROP TABLE IF EXISTS {there}")
    session.run(
        f"CREATE TABLE {there} (h BINARY(32) NOT NULL PRIMARY KEY, n BIGINT NOT NULL) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
    )
    with as_select(session, wanted=True):  # a row of others may have a text that another spelling lacks
        session.run(
            f"INSERT INTO {there} SELECT h, COUNT(*) FROM (SELECT {context.digest('p')} AS h FROM"
            f" (SELECT {context.names} FROM {context.target}{where}) AS p LIMIT 18446744073709551615) AS each_row"
            " GROUP BY h"
        )
    return there


def present(session: Session, context: MergeContext) -> int:
    """Count the written rows by which production has more, or less, than before; safe to repeat."""
    kept = f"{plan_name(context.then.ref)}_before"
    known = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
    before = f"{quoted(context.schema)}.{quoted(kept)}"
    if not session.rows(known, (context.schema, kept)):
        session.run(f"RENAME TABLE {counted(context)} TO {before}")
    now = count_live(session, context)
    more = "CAST(COALESCE(c.n, 0) AS SIGNED) - COALESCE(b.n, 0)"
    (found,) = session.one(
        f"SELECT COALESCE(SUM(LEAST(d.n, GREATEST(IF(d.act = '{Act.DELETE}', -1, 1) * ({more}), 0))), 0) FROM"
        " (SELECT rr_act AS act, COALESCE(rr_after, rr_before) AS h, COUNT(*) AS n"
        f" FROM {context.plan} WHERE rr_st = 'done' GROUP BY 1, 2) AS d"
        f" LEFT JOIN {now} AS c ON c.h = d.h LEFT JOIN {before} AS b ON b.h = d.h"
    )
    return int(found)
