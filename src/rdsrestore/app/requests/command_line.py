"""What a restore is told on the command line and has to be understood together, before it is a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

from rdsrestore.app.requests import table_names
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.merge_policy import Merge, OnConflict
from rdsrestore.domain.request.option import LOOKS, PLACES, ROWS, Option, Section, declared


@dataclass(frozen=True)
class CommandLine:
    """What is asked for; None and empty where nothing is said.

    `plain` are the options that a `Request` declares itself, by the names of its fields.
    """

    tables: Annotated[
        tuple[str, ...],
        Option(
            "The tables; 'bill*' is all that begin so.",
            flag="TABLE",
            metavar="TABLE...",
            commands=LOOKS,
            section=Section.STATE,
        ),
    ] = ()
    every: Annotated[
        bool, Option("Every table that the database has now.", flag="--all", commands=ROWS, section=Section.STATE)
    ] = False
    before: Annotated[
        str | None,
        Option(
            'The moment to restore: "2017-06-01T10:14Z", "10:14", "15 minutes ago".',
            flag="--before",
            metavar="MOMENT",
            commands=ROWS,
            settled=True,
            section=Section.STATE,
        ),
    ] = None
    snapshot: Annotated[
        str | None,
        Option(
            "A snapshot to restore instead of a moment.",
            flag="--snapshot",
            metavar="ID",
            commands=ROWS,
            settled=True,
            section=Section.STATE,
        ),
    ] = None
    transaction: Annotated[
        str | None,
        Option(
            "Take back this one transaction, by its GTID or its FILE:POSITION in production's binlog.",
            flag="--transaction",
            metavar="GTID|FILE:POS",
            settled=True,
            section=Section.STATE,
        ),
    ] = None
    incident_end: Annotated[
        str | None,
        Option(
            "A moment after the incident: undo only what it did, not what was done since.",
            flag="--incident-end",
            metavar="MOMENT",
            commands=ROWS,
            settled=True,
            section=Section.STATE,
        ),
    ] = None
    instance: Annotated[
        str | None,
        Option(
            "The RDS instance that holds the tables.",
            flag="--instance",
            metavar="NAME",
            commands=PLACES,
            key=True,
            default="asked for",
            settled=True,
            section=Section.STATE,
        ),
    ] = None
    database: Annotated[
        str | None,
        Option(
            "The database that holds the tables.",
            flag="--database",
            metavar="NAME",
            commands=PLACES,
            key=True,
            default="asked for",
            settled=True,
            section=Section.STATE,
        ),
    ] = None
    merge: Annotated[
        Merge | None,
        Option(
            "Which rows to write (default: missing).",
            flag="--merge",
            commands=ROWS,
            key=True,
            meaning="which rows are written: `missing`, `overwrite`, `exact` or `none`",
            default="`missing`",
            section=Section.ROWS,
        ),
    ] = None
    on_conflict: Annotated[
        OnConflict,
        Option(
            "What to do with rows that were changed again since.",
            flag="--on-conflict",
            commands=ROWS,
            settled=True,
            section=Section.ROWS,
        ),
    ] = OnConflict.KEEP
    where: Annotated[
        str | None,
        Option(
            "Only rows for which this is true.",
            flag="--where",
            metavar="CONDITION",
            commands=ROWS,
            settled=True,
            section=Section.ROWS,
        ),
    ] = None
    columns: Annotated[
        tuple[str, ...],
        Option(
            "Of changed rows take back only these columns.",
            flag="--columns",
            metavar="NAMES",
            commands=ROWS,
            settled=True,
            section=Section.ROWS,
        ),
    ] = ()
    keys_from: Annotated[
        Path | None,
        Option(
            "Only rows whose keys are in this file.",
            flag="--keys-from",
            metavar="FILE",
            commands=ROWS,
            settled=True,
            section=Section.ROWS,
        ),
    ] = None
    into: Annotated[
        str | None,
        Option("Load into this new table beside the live one.", flag="--into", metavar="NAME", section=Section.TARGET),
    ] = None
    swap: Annotated[
        bool, Option("Fill a new table and put it in the live one's place.", flag="--swap", section=Section.TARGET)
    ] = False
    confirm: Annotated[
        str | None,
        Option(
            "With --yes: the table's name, typed beforehand where rows would be deleted.",
            flag="--confirm",
            metavar="NAME",
            commands=("table", "resume"),
            section=Section.TARGET,
        ),
    ] = None
    keep: Annotated[
        str | None,
        Option(
            "Leave the restored instance for that long, for other tables: 90m, 2h.",
            flag="--keep",
            metavar="TIME",
            settled=True,
            section=Section.COPY,
        ),
    ] = None
    keep_on_failure: Annotated[
        str | None,
        Option(
            "Leave the restored instance for that long where the run fails.",
            flag="--keep-on-failure",
            metavar="TIME",
            settled=True,
            section=Section.COPY,
        ),
    ] = None
    taken_from: Annotated[
        str | None,
        Option(
            "Use what that run has kept: its dumps instead of another restore; find: its copy of the binlog.",
            flag="--from",
            metavar="RUN",
            commands=("table", "find"),
            section=Section.COPY,
        ),
    ] = None
    plain: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> CommandLine:
        """Take apart what was given by name."""
        own = {each.name for each in fields(cls)} - {"plain"}  # which is an option of its own, too
        said = {name: value for name, value in given.items() if name in own and value is not None}
        return cls(**said, plain={name: value for name, value in given.items() if name not in own})

    def named(self) -> CommandLine:
        """Take the tables and the database apart where they were written together; UsageError where that can't be."""
        database, tables = table_names.read(self.tables, self.database)
        if self.every and tables and not self.taken_from:
            raise UsageError("--all", f"goes without {', '.join(tables)}", "name tables, or give --all")
        return replace(self, database=database, tables=(table_names.Pattern("*"),) if self.every else tables)

    def over(self, usual: Mapping[str, Any]) -> CommandLine:
        """Take from the settings what the command line does not say."""
        lacking = (each.name for each in declared(CommandLine) if each.option.key and not getattr(self, each.name))
        return replace(self, **{name: usual[name] for name in lacking if name in usual})
