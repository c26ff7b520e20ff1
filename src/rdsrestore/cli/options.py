"""The options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Triggers

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs on standard output.")]
Profile = Annotated[
    str | None, typer.Option(help="A profile of rdsrestore.toml, or an AWS profile of that name.", show_default=False)
]
Region = Annotated[str | None, typer.Option(help="The AWS region of the instance.", show_default=False)]
RunName = Annotated[str | None, typer.Argument(metavar="[RUN]", help="The run; the newest where left out.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a bug.")]


Tables = Annotated[list[str] | None, typer.Argument(metavar="TABLE...", help="The tables to restore.")]
Before = Annotated[
    str | None, typer.Option(help='The moment to restore: "2017-06-01T10:14Z", "10:14", "15 minutes ago".')
]
Until = Annotated[
    str | None,
    typer.Option("--incident-end", help="A moment after the incident: undo only what it did, not what was done since."),
]
FromSnapshot = Annotated[str | None, typer.Option("--snapshot", help="A snapshot to restore instead of a moment.")]
Instance = Annotated[str | None, typer.Option(help="The RDS instance that holds the tables.")]
Database = Annotated[str | None, typer.Option(help="The database that holds the tables.")]
WhichRows = Annotated[
    Merge | None, typer.Option("--merge", help="Which rows to write (default: missing).", show_default=False)
]
Conflicts = Annotated[
    OnConflict, typer.Option("--on-conflict", help="What to do with rows that were changed again since.")
]
Where = Annotated[str | None, typer.Option(help="Only rows for which this is true.")]
Columns = Annotated[list[str] | None, typer.Option("--columns", help="Of changed rows take back only these columns.")]
KeysFrom = Annotated[Path | None, typer.Option("--keys-from", help="Only rows whose keys are in this file.")]
MyIp = Annotated[str | None, typer.Option(help="This machine's address as the database sees it, where not told.")]
InstanceClass = Annotated[
    str | None, typer.Option("--class", help="Class of the temporary instance (default: the source's).")
]
Wait = Annotated[
    int | None,
    typer.Option(help="Seconds to wait for the temporary instance.", show_default="6 hours", min=1, max=30 * 86400),
]
Reason = Annotated[str, typer.Option(help="Why, for Slack and the audit log.")]
WaitForAnswer = Annotated[
    str | None,
    typer.Option(
        "--wait-for-answer", help="How long to wait for the yes before a write: 90m, 4h.", show_default="2 hours"
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read everything, change nothing, show the plan.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes.")]
WithParents = Annotated[
    bool, typer.Option("--with-parents", help="Also restore missing rows that restored ones point to.")
]
WithChildren = Annotated[
    bool, typer.Option("--with-children", help="Also restore rows of other tables that went with restored ones.")
]
Workers = Annotated[
    str | None, typer.Option("--executor", help="Have ranges done by a Dask cluster: dask://host:port.")
]
MaxLag = Annotated[
    float | None, typer.Option("--max-lag", min=0, help="Hold the load while a replica is further behind, in seconds.")
]
MaxLoad = Annotated[
    int | None, typer.Option("--max-load", min=1, help="Hold the load while more threads run on production.")
]
Gentle = Annotated[
    bool,
    typer.Option("--gentle", help="Write little at a time: slower, and the application hardly notices."),
]
PauseFile = Annotated[Path | None, typer.Option("--pause-file", help="Hold the load while this file exists.")]
WhetherTriggersFire = Annotated[
    Triggers, typer.Option("--triggers", help="Whether the live table's triggers may fire for what is written.")
]
