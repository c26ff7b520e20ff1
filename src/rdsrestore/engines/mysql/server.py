"""What a server is and what it lets us do."""

from __future__ import annotations

import re

from rdsrestore.core.tables import ServerFacts
from rdsrestore.engines.mysql.connect import Session

NEEDED = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX")
GRANT = re.compile(r"GRANT (.+?) ON (\S+) TO", re.IGNORECASE)


def facts(session: Session) -> ServerFacts:
    """Read version, limits and the login's privileges."""
    version, read_only, names, packet, mode, autoinc, events = session.one(
        "SELECT VERSION(), @@read_only, @@lower_case_table_names, @@max_allowed_packet, @@GLOBAL.sql_mode,"
        " @@innodb_autoinc_lock_mode, @@event_scheduler"
    )
    enabled = session.rows("SELECT 1 FROM information_schema.EVENTS WHERE STATUS = 'ENABLED' LIMIT 1")
    return ServerFacts(
        version=version,
        flavour="mariadb" if "mariadb" in version.lower() else "mysql",
        read_only=bool(int(read_only)) or innodb_read_only(session),
        lower_case_table_names=int(names),
        max_allowed_packet=int(packet),
        sql_mode=mode,
        autoinc_lock_mode=int(autoinc),
        event_scheduler=str(events).upper() in {"ON", "1"} and bool(enabled),
        privileges_missing=missing(session),
    )


def innodb_read_only(session: Session) -> bool:
    """A reader of a cluster says so here alone."""
    found = session.rows("SHOW VARIABLES LIKE 'innodb\\_read\\_only'")
    return any(str(value).upper() in {"ON", "1"} for _name, value in found)


def missing(session: Session) -> tuple[str, ...]:
    """Name the global privileges that the scratch schema needs and the login lacks; roles are not judged."""
    lines = [line for (line,) in session.rows("SHOW GRANTS")]
    grants = [found for line in lines if (found := GRANT.match(line))]
    if len(grants) < len(lines):
        return ()
    have = {word.strip().upper() for found in grants if found.group(2) == "*.*" for word in found.group(1).split(",")}
    if "ALL PRIVILEGES" in have:
        return ()
    return tuple(f"{name} on *.*" for name in NEEDED if name not in have)
