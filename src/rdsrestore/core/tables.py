"""What is known about a table's definition and content, whatever the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rdsrestore.core.codec import UNWRITTEN, written
from rdsrestore.core.model import TableRef


@written("Column")
@dataclass(frozen=True)
class Column:
    """One column as the catalogue describes it.

    `type` is the full type (`decimal(12,2)`), `kind` the bare one (`decimal`). `charset` and `collation` are None for
    columns without text.
    """

    name: str
    type: str
    kind: str
    nullable: bool
    charset: str | None = None
    collation: str | None = None
    generated: bool = False
    invisible: bool = False
    auto_increment: bool = False
    on_update: bool = False
    required: bool = False


TAKES_CHILDREN = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})
"""What a foreign key's rule may say where a change of a parent changes its children too."""


@written("ForeignKey")
@dataclass(frozen=True)
class ForeignKey:
    """`child` (columns) references `parent` (columns); `on_delete` and `on_update` are the rules' names, upper case."""

    name: str
    child: TableRef
    columns: tuple[str, ...]
    parent: TableRef
    parent_columns: tuple[str, ...]
    on_delete: str
    on_update: str = "NO ACTION"


@written("Trigger")
@dataclass(frozen=True)
class Trigger:
    """A trigger on the table, e.g. BEFORE INSERT."""

    name: str
    timing: str
    event: str


@written("UniqueKey")
@dataclass(frozen=True)
class UniqueKey:
    """A unique key; `columns` in key order, `nullable` when one of them may be NULL."""

    name: str
    columns: tuple[str, ...]
    nullable: bool


@written("TableDefinition")
@dataclass(frozen=True)
class TableDefinition:
    """A base table's definition as read from a server.

    `kind` is the catalogue's table type (BASE TABLE, VIEW, …). `key` holds the columns that identify a row: the
    primary key, else the shortest unique key without NULL, else nothing. `rows` is the server's estimate and `bytes`
    its size on disk. `create_sql` is the server's own statement, empty where there is none that is text throughout.
    `hindrances` say in words why rows of it can't be carried at all.
    """

    ref: TableRef
    kind: str
    engine: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unique_keys: tuple[UniqueKey, ...] = ()
    references: tuple[ForeignKey, ...] = ()
    referenced_by: tuple[ForeignKey, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    partitioned: bool = False
    versioned: bool = False
    rows: int = 0
    bytes: int = 0
    create_sql: str = ""
    hindrances: tuple[str, ...] = ()

    @property
    def base_columns(self) -> tuple[Column, ...]:
        """The columns that hold data of their own."""
        return tuple(column for column in self.columns if not column.generated)


@written("Fingerprint")
@dataclass(frozen=True)
class Fingerprint:
    """Content of a set of rows: how many, and the sum of 60 bits of each row's digest."""

    rows: int
    total: int

    def __add__(self, part: Fingerprint) -> Fingerprint:
        """Two sets of rows together."""
        return Fingerprint(self.rows + part.rows, self.total + part.total)

    def __sub__(self, part: Fingerprint) -> Fingerprint:
        """What is left of a set of rows without some of them."""
        return Fingerprint(self.rows - part.rows, self.total - part.total)


@written("DumpFile")
@dataclass(frozen=True)
class DumpFile:
    """A complete, checked dump of one table, in the run's folder.

    `path` is relative to the run's folder, `bytes` and `sha256` are the file's, `span` says between which of its bytes
    the rows' statements stand, the longest of `longest` bytes. `top` is the largest key, as a literal, where a single
    column is the key. `rows` were counted in the file and
    on the server, `content` is the server's fingerprint of the same rows, `floats` the file with exact FLOAT values
    where the table has such columns. `children` counts, on the copy, the rows of tables that reference this one with
    a cascading rule and were not asked for.
    """

    definition: TableDefinition
    path: str
    bytes: int
    sha256: str
    rows: int
    content: Fingerprint
    span: tuple[int, int] = (0, 0)
    longest: int = 0
    top: str | None = None
    floats: str | None = None
    children: tuple[tuple[TableRef, int], ...] = ()


@written("ServerFacts")
@dataclass(frozen=True)
class ServerFacts:
    """A server as its session sees it; sizes in bytes, `ahead` in seconds: by how much its clock is before ours.

    `globals` are variables by name as a new login finds them: what a login of ours, or a client program's, can't turn.
    `caller` is this machine as the server sees it, a /32 or /128; where that is not certain, `caller_name` is the name
    that the server knows it by.
    `unseen` names the privilege without which the catalogue keeps tables of other databases from the login.
    """

    version: str
    flavour: str
    read_only: bool
    lower_case_table_names: int
    max_allowed_packet: int
    sql_mode: str
    autoinc_lock_mode: int
    time_zone: str = "+00:00"
    event_scheduler: bool = False
    privileges_missing: tuple[str, ...] = ()
    unseen: str = ""
    ahead: float = 0.0
    globals: Mapping[str, str] = field(default_factory=dict, metadata=UNWRITTEN)
    caller: str | None = None
    caller_name: str = ""


@written("Problem")
@dataclass(frozen=True)
class Problem:
    """What stands in the way: a stable code, what it is, and a hint that says what to do."""

    code: str
    what: str
    hint: str


@written("ClientTools", former={"load", "load_version", "problems"})
@dataclass(frozen=True)
class ClientTools:
    """The dump program found on this machine; flavour is `mariadb` or `mysql`.

    `dump_sets` says that it can be told what to set in its session, `problem` what stopped it when it was tried on
    production, None where nothing did.
    """

    dump: str | None
    dump_version: str = ""
    dump_flavour: str = ""
    dump_sets: bool = False
    problem: Problem | None = None
