"""Tables without a key: rows are compared as a multiset, by their digests and how often each occurs."""

from __future__ import annotations

from rdsrestore.domain.tables.rows import Provenance, Relation
from rdsrestore.mysql.merge.merge_context import MergeContext, plan_name
from rdsrestore.mysql.schema import ddl
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.ports.progress import Progress


def classify_without_key(session: Session, context: MergeContext, progress: Progress) -> int:
    """Plan as many of each row as production has too few of; returns how many rows are production's alone."""
    progress(f"comparing {context.live.ref.table}, which has no key, row by row", None)
    there = count_live(session, context)
    ranked = f"{context.plan[:-1]}_ranked`"
    row = quoted(ddl.ROW)
    where = f" WHERE ({context.policy.where})" if context.policy.where else ""
    session.run(f"DROP TABLE IF EXISTS {ranked}")
    session.run(
        f"CREATE TABLE {ranked} (place BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, h BINARY(32) NOT NULL,"
        f" {row} BIGINT UNSIGNED NOT NULL, KEY h (h)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
    )
    session.run(
        f"INSERT INTO {ranked} (h, {row}) SELECT {context.digest('s')}, s.{row} FROM"
        f" (SELECT * FROM {context.source}{where}) AS s ORDER BY 1, 2"
    )
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


def count_live(session: Session, context: MergeContext) -> str:
    """Count how often production has each row, in a table of the scratch schema; returns its name."""
    there = f"{context.plan[:-1]}_live`"
    where = f" WHERE ({context.policy.where})" if context.policy.where else ""
    session.run(f"DROP TABLE IF EXISTS {there}")
    session.run(
        f"CREATE TABLE {there} (h BINARY(32) NOT NULL PRIMARY KEY, n BIGINT NOT NULL) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
    )
    session.run(
        f"INSERT INTO {there} SELECT h, COUNT(*) FROM (SELECT {context.digest('p')} AS h FROM"
        f" (SELECT {context.names} FROM {context.target}{where}) AS p LIMIT 18446744073709551615) AS each_row"
        " GROUP BY h"
    )
    return there


def present(session: Session, context: MergeContext) -> int:
    """Count the rows put back of which production has, by now, as many as were planned; safe to repeat."""
    kept = f"{plan_name(context.then.ref)}_before"
    known = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
    before = f"{quoted(context.schema)}.{quoted(kept)}"
    if not session.rows(known, (context.schema, kept)):
        session.run(f"RENAME TABLE {context.plan[:-1]}_live` TO {before}")
    now = count_live(session, context)
    (found,) = session.one(
        "SELECT COALESCE(SUM(LEAST(d.n, GREATEST(CAST(COALESCE(c.n, 0) AS SIGNED) - COALESCE(b.n, 0), 0))), 0) FROM"
        f" (SELECT rr_after AS h, COUNT(*) AS n FROM {context.plan} WHERE rr_st = 'done' GROUP BY rr_after) AS d"
        f" LEFT JOIN {now} AS c ON c.h = d.h LEFT JOIN {before} AS b ON b.h = d.h"
    )
    return int(found)
