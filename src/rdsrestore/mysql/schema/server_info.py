"""What a server is and what it lets us do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import Endpoint, RunId
from rdsrestore.domain.tables.server import EVERYTHING, Grant, OpenTransaction, ServerFacts
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login import own_address
from rdsrestore.mysql.session.login.connection import Session

FOR_SCRATCH = ("SELECT", "INSERT", "UPDATE", "CREATE", "DROP")
FOR_TABLES = ("SELECT", "INSERT")
EVERYWHERE = "*.*"
GRANT = re.compile(r"GRANT (.+?) ON (.+?) TO ", re.IGNORECASE)
REVOKED = re.compile(r"REVOKE .+? ON [`\"](.+?)[`\"]\.\* FROM ", re.IGNORECASE)
SCHEMA_WIDE = re.compile(r"`((?:[^`]|``)*)`\.\*")
ONE_TABLE = re.compile(r"(`(?:[^`]|``)*`)\.`((?:[^`]|``)+)`")
SCRATCH = RunId("000000-000000-0000").schema
GLOBALS = (
    *("log_bin", "binlog_format", "binlog_row_image", "sql_require_primary_key", "enforce_storage_engine"),
    *("innodb_read_only", "init_connect", "sql_select_limit", "max_join_size", "sql_big_selects"),
    *("max_execution_time", "show_gipk_in_create_table_and_information_schema", "time_zone", "system_time_zone"),
)
"""Variables that are read because they can't be turned, or say how others see rows; no server has all of them."""


def facts(session: Session, endpoint: Endpoint | None) -> ServerFacts:
    """Read version, the login's privileges, and as whom the server knows us; `endpoint` is None behind a bastion."""
    address, name = own_address.caller(session, endpoint)
    version, read_only, events = session.one("SELECT VERSION(), @@read_only, @@event_scheduler")
    known = variables(session)
    grants = [line for (line,) in session.rows("SHOW GRANTS")]
    enabled = session.rows("SELECT 1 FROM information_schema.EVENTS WHERE STATUS = 'ENABLED' LIMIT 1")
    mariadb = "mariadb" in version.lower()
    return ServerFacts(
        version=version,
        flavour="mariadb" if mariadb else "mysql",
        read_only=bool(int(read_only)) or known.get("innodb_read_only") == "ON",  # a cluster's reader knows this alone
        event_scheduler=str(events).upper() in {"ON", "1"} and bool(enabled),
        privileges_missing=missing_from(grants, mariadb=mariadb),
        unseen=unseen_from(grants, mariadb=mariadb),
        ahead=ahead(session),
        globals=known,
        caller=address,
        caller_name=name,
        open=tuple(open_transactions(session)),
        grants=parsed(grants),
    )


OPEN = """
    SELECT trx_mysql_thread_id, CONVERT_TZ(trx_started, 'SYSTEM', '+00:00'), trx_rows_modified
    FROM information_schema.INNODB_TRX
    WHERE trx_mysql_thread_id NOT IN (0, CONNECTION_ID()) AND trx_state <> 'COMMITTED' ORDER BY trx_started LIMIT 20"""


def open_transactions(session: Session) -> Iterator[OpenTransaction]:
    """List the transactions of others that have not ended; none where the login lacks PROCESS."""
    try:
        found = session.rows(OPEN)
    except DatabaseError:
        return
    for connection, began, changes in found:
        if began:
            yield OpenTransaction(int(connection), began.replace(tzinfo=UTC), int(changes))


def ahead(session: Session) -> float:
    """Say by how many seconds the server's clock is ahead of this machine's, whose own is read before and after."""
    before = datetime.now(UTC)
    (theirs,) = session.one("SELECT UTC_TIMESTAMP(6)")
    middle = before + (datetime.now(UTC) - before) / 2
    return float((theirs.replace(tzinfo=UTC) - middle).total_seconds())


def variables(session: Session) -> dict[str, str]:
    """Read the variables that can't be turned, as a new login finds them."""
    names = ", ".join(f"'{name}'" for name in GLOBALS)
    return {name: str(value) for name, value in session.rows(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})")}


def missing_from(lines: Sequence[str], *, mariadb: bool = True) -> tuple[str, ...]:
    """Judge a login by its grants; roles are not followed, so that a login with any is not judged at all.

    MySQL hides a table's triggers from whoever has not the privilege to make some.
    """
    found = [GRANT.match(line) for line in lines]
    if any(each is None for each in found):
        return ()
    grants = [(frozenset(word.strip().upper() for word in each[1].split(",")), each[2]) for each in found if each]
    scratch = frozenset[str]().union(*(words for words, scope in grants if covers_scratch(scope)))
    anywhere = frozenset[str]().union(*(words for words, at in grants if at == EVERYWHERE or not covers_scratch(at)))
    wanted = FOR_TABLES if mariadb else (*FOR_TABLES, "TRIGGER")
    lacking = [f"{name} on `rdsrestore\\_%`.*" for name in FOR_SCRATCH if not {name, EVERYTHING} & scratch]
    return (*lacking, *(f"{name} on the tables" for name in wanted if not {name, EVERYTHING} & anywhere))


def unseen_from(lines: Sequence[str], *, mariadb: bool) -> str:
    """Name the privilege without which foreign keys of other databases are hidden; empty where none is.

    The catalogue shows a table to those who have a privilege on it, and MariaDB a foreign key's rules to those alone
    who may do more than read it. Active roles count, as their privileges are listed too; a database that was taken out
    of a global privilege is not seen.
    """
    found = [(each[1].upper(), each[2]) for line in lines if (each := GRANT.match(line))]
    words = {word.strip() for names, scope in found if scope == EVERYWHERE for word in names.split(",")}
    wanted = ("SELECT", "REFERENCES") if mariadb else ("SELECT",)
    more = {"INSERT", "UPDATE", "DELETE"} & words
    lacking = [name for name in wanted if not {name, EVERYTHING} & words and not (name == "REFERENCES" and more)]
    taken = [each[1] for line in lines if (each := REVOKED.match(line)) and each[1] not in catalog.SYSTEM]
    return f"{' and '.join(lacking)} on *.*" if lacking else f"SELECT on `{taken[0]}`.*" if taken else ""


def lacking(lines: Sequence[str], database: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Name the privileges that a login has not for a whole database; with roles, which are not followed, none."""
    found = [GRANT.match(line) for line in lines]
    if any(each is None for each in found):
        return ()
    names = (each[1].upper() for each in found if each and covers(each[2], database))
    given = {word.strip() for words in names for word in words.split(",")}
    return tuple(name for name in wanted if not {name, EVERYTHING} & given)


def parsed(lines: Sequence[str]) -> tuple[Grant, ...] | None:
    """Read a login's grants; None with roles, with privileges of single columns, or where some were taken back."""
    found = [GRANT.match(line) for line in lines]
    if any(each is None or "(" in each[1] for each in found):
        return None
    return tuple(grant for each in found if each and (grant := granted(each[1], each[2])))


def granted(names: str, scope: str) -> Grant | None:
    """Read one grant; None where it is of something else than tables."""
    privileges = frozenset(word.strip().upper() for word in names.split(","))
    if scope == EVERYWHERE:
        return Grant(privileges)
    if database := SCHEMA_WIDE.fullmatch(scope):
        return Grant(privileges, pattern(database[1]))
    if one := ONE_TABLE.fullmatch(scope):  # of a single table the database's name is no pattern
        name, table = (text.replace("``", "`") for text in (one[1][1:-1], one[2]))
        return Grant(privileges, re.escape(name), table)
    return None


def covers_scratch(scope: str) -> bool:
    """Whether a grant's scope holds for the run's scratch schema."""
    return covers(scope, SCRATCH)


def covers(scope: str, name: str) -> bool:
    """Whether a grant's scope holds for a whole database, of which its name is a pattern as LIKE knows it."""
    if scope == EVERYWHERE:
        return True
    database = SCHEMA_WIDE.fullmatch(scope)
    return database is not None and re.fullmatch(pattern(database[1]), name, re.DOTALL) is not None


def pattern(database: str) -> str:
    """Write a database's name in a grant, which is a pattern as LIKE knows it, as a regular expression."""
    signs = re.findall(r"\\.|.", database.replace("``", "`"), re.DOTALL)
    return "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign.removeprefix("\\"))) for sign in signs)
