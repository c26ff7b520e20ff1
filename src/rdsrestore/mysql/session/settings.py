"""What a session is set to, whatever a parameter group or `init_connect` says: set, then read back.

Every variable that changes what a statement of ours reads, writes or says, and that any login may set (MySQL 8.4
manual, "System Variable Privileges"; MariaDB, "Server System Variables"). What only an administrator may set is
read by the survey.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from rdsrestore.domain.errors import DatabaseError

STRICT = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
"""Nothing is bent until it fits, ids of 0 stay 0, and dates that the source could hold can be held.

A generated column that divides by zero is NULL, as it was for whoever could write the row.
"""
AS_SELECT = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
"""What a filter's comparisons do in a SELECT: a text that is no number counts as one, with a warning."""
MOST = (1 << 64) - 1


@dataclass(frozen=True)
class Setting:
    """A variable of the session: what it has to be, how that is written, and the first version that knows it.

    `since` counts as an executable comment does; empty where every version knows it that is supported.
    """

    name: str
    value: str
    written: str
    since: str = ""

    def known(self, text: str) -> str:
        """Let only servers read a text that know the variable."""
        return f"/*!{self.since} , {text} */" if self.since else f", {text}"


def texts(since: str = "", **values: str) -> tuple[Setting, ...]:
    """Name settings that are texts."""
    return tuple(Setting(name, value, f"'{value}'", since) for name, value in values.items())


def numbers(since: str = "", **values: int) -> tuple[Setting, ...]:
    """Name settings that are numbers."""
    return tuple(Setting(name, str(value), str(value), since) for name, value in values.items())


OURS = (
    *texts(time_zone="+00:00", sql_mode=STRICT),
    *numbers(innodb_lock_wait_timeout=5, lock_wait_timeout=5, wait_timeout=28800, group_concat_max_len=1 << 20),
    *numbers(net_read_timeout=600, net_write_timeout=3600),
    *numbers(sort_buffer_size=1 << 21),
)
"""What hardly any server has of itself, so that it is set unasked."""
PLAIN = (
    *texts(character_set_client="utf8mb4", character_set_connection="utf8mb4", character_set_results="utf8mb4"),
    *texts(completion_type="NO_CHAIN"),
    *numbers(autocommit=1, sql_safe_updates=0, max_join_size=MOST, sql_big_selects=1, sql_select_limit=MOST),
    *numbers(foreign_key_checks=1, unique_checks=1, sql_notes=1),
)
"""What servers have of themselves, and client programs take for granted."""
QUIRKS = (
    *texts(lc_messages="en_US"),
    *numbers(sql_auto_is_null=0, sql_quote_show_create=1),
    *numbers(max_sort_length=1024, auto_increment_increment=1, auto_increment_offset=1),
)
"""The last two number a table's rows without gaps, by which equal rows are counted.

What only a user's own expressions look at (lc_time_names, default_week_format, div_precision_increment) stays as
production has it: generated columns and functional indexes are computed in the session that writes.
"""
MYSQL = (
    *numbers(transaction_read_only=0, range_optimizer_max_mem_size=0),
    *numbers("80000", information_schema_stats_expiry=0),
    *numbers("80030", show_gipk_in_create_table_and_information_schema=1),
)
MARIADB = (
    *texts(default_regex_flags="", alter_algorithm="DEFAULT", system_versioning_alter_history="ERROR"),
    Setting("system_versioning_asof", "DEFAULT", "DEFAULT"),
    *numbers(tx_read_only=0, check_constraint_checks=1, max_error_count=64),
    *numbers(idle_transaction_timeout=0, idle_write_transaction_timeout=0, idle_readonly_transaction_timeout=0),
    *numbers(max_session_mem_used=(1 << 63) - 1, tmp_disk_table_size=MOST),
    *numbers("100502", sql_if_exists=0),
    *numbers("101100", system_versioning_insert_history=0),
    *numbers("110602", innodb_snapshot_isolation=0),
)
FAMILIES = (
    "/*!50720 , SESSION max_execution_time = 0, SESSION transaction_read_only = 0 */"
    "/*!80030 , SESSION show_gipk_in_create_table_and_information_schema = 1 */"
    "/*M!100101 , SESSION max_statement_time = 0, SESSION tx_read_only = 0 */"
    f"/*M!100401 , SESSION max_session_mem_used = {(1 << 63) - 1}, SESSION tmp_disk_table_size = {MOST} */"
)
"""MariaDB leaves out comments of 50700 to 99999, MySQL those with an M (MariaDB, "Comment Syntax")."""


class Running(Protocol):
    """A session that runs statements."""

    def run(self, sql: str) -> int:
        """Run a statement."""
        ...


@contextmanager
def as_select(session: Running, *, wanted: bool) -> Iterator[None]:
    """Have what a statement compares mean what it means in a SELECT, where a strict mode would end a write.

    Only for statements whose values fit the columns that they go into, whatever they are.
    """
    if not wanted:
        yield
        return
    session.run(f"SET SESSION sql_mode = '{AS_SELECT}'")
    try:
        yield
    finally:
        session.run(f"SET SESSION sql_mode = '{STRICT}'")


GREETING = "init_connect"
"""What a server runs at each login: it may leave a transaction, or a lock, that would take in what comes after it."""


class Settling(Protocol):
    """A session that is new."""

    @property
    def greeted(self) -> str:
        """The version that the server named at the login."""
        ...

    def run(self, sql: str) -> int:
        """Run a statement."""
        ...

    def named(self, sql: str) -> dict[str, Any]:
        """Run a query and return its first row by column."""
        ...


def settle(session: Settling, where: str) -> None:
    """Set what the result depends on and read it back; DatabaseError where the server did not take a setting.

    In two statements as a rule, since each costs the way there and back; a third and a fourth where the server has
    other than usual settings.
    """
    mariadb = "MariaDB" in session.greeted
    limit = numbers(max_statement_time=0) if mariadb else numbers(max_execution_time=0)  # the look would be under it
    isolation = texts(**{"tx_isolation" if mariadb else "transaction_isolation": "READ-COMMITTED"})
    unasked = (*OURS, *limit, *isolation)
    wanted = (*unasked, *PLAIN, *QUIRKS, *(MARIADB if mariadb else MYSQL))
    session.run(assignment(unasked))
    shown = look(session, wanted)
    if shown.get(GREETING):
        session.run("COMMIT AND NO CHAIN NO RELEASE")
        session.run("UNLOCK TABLES")
    if found := different(shown, wanted):
        session.run(assignment([setting for setting, _value in found]))
        found = different(look(session, wanted), wanted)
    for setting, value in found:
        what = f"{setting.name} is {value} and has to be {setting.value}"
        raise DatabaseError(where, what, "see the parameter group", code="db.setting")


def assignment(settings: Iterable[Setting]) -> str:
    """Write the statement that sets them."""
    given = (setting.known(f"SESSION {setting.name} = {setting.written}") for setting in settings)
    return f"SET @rdsrestore = 0{''.join(given)}"


def look(session: Settling, wanted: Sequence[Setting]) -> dict[str, Any]:
    """Read settings, and what the server does at each login: that may have begun something."""
    shown = (setting.known(f"@@SESSION.{setting.name} AS {setting.name}") for setting in wanted)
    return session.named(f"SELECT @@GLOBAL.{GREETING} AS {GREETING}{''.join(shown)}")


def different(found: Mapping[str, Any], wanted: Sequence[Setting]) -> list[tuple[Setting, str]]:
    """Name those that are not what is wanted, each with what it is."""
    read = ((setting, text(found[setting.name])) for setting in wanted if setting.name in found)
    return [(setting, value) for setting, value in read if words(value) != words(setting.value)]


def text(value: object) -> str:
    """Write a value as it is set; some servers give whole numbers a fraction."""
    return f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float | Decimal) else str(value)


def words(value: str) -> frozenset[str]:
    """Take a value apart: a server lists the words of a set in its own order."""
    return frozenset(value.upper().split(","))


def for_programs() -> str:
    """Write the statement that a client program's session begins with, for either family."""
    return f"{assignment(PLAIN)}{FAMILIES}"
