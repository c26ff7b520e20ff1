"""What a scratch schema tells of a run whose folder is elsewhere, or lost."""

from __future__ import annotations

import re

from rdsrestore.domain.outcome.load_result import Traces
from rdsrestore.mysql.merge import staging
from rdsrestore.mysql.session.login.connection import Session, quoted

NOTED = {
    re.compile("rdsrestore_plan_[0-9a-f]{12}"): "SELECT COUNT(*) FROM {} WHERE rr_st = 'done'",
    re.compile("rdsrestore_plan_[0-9a-f]{12}_whole"): "SELECT COALESCE(SUM(done), 0) FROM {}",
}
"""By the name of a table, the query that counts the rows of production that it notes as written."""


def traces(session: Session, schema: str) -> Traces:
    """Count what the plans note as written, and name the tables made that are there."""
    known = session.rows("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s", (schema,))
    names = [str(name) for (name,) in known]
    if staging.TARGET_TABLES not in names:
        return Traces()
    counts = [
        session.one(query.format(f"{quoted(schema)}.{quoted(name)}"))[0]
        for name in names
        for pattern, query in NOTED.items()
        if pattern.fullmatch(name)
    ]
    made = session.rows(
        f"SELECT m.name FROM {quoted(schema)}.{staging.TARGET_TABLES} AS m JOIN information_schema.TABLES AS t"
        " ON CONVERT(CONCAT(t.TABLE_SCHEMA, '.', t.TABLE_NAME) USING utf8mb4) COLLATE utf8mb4_bin = m.name"
    )
    return Traces(sum(map(int, counts)), tuple(str(name) for (name,) in made))
