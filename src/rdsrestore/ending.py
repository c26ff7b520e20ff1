"""How a command ends: with an exit code, and an error that anybody can read."""

from __future__ import annotations

from collections.abc import Callable
from signal import SIGINT
from typing import TYPE_CHECKING, NoReturn

import typer

from rdsrestore.core.errors import ExitCode, Interrupted, RdsRestoreError, said_of

if TYPE_CHECKING:
    from rdsrestore.front import Front


def ended(
    command: Callable[[Front], ExitCode],
    profile: str | None = None,
    region: str | None = None,
    *,
    executor: str | None = None,
    json: bool = False,
    debug: bool = False,
    remind: bool = True,
) -> NoReturn:
    """Run a command to its end and leave with its exit code; no traceback reaches anybody who did not ask for one.

    With `remind` it is said first which runs of this machine are unfinished.
    """
    from rdsrestore.front import Front

    front: Front | None = None
    try:
        front = Front.open(profile, region, executor=executor, json=json)
        if remind:
            front.remind()
        code = command(front)
    except RdsRestoreError as error:
        code = failed(front, error)
    except KeyboardInterrupt:
        code = failed(front, Interrupted(SIGINT, "SIGINT"))
    except Exception as error:
        if debug:
            raise
        failed(front, RdsRestoreError("rdsrestore", said_of(error), "run again with --debug and report what it prints"))
        code = ExitCode.BUG
    raise typer.Exit(code)


def failed(front: Front | None, error: RdsRestoreError) -> ExitCode:
    """Show an error and return its exit code."""
    if front:
        front.fail(error)
    else:
        show(error)
    return error.exit_code


def fail(error: RdsRestoreError) -> NoReturn:
    """Show an error and leave."""
    show(error)
    raise typer.Exit(error.exit_code)


def show(error: RdsRestoreError) -> None:
    """Print an error where there is no screen yet."""
    typer.echo(f"error: {error}" + (f"\nhint: {error.hint}" if error.hint else ""), err=True)
