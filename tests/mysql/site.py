"""Two real servers, production and its restored copy, and the whole path between them in the dialect's own words."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import CLIENT

from rdsrestore import child_process
from rdsrestore.diff.parallel import WARMERS
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.outcome.load_result import Ledger, SavedTable, TableLoad
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.throttle_rules import Limits, ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.target import Located, Relative, Role, Target
from rdsrestore.lab.servers import local
from rdsrestore.lab.servers.datadir import copy_tree
from rdsrestore.lab.servers.programs import MariaDb, MySql, Programs, choose, unpacked_mysql
from rdsrestore.lab.servers.seed import MORE_GRANTS
from rdsrestore.mysql.adapter import MysqlDatabases
from rdsrestore.mysql.production import MysqlProduction
from rdsrestore.mysql.restored_database import MysqlRestoredDatabase
from rdsrestore.steps.locate import LOOKERS, Sides
from tool import given_server

HOST = "127.0.0.1"
USER = "admin"
PASSWORD = "a#b\"c\\d'e f;=\tü"
RUN = "260101-000000-abcd"
SCHEMA = "rdsrestore_260101_000000_abcd"
PRIVILEGES = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,"
    " CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER"
)
"""What the master user of a managed instance has: neither SUPER nor FILE."""
GIVEN = choose(given_server())
MARIADB: Programs = GIVEN if isinstance(GIVEN, MariaDb) else MariaDb()
"""This machine's own, or a newer one where the tests were given its folder."""
ORACLE: Programs = GIVEN if isinstance(GIVEN, MySql) else MySql(unpacked_mysql())
FAMILIES = ("site",) if GIVEN == ORACLE else ("site", "mysql_site")
"""The fixtures that give the servers that tests were given, and Oracle's MySQL."""
QUALIFIED = {"mariadb": "", "mysql": "t."}[GIVEN.engine]
"""What the given server writes before the name of a key of `t`."""
DEFAULT = Policy()
numbers = itertools.count(1)


def silent(text: str, share: float | None) -> None:
    """Take progress and say nothing."""
    del text, share


@dataclass
class Server:
    """A server process, reached as root over its socket."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    words: list[str] = field(default_factory=list)
    programs: Programs = GIVEN

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(HOST, self.port)

    def restart(self) -> None:
        """Stop it and start it again."""
        self.process.terminate()
        self.process.wait(60)
        self.process = child_process.start(self.words)
        local.await_start(local.LocalServer(self.folder, self.port, self.words, self.process, self.programs))

    @contextmanager
    def root(self, database: str | None = None) -> Iterator[pymysql.Connection[Any]]:
        """Log in as root: nothing that the tool's own session sets is set here."""
        connection = pymysql.connect(
            unix_socket=str(self.folder / "s"),
            user="root",
            database=database,
            charset="utf8mb4",
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
            ssl_disabled=True,  # a socket has none, and the client would read all of the system's certificates
        )
        with connection:
            yield connection

    def sql(self, text: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run statements; returns the rows of the last one that has any."""
        rows: list[tuple[Any, ...]] = []
        with self.root(database) as connection, connection.cursor() as cursor:
            cursor.execute(text)
            while True:
                rows = list(cursor.fetchall()) or rows
                if not cursor.nextset():
                    return rows


def started(folder: Path, *options: str, programs: Programs = GIVEN) -> Server:
    """Start a server with a new data directory, and wait until it answers."""
    port = local.free_port(HOST)
    copy_tree(programs.template(), folder / "data")
    words = [*programs.server(folder / "data"), f"--socket={folder / 's'}", *programs.options]
    words += [f"--pid-file={folder / 'pid'}", f"--log-error={folder / 'log'}"]
    words += [f"--tmpdir={folder}"]  # a server that starts deletes the temporary files of others in a shared one
    words += ["--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0", "--performance-schema=OFF"]
    words += ["--sync-binlog=0", "--innodb-flush-method=nosync"]  # they need not outlive a loss of power
    words += [f"--bind-address={HOST}", f"--port={port}", "--skip-name-resolve", "--max-allowed-packet=16M"]
    words += ["--default-time-zone=+05:30", "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES"]
    words += options
    server = Server(folder, port, child_process.start(words), words, programs)
    local.await_start(local.LocalServer(folder, port, words, server.process, programs))
    return server


def launch(folder: Path, *options: str, programs: Programs = GIVEN) -> Server:
    """Start a server with a new data directory; its time zone and SQL mode differ from those of the tool's sessions."""
    try:
        server = started(folder, *options, programs=programs)
    except ToolError:  # its port may have been taken since it was found free
        shutil.rmtree(folder)
        server = started(folder, *options, programs=programs)
    with server.root() as root, root.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (USER, PASSWORD))
        cursor.execute(f"GRANT {PRIVILEGES} ON *.* TO %s@'%%'", (USER,))
        if programs.engine in MORE_GRANTS:
            cursor.execute(f"GRANT REPLICATION CLIENT, {MORE_GRANTS[programs.engine]} ON *.* TO %s@'%%'", (USER,))
    return server


@dataclass
class Site:
    """One test's database on both servers, and the steps of a restore; a test calls those that it needs."""

    production: Server
    copy: Server
    ca: Path
    folder: Path
    database: str
    dumps: dict[str, DumpFile] = field(default_factory=dict)
    afters: dict[str, DumpFile] = field(default_factory=dict)
    located: dict[str, Located] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    """Tables that take their dump as it is."""

    @property
    def databases(self) -> MysqlDatabases:
        return MysqlDatabases(lambda: Secret(PASSWORD), self.ca)

    def ref(self, table: str) -> TableRef:
        return TableRef(self.database, table)

    def both(self, text: str) -> None:
        """Run statements on both servers: what was there before the incident."""
        for server in (self.production, self.copy):
            server.sql(f"SET SESSION sql_mode = ''; SET time_zone = '+00:00'; {text}", self.database)

    def now(self, text: str) -> list[tuple[Any, ...]]:
        """Run statements on production: the incident, and what came after."""
        return self.production.sql(f"SET SESSION sql_mode = ''; SET time_zone = '+00:00'; {text}", self.database)

    def then(self, text: str) -> list[tuple[Any, ...]]:
        """Run a query on the copy."""
        return self.copy.sql(f"SET SESSION sql_mode = ''; SET time_zone = '+00:00'; {text}", self.database)

    @contextmanager
    def live(self) -> Iterator[MysqlProduction]:
        with closing(self.databases) as databases, databases.production(self.production.endpoint, USER) as server:
            yield server

    @contextmanager
    def restored(self) -> Iterator[MysqlRestoredDatabase]:
        login = self.copy.endpoint, USER, Secret(PASSWORD)
        with closing(self.databases) as databases, databases.copy(*login) as server:
            yield server

    def definition(self, table: str) -> TableDefinition:
        with self.restored() as server:
            found = server.definition(self.ref(table))
        assert found
        return found

    def dump(self, table: str, where: str | None = None, children: Sequence[str] = ()) -> DumpFile:
        with self.restored() as server:
            definition = server.definition(self.ref(table))
            assert definition
            made = server.dump(
                definition, Selection(where, None, tuple(self.ref(child) for child in children)), self.folder, silent
            )
        self.dumps[table] = made
        return made

    def target(self, table: str, into: str | None = None, policy: Policy = DEFAULT) -> Target:
        return Target(
            self.dumps[table],
            self.ref(into or table),
            policy,
            self.afters.get(table),
            located=self.located.get(table),
            direct=table in self.whole,
        )

    def locate(self, table: str, policy: Policy = DEFAULT, *, content: bool = True, rest: float = 0) -> Located:
        """Find where the sides differ, by content or by keys alone, and dump only that."""
        with (
            ThreadPoolExecutor(LOOKERS + WARMERS) as pool,
            self.live() as now,
            self.restored() as then,
        ):
            asked = Relative(self.ref(table), Role.ASKED)
            found = Sides(then, now, None, pool, content, rest=rest).look(self.folder, asked, policy, silent)
            assert found
            path = Path(found.path)
            there = then.definition(self.ref(table))
            assert there
            where = None if policy.merge is Merge.EXACT else policy.where
            self.dumps[table] = then.dump(there, Selection(where, path), self.folder, silent)
        self.located[table] = found
        return found

    def locate_keys(self, table: str, policy: Policy = DEFAULT) -> bool:
        """Find which keys are missing, and say whether the table takes its dump as it is, which the steps then do."""
        self.locate(table, policy, content=False)
        with self.live() as server:
            if server.takes_directly(self.target(table, policy=policy)):
                self.whole.add(table)
        return table in self.whole

    def stage(self, *tables: str) -> None:
        with self.live() as server:
            server.create_scratch(SCHEMA, RUN)
            for table in tables:
                server.stage(SCHEMA, self.target(table), self.folder, silent)

    def compare(self, table: str, into: str | None = None, policy: Policy = DEFAULT) -> TableDifference:
        return self.compare_all(self.target(table, into, policy))[0]

    def compare_all(self, *targets: Target) -> Sequence[TableDifference]:
        with self.live() as server:
            return server.compare(SCHEMA, targets, self.folder, silent)

    def save(self, table: str, into: str | None = None, policy: Policy = DEFAULT) -> SavedTable:
        with self.live() as server:
            return server.save(SCHEMA, self.target(table, into, policy), self.folder, silent)

    def load(self, *tables: str, into: str | None = None, policy: Policy = DEFAULT, gentle: bool = False) -> TableLoad:
        """Load tables; returns what came of the last one."""
        targets = [self.target(table, into, policy) for table in tables]
        with self.live() as server:
            server.load(SCHEMA, targets, self.folder, ThrottleRules(Limits(gentle=gentle)), silent)
            return server.loaded(SCHEMA, targets[-1])

    def ledger(
        self,
        table: str,
        before: int = 0,
        into: str | None = None,
        policy: Policy = DEFAULT,
        untouched: Fingerprint | None = None,
    ) -> Ledger:
        with self.live() as server:
            return server.ledger(SCHEMA, self.target(table, into, policy), self.folder, before, untouched, silent)

    def undo(self, saved: SavedTable) -> tuple[TableDifference, TableLoad]:
        """Take a restore back, in a scratch schema made anew."""
        return self.undo_and_save(saved)[:2]

    def undo_and_save(self, saved: SavedTable) -> tuple[TableDifference, TableLoad, SavedTable]:
        """Take a restore back; returns too what takes that back, the file of which is in a folder of its own."""
        aside = self.folder / "undo"
        aside.mkdir(exist_ok=True)
        target = Target(saved.dump, saved.target, Policy(Merge.EXACT), undo=saved)
        with self.live() as server:
            server.drop_scratch(SCHEMA)
            server.create_scratch(SCHEMA, RUN)
            server.stage(SCHEMA, target, self.folder, silent)
            (difference,) = server.compare(SCHEMA, [target], self.folder, silent)
            kept = server.save(SCHEMA, target, aside, silent)
            server.load(SCHEMA, [target], self.folder, ThrottleRules(), silent)
            return difference, server.loaded(SCHEMA, target), kept

    def prepare(self, *tables: str, where: str | None = None) -> None:
        """Dump and stage."""
        for table in tables:
            self.dump(table, where)
        self.stage(*tables)

    def restore(
        self, table: str, where: str | None = None, policy: Policy = DEFAULT
    ) -> tuple[TableDifference, TableLoad, Ledger]:
        """Go the whole way with one table."""
        self.prepare(table, where=where)
        policy = replace(policy, where=where)
        difference = self.compare(table, policy=policy)
        with self.live() as server:
            untouched = server.untouched_rows(SCHEMA, self.target(table, policy=policy))
        load = self.load(table, policy=policy)
        return difference, load, self.ledger(table, difference.live, policy=policy, untouched=untouched)

    def make_landing(self, table: str, into: str | None = None) -> None:
        with self.live() as server:
            server.create_target_table(
                SCHEMA, self.dumps[table], self.ref(into or table), with_foreign_keys=into is None
            )

    def equal(self, table: str, *, at: str | None = None) -> bool:
        """Whether a table's rows, exactly as the servers show them, are those of the copy."""
        columns = self.definition(table).base_columns
        exact = {"float": "{} + 0e0", "geometry": "HEX({})", "bit": "{} + 0"}
        shown = ", ".join(exact.get(each.kind, "{}").format(name(each.name)) for each in columns)
        here, there = (f"SELECT {shown} FROM {name(each)} ORDER BY 1, 2" for each in (at or table, table))
        return self.now(here) == self.then(there)

    def drop(self) -> None:
        for server in (self.production, self.copy):
            server.sql(f"DROP DATABASE IF EXISTS {name(self.database)}; DROP DATABASE IF EXISTS {name(SCHEMA)}")


def name(identifier: str) -> str:
    """Quote an identifier, by other code than the one under test."""
    return "`{}`".format(identifier.replace("`", "``"))
