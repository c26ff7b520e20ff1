"""Whether this server and this login can put another table in a live one's place with all that is written to it."""

from __future__ import annotations

import re

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.in_place import MOST, Ability, why_not
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.schema.server_info import lacking
from rdsrestore.mysql.session.login.connection import Session

NEEDED = ("SELECT", "INSERT", "CREATE", "DROP", "ALTER", "LOCK TABLES", "PROCESS")
"""What LOCK TABLES, RENAME TABLE and CREATE TABLE … LIKE ask for (manuals of both, "RENAME TABLE", "LOCK TABLES"), and
what shows the transactions that are waited for."""
VARIABLES = ("max_write_lock_count", "aurora_version")
"""Aurora has one of its own by which it is known."""


def against_shadow(session: Session, ref: TableRef) -> str:
    """Say what is in the way; empty where nothing is known."""
    table = catalog.definition(session, ref)
    if table is None:
        return "it is not there"
    (rows,) = session.one(f"SELECT COUNT(*) FROM (SELECT 1 FROM {qualified(ref)} LIMIT {MOST + 1}) AS t")
    return why_not(table, int(rows), read(session, ref))


def read(session: Session, ref: TableRef) -> Ability:
    """Read what it rests on."""
    names = ", ".join(f"'{name}'" for name in VARIABLES)
    known: dict[str, str] = dict(session.rows(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})"))
    (version,) = session.one("SELECT VERSION()")
    grants = [str(line) for (line,) in session.rows("SHOW GRANTS")]
    return Ability(
        mariadb="mariadb" in version.lower(),
        version=numbers(version),
        write_locks=int(known["max_write_lock_count"]),
        aurora="aurora_version" in known,
        lacking=lacking(grants, ref.database, NEEDED),
    )


def numbers(version: str) -> tuple[int, ...]:
    """Take a version apart, as 8.0.36 or 10.11.19-MariaDB."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
