"""How a command ends: with an exit code, and an error that anybody can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from signal import SIGINT
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from rdsrestore.domain.errors import Interrupted, RdsRestoreError, said_of
from rdsrestore.domain.outcome.exit_code import ExitCode

if TYPE_CHECKING:
    from rdsrestore.app.context import Context


def ended(
    command: Callable[[Context], ExitCode],
    profile: str | None = None,
    given: Mapping[str, Any] = MappingProxyType({}),
    *,
    json: bool = False,
    debug: bool = False,
    remind: bool = True,
) -> NoReturn:
    """Run a command to its end and leave with its exit code; no traceback reaches anybody who did not ask for one.

    With `remind` it is said first which runs of this machine are unfinished. Settings that are `given` on the command
    line go before those of the file and of the environment.
    """
    from rdsrestore.app.context import Context

    context: Context | None = None
    try:
        context = Context.open(profile, given, json=json)
        if remind:
            context.remind()
        code = command(context)
    except RdsRestoreError as error:
        code = failed(context, error)
    except KeyboardInterrupt:
        code = failed(context, Interrupted(SIGINT, "SIGINT"))
    except Exception as error:
        if debug:
            raise
        failed(
            context, RdsRestoreError("rdsrestore", said_of(error), "run again with --debug and report what it prints")
        )
        code = ExitCode.BUG
    finally:
        if context:
            context.close()
            context.forget_old_dumps()  # last: the command may have used them
    raise typer.Exit(code)


def failed(context: Context | None, error: RdsRestoreError) -> ExitCode:
    """Show an error and return its exit code."""
    if context:
        context.fail(error)
    else:
        show(error)
    return error.exit_code


def fail(error: RdsRestoreError) -> NoReturn:
    """Show an error and leave."""
    show(error)
    raise typer.Exit(error.exit_code)


def show(error: RdsRestoreError) -> None:
    """Print an error where there is no screen yet."""
    from rdsrestore.domain.plain_text import clean_line

    hint = f"\nhint: {clean_line(error.hint)}" if error.hint else ""
    typer.echo(f"error: {clean_line(str(error))}{hint}", err=True)
