"""Where logins to servers come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from rdsrestore.domain.cloud.bastion import Bastion, Forwarding, Managed
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.server import ClientTools
from rdsrestore.domain.tables.target import TurnedBack
from rdsrestore.domain.tables.transaction import LaterChanges, LoggedTransaction, TransactionName
from rdsrestore.ports.production import Production
from rdsrestore.ports.progress import Progress
from rdsrestore.ports.restored_database import RestoredDatabase


class Sessions(Protocol):
    """Sessions of Systems Manager to one node, each of which forwards to one server."""

    target: Managed

    def start(self, endpoint: Endpoint) -> Forwarding:
        """Begin a session; CloudError where nobody is let in there."""
        ...

    def end(self, session: str) -> None:
        """End a session, quietly."""
        ...


@dataclass(frozen=True)
class Access:
    """What an engine's adapter is made with.

    `password` is production's, asked for at the first need; `renewed` gives the one that it was changed to, None where
    nobody knows of a change. Servers are checked against `ca`, None for the system's
    own. Dumps and undo files are encrypted for `dump_key`. `executor` is where workers are, and `poll` the longest
    pause between two looks, in seconds. Servers are reached through `bastion` where there is one, by ssh with its
    settings in `ssh_config`, None for its own; with `asks` it may ask for a passphrase at the terminal. Or they are
    reached by `sessions`. `token` makes a password of production for each login, where that is how one logs in.
    """

    password: Callable[[], Secret]
    ca: Path | None
    dump_key: Secret | None
    executor: str | None
    poll: float
    renewed: Callable[[Secret], Secret | None] = lambda _refused: None
    bastion: Bastion | None = None
    ssh_config: Path | None = None
    asks: bool = False
    sessions: Sessions | None = None
    token: Callable[[Endpoint, str], Secret] | None = None


class Engines(Protocol):
    """The servers of each engine, by the cloud's name for it."""

    def of(self, engine: str) -> Databases:
        """Return where its logins come from; CloudError with code `aws.engine` for an unknown one."""
        ...

    def user(self) -> str | None:
        """Name whose password production's is, where that is kept with it."""
        ...

    def password_from(self) -> str:
        """Say where production's password was found without being told; empty where it was told."""
        ...

    def password(self) -> Secret | None:
        """Give production's password, asked for at the first need; None where what it takes holds for it alone."""
        ...

    def close(self) -> None:
        """Leave workers elsewhere, with nothing of ours on them."""
        ...


class BinlogRows(Protocol):
    """Where rows come from without a backup."""

    def check_rows_from_binlog(self, endpoint: Endpoint, user: str, definition: TableDefinition) -> None:
        """Refuse early what is known without the binlog's content; raises what `rows_from_binlog` raises."""
        ...

    def try_rows_from_binlog(
        self, endpoint: Endpoint, user: str, definition: TableDefinition, moment: datetime, progress: Progress
    ) -> None:
        """Do what `rows_from_binlog` does, raise what it raises, and keep what comes of it for it until we close."""
        ...

    def rows_from_binlog(
        self,
        endpoint: Endpoint,
        user: str,
        definition: TableDefinition,
        moment: datetime,
        folder: Path,
        progress: Progress,
    ) -> TurnedBack:
        """Dump what a table's rows were that were touched since a moment, from production's binlog alone.

        What a trial found is taken, unless production has changed the table since.

        Refused with code `binlog.unproved` where it is not certain that they are all and right, with `copy.empty` where
        there is none; ToolError where a program is missing, or a file is torn.
        """
        ...


class TransactionRows(Protocol):
    """Where the rows of a single transaction come from. Raises what `BinlogRows` raises."""

    def transaction(
        self, endpoint: Endpoint, user: str, name: TransactionName, since: datetime | None, progress: Progress
    ) -> LoggedTransaction:
        """Find a transaction in production's binlog, not in files that were at an end before `since`.

        UsageError for a GTID of another family, Refused with code `transaction.unknown` where it is not there.
        """
        ...

    def later_changes(
        self,
        endpoint: Endpoint,
        user: str,
        definitions: Sequence[TableDefinition],
        transaction: LoggedTransaction,
        progress: Progress,
    ) -> LaterChanges:
        """Name the later transactions that changed a transaction's rows of some tables."""
        ...

    def rows_of_transaction(
        self,
        endpoint: Endpoint,
        user: str,
        definitions: Sequence[TableDefinition],
        transaction: LoggedTransaction,
        folder: Path,
        progress: Progress,
    ) -> Sequence[TurnedBack]:
        """Dump what a transaction's rows of some tables were before it, and beside them what it made of them."""
        ...


class Connections(Protocol):
    """What is held to servers between two answers."""

    def listen(self, progress: Progress) -> None:
        """Have `progress` told, from any thread, of a server that takes long to answer."""
        ...

    def log_out(self) -> None:
        """Hold no connection that a next step could take up: it logs in anew. What `alone` keeps stays."""
        ...

    def hang_up(self) -> None:
        """Cut what steps are connected to, whoever waits for an answer; from here on no answer is waited for long.

        What `alone` keeps stays.
        """
        ...


class Databases(BinlogRows, TransactionRows, Connections, Protocol):
    """Where logins to servers come from."""

    @property
    def workers(self) -> tuple[Executor, int] | None:
        """Who does sections of a comparison elsewhere, and how many at a time; None where all is done here."""
        ...

    def production(self, endpoint: Endpoint, user: str) -> AbstractContextManager[Production]:
        """Log in to the source; DatabaseError with code `db.denied` or `db.unreachable` where that fails."""
        ...

    def copy(self, endpoint: Endpoint, user: str, password: Secret) -> AbstractContextManager[RestoredDatabase]:
        """Log in to a temporary instance."""
        ...

    def reach(
        self,
        endpoint: Endpoint,
        user: str,
        password: Secret,
        within: float,
        progress: Progress,
        *,
        certain: bool = False,
    ) -> None:
        """Log in to a temporary instance, again and again for up to `within` seconds, until it lets us in.

        A refusal is waited out as well, since a password that was just set needs time; not where it is `certain`.
        """
        ...

    def delay(self, endpoint: Endpoint, user: str) -> int | None:
        """Ask a replica, logged in to as production is, by how many seconds it stays behind on purpose.

        None where it is no replica; DatabaseError where it can't be asked.
        """
        ...

    def tools(self) -> ClientTools:
        """Find the dump program."""
        ...

    def alone(self, endpoint: Endpoint, user: str, run: str, refs: Sequence[TableRef]) -> AbstractContextManager[None]:
        """Keep every other run off these tables, also those of other machines, until the context ends.

        Refused with code `table.locked` where one is at work.
        """
        ...

    def statements_of(self, step: str, policy: Policy) -> Sequence[str]:
        """Name what a step runs on a server under a policy, for the plan."""
        ...

    def close(self) -> None:
        """Leave workers elsewhere, with nothing of ours on them."""
        ...
