"""What the servers' error numbers mean for the job: one table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pymysql

from rdsrestore.domain.errors import DatabaseError

LOST = frozenset({2006, 2013, 2055, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169})
RETRYABLE = frozenset({1020, 1205, 1213, 3101}) | LOST
UNFIT = frozenset(
    {
        1048,
        1062,
        1136,
        1216,
        1264,
        1265,
        1292,
        1217,
        1364,
        1365,
        1366,
        1406,
        1416,
        1451,
        1452,
        1525,
        1526,
        1557,
        1586,
        1644,
        1690,
        1748,
        1906,
        3105,
        3140,
        3819,
    }
    | {1977, 3037, 3643, 3673, 3751, 4025, 4079, 6575}
)
"""A row that the table does not take: the row is named, and the others go on."""


@dataclass(frozen=True)
class Meaning:
    """A stable code and a hint for one kind of error."""

    code: str
    hint: str


DENIED = Meaning("db.denied", "check RDSRESTORE_USER and RDSRESTORE_PASSWORD, or password_secret in rdsrestore.toml")
SILENT = Meaning("db.unreachable", "check that a security-group rule lets this machine in, and that the instance is up")
GONE = Meaning("db.lost", "run the same command again: it goes on from what is there")
MUTE = Meaning("db.silent", "see in the RDS console what the instance does; run the same command again once it answers")
PRIVILEGE = Meaning("db.privilege", "use the master user, or grant the privilege")
PLUGIN = Meaning("db.plugin", "use a user that logs in with mysql_native_password or caching_sha2_password")
READ_ONLY = Meaning("db.read-only", "use --instance with the writer")
OPTION = Meaning("db.setting", "take the option that the server names out of production's parameter group")
BOUND = Meaning("tool.settings", "take max_join_size and max_execution_time out of production's parameter group")
FOREIGN = Meaning(
    "db.foreign-key",
    "a foreign key can't be made: restore the table that it points to as well, or use --into NEW_TABLE",
)
DRIFTED = Meaning("db.schema-drift", "the table was altered meanwhile: run the same command again")
ENGINE = Meaning("db.engine", "see production's error log in the RDS console; the table may be damaged there")
UNMADE = Meaning(
    "db.definition",
    "production does not take the table as it was defined: create it by hand, and run without --recreate and --into",
)
FULL = Meaning("db.full", "give production more storage, then run again")
MEMORY = Meaning("db.full", "production is out of memory; try again later")
PASSWORD = Meaning("db.password-expired", "set a new password on production (ALTER USER), then run again")
MEANINGS: dict[int, Meaning] = {
    1044: PRIVILEGE,
    1045: DENIED,
    1049: Meaning("db.no-database", "check --database"),
    1142: PRIVILEGE,
    1143: PRIVILEGE,
    1146: Meaning("db.no-table", "check the table's name"),
    1227: PRIVILEGE,
    1370: PRIVILEGE,
    1698: DENIED,
    4151: DENIED,
    1130: Meaning("db.denied", "production lets nobody in from this host: make the user for this address, or for '%'"),
    3032: Meaning("db.unreachable", "production is in offline mode (offline_mode): run again once it is not"),
    3118: DENIED,
    3159: Meaning("db.tls", "check ssl_ca"),
    1021: FULL,
    1037: MEMORY,
    1041: MEMORY,
    1878: FULL,
    1114: FULL,
    1153: Meaning("db.packet", "raise max_allowed_packet in production's parameter group"),
    1205: Meaning("db.lock-timeout", "another transaction holds rows of the table; try again when it has ended"),
    1213: Meaning("db.deadlock", "try again"),
    1020: Meaning("db.deadlock", "others changed rows meanwhile; try again"),
    3101: Meaning("db.deadlock", "another writer of the group was faster; try again"),
    1005: FOREIGN,
    1215: FOREIGN,
    1822: FOREIGN,
    1824: FOREIGN,
    3780: FOREIGN,
    6125: FOREIGN,
    1054: DRIFTED,
    1091: DRIFTED,
    1060: DRIFTED,
    1059: Meaning("db.name", "give a shorter name"),
    1117: Meaning("db.row-size", "the table has as many columns as a table may have: restore it with --into NEW_TABLE"),
    1206: Meaning("db.busy", "the server has no room for more locks: add --gentle, or try again later"),
    1317: Meaning("db.killed", "somebody ended the statement (KILL QUERY); run the same command again"),
    1449: Meaning("db.definer", "a trigger, or a view, belongs to a user that is gone: make that user, or drop it"),
    1820: PASSWORD,
    1862: PASSWORD,
    3572: Meaning("db.lock-timeout", "another transaction holds rows of the table; try again when it has ended"),
    4031: GONE,
    1118: Meaning("db.row-size", "the table's rows are as wide as a row may be: restore it with --into NEW_TABLE"),
    1175: Meaning("db.setting", "set sql_safe_updates to 0 in production's parameter group"),
    1193: Meaning("db.setting", "the server is of a version that is not supported"),
    1231: Meaning("db.setting", "see production's parameter group"),
    1197: Meaning("db.setting", "raise max_binlog_cache_size, or add --gentle, which writes less in a transaction"),
    1290: READ_ONLY,
    1665: Meaning("db.binlog-format", "set binlog_format to ROW or MIXED in production's parameter group"),
    1792: READ_ONLY,
    1836: READ_ONLY,
    1040: Meaning("db.busy", "production takes no more connections; try again"),
    1203: Meaning("db.busy", "the login has as many connections as it may have (max_user_connections); try again"),
    1226: Meaning("db.busy", "the login has used up what it may (max_user_connections, or of its account); try again"),
    1135: Meaning("db.busy", "production can't start another thread; try again"),
    1637: Meaning("db.busy", "production has too many transactions open; try again"),
    1129: Meaning("db.unreachable", "production blocks this host after failed connections: FLUSH HOSTS"),
    **dict.fromkeys((1026, 1030, 1033, 1034, 1035, 1180, 1194, 1195, 1712, 1812, 1814, 1877), ENGINE),
    **dict.fromkeys((1067, 1071, 1074, 1101, 1115, 1273, 1286, 3161), UNMADE),
    **dict.fromkeys((1152, 1158, 1159, 1160, 1161, 1184, 3169), GONE),
    1053: GONE,
    1927: GONE,
    2003: SILENT,
    2006: GONE,
    2013: GONE,
    2026: Meaning("db.tls", "set RDSRESTORE_SSL_CA to the bundle of the server's authority; plain text is never used"),
    2055: GONE,
    1104: BOUND,
    1969: BOUND,
    3024: BOUND,
    3750: Meaning("db.primary-key", "set sql_require_primary_key to OFF in production's parameter group"),
    1251: PLUGIN,
    1524: PLUGIN,
    2059: PLUGIN,
    2061: PLUGIN,
}
ABORTED, PREVENTED, NOT_CREATED = 1184, 1290, 1005
GREETING = Meaning("db.setting", "production's init_connect fails for this user: see production's parameter group")
OTHER = Meaning("db.failed", "look the number up in the server's manual; production is as the summary says")
NO_ROOM = re.compile(r"err(?:no|or):? 28\b|#sql")
"""How an engine's error says that the disk, or the place of temporary tables, is full."""
MADE_UP = frozenset({1643, 1644, 3819, 4025})
"""Errors whose words are the users' own: a trigger's, a check's."""
QUOTED = re.compile(r"'.*'|\".*\"", re.DOTALL)
"""From the first quote to the last: a value may hold quotes itself."""


class Silent(pymysql.OperationalError):
    """Nobody answered, on this connection or another, until the deadline: trying again at once would wait as long."""


def translate(where: str, error: pymysql.MySQLError) -> DatabaseError:
    """Turn a driver's error into ours; the server's words are kept unless they may hold row data."""
    if isinstance(error, Silent):
        return DatabaseError(where, str(error.args[-1]), MUTE.hint, code=MUTE.code)
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    words = str(error.args[1]) if len(error.args) > 1 else str(error)
    meaning = meaning_of(number, words)
    what = f"{words} ({number})" if number in MEANINGS else f"the server answered error {number}{masked(number, words)}"
    again = number in RETRYABLE and meaning is not GREETING
    translated = DatabaseError(where, what, meaning.hint, code=meaning.code, retryable=again)
    translated.__cause__ = error
    return translated


def meaning_of(number: int, words: str) -> Meaning:
    """Look a number up; of those that servers use for several things their words tell which it is."""
    meaning = MEANINGS.get(number, OTHER)
    if number == ABORTED and "init_connect" in words:
        return GREETING
    if number == PREVENTED and "read-only" not in words:
        return OPTION
    if number == NOT_CREATED and "foreign key" not in words.lower():
        return UNMADE
    return FULL if meaning is ENGINE and NO_ROOM.search(words) else meaning


def masked(number: int, words: str) -> str:
    """Say what a server says of an error without anything that may be a row's: what it quotes, and users' own words."""
    return "" if number in MADE_UP else f": {QUOTED.sub('…', words)[:200]}"


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Let only errors of ours out."""
    try:
        yield
    except pymysql.MySQLError as error:
        raise translate(where, error) from error
    except OSError as error:
        raise DatabaseError(where, f"no answer: {error}", SILENT.hint, code=SILENT.code, retryable=True) from error


def number_of(error: DatabaseError) -> int:
    """Return the server's error number behind one of our errors; 0 where there is none."""
    cause = error.__cause__
    return cause.args[0] if isinstance(cause, pymysql.MySQLError) and isinstance(cause.args[0], int) else 0


def words_of(error: DatabaseError) -> str:
    """Return the server's own words behind one of our errors, which may hold a row's values."""
    cause = error.__cause__
    return str(cause.args[1]) if isinstance(cause, pymysql.MySQLError) and len(cause.args) > 1 else error.what
