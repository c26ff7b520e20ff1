"""The flags that say how a command itself behaves; what it is to do is declared where it is used."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs on standard output.")]
Plain = Annotated[
    bool, typer.Option("--plain", envvar="RDSRESTORE_PLAIN", help="Lines that stay, without colour.", show_envvar=False)
]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="A profile of rdsrestore.toml, or an AWS profile of that name.", show_default=False
    ),
]


def known_runs(incomplete: str) -> list[str]:
    """Name the runs of this machine that begin so, for the shell; a fault is no word to complete with."""
    from rdsrestore.app.context import Context
    from rdsrestore.domain.errors import RdsRestoreError

    try:
        names = Context.open(None, {}, json=False).runs.names()
    except RdsRestoreError:
        return []
    return [name for name in names if name.startswith(incomplete)]


RunName = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="The run; the newest where left out.", autocompletion=known_runs),
]
OneRun = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="The run; the one at work where left out.", autocompletion=known_runs),
]
AnyRun = Annotated[str, typer.Argument(metavar="RUN", help="The run.", autocompletion=known_runs)]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a bug.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read everything, change nothing, show the plan.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes.")]
