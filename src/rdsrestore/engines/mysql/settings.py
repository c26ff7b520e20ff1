"""What a session of ours is set to, whatever the server's own settings are: set, then read back."""

from __future__ import annotations

from typing import Protocol

from rdsrestore.core.errors import DatabaseError

STRICT = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ERROR_FOR_DIVISION_BY_ZERO,ALLOW_INVALID_DATES"
"""Nothing is bent until it fits, ids of 0 stay 0, and dates that the source could hold can be held."""
SETTINGS: dict[str, str] = {
    "time_zone": "'+00:00'",
    "sql_mode": f"'{STRICT}'",
    "innodb_lock_wait_timeout": "5",
    "lock_wait_timeout": "5",
    "wait_timeout": "28800",
    "net_read_timeout": "600",
    "net_write_timeout": "3600",
    "foreign_key_checks": "1",
    "unique_checks": "1",
    "sql_select_limit": "DEFAULT",
    "group_concat_max_len": "1048576",
}
READ_BACK: dict[str, str] = {
    "@@time_zone": "+00:00",
    "@@sql_mode": STRICT,
    "@@innodb_lock_wait_timeout": "5",
    "@@lock_wait_timeout": "5",
    "@@wait_timeout": "28800",
    "@@foreign_key_checks": "1",
    "@@unique_checks": "1",
    "@@character_set_client": "utf8mb4",
    "@@character_set_connection": "utf8mb4",
    "@@sql_select_limit": "18446744073709551615",
}


class Settling(Protocol):
    """A session that is new."""

    @property
    def greeted(self) -> str:
        """The version that the server named at the login."""
        ...

    def run(self, sql: str) -> int:
        """Run a statement."""
        ...

    def one(self, sql: str) -> tuple[object, ...]:
        """Run a query that gives exactly one row."""
        ...


def settle(session: Settling, where: str) -> None:
    """Set what the result depends on and read it back; DatabaseError where the server did not take a setting.

    In two statements, since each costs the way there and back; the character set was chosen with the login.
    """
    mariadb = "MariaDB" in session.greeted
    limit = "max_statement_time" if mariadb else "max_execution_time"
    isolation = "tx_isolation" if mariadb else "transaction_isolation"
    settings = SETTINGS | {limit: "0", isolation: "'READ-COMMITTED'"}
    session.run("SET SESSION " + ", SESSION ".join(f"{name} = {value}" for name, value in settings.items()))
    expected = READ_BACK | {f"@@{isolation}": "READ-COMMITTED"}
    found = session.one(f"SELECT @@{limit} = 0, " + ", ".join(expected))
    for (name, wanted), value in zip({f"@@{limit} = 0": "1", **expected}.items(), found, strict=True):
        if set(str(value).split(",")) != set(wanted.split(",")):
            raise DatabaseError(where, f"{name} is {value} and has to be {wanted}", "see the parameter group")
