"""The commands that explain."""

from __future__ import annotations

from typing import Annotated

import typer

from rdsrestore.cli.exit_handling import fail
from rdsrestore.cli.options import Plain
from rdsrestore.domain.errors import RdsRestoreError


def show_help(
    topic: Annotated[list[str] | None, typer.Argument(metavar="[TOPIC]", help="A page, a number, or words.")] = None,
    plain: Plain = False,
) -> None:
    """Show a page of the documents, a part of the runbook by its number, or what has these words as its title."""
    from rdsrestore.app import manual

    try:
        manual.show(" ".join(topic or ()), plain=plain)
    except RdsRestoreError as error:
        fail(error)


def explain(code: Annotated[str, typer.Argument(help="An error's code, like db.denied, or an exit code.")]) -> None:
    """Say what a code means and what to do about it."""
    from rdsrestore.app import manual

    try:
        typer.echo(manual.explained(code))
    except RdsRestoreError as error:
        fail(error)
