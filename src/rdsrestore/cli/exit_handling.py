"""How a command ends: with an exit code, and an error that anybody can read."""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from rdsrestore.domain.errors import Interrupted, RdsRestoreError, UsageError, said_of
from rdsrestore.domain.outcome.exit_code import ExitCode

if TYPE_CHECKING:
    from rdsrestore.app.context import Context

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a disk says that takes no more: no fault of ours."""


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
        heed_ctrl_c()
        context = Context.open(profile, given, json=json)
        if remind:
            context.remind()
        code = command(context)
    except RdsRestoreError as error:
        code = failed(context, error)
    except KeyboardInterrupt:
        code = failed(context, Interrupted(signal.SIGINT, "SIGINT"))
    except Exception as error:
        if debug:
            raise
        code = failed(context, plain(error))
    finally:
        if context:
            context.close()
            context.forget_old_dumps()  # last: the command may have used them
    raise typer.Exit(code)


def heed_ctrl_c() -> None:
    """Have Ctrl-C raise KeyboardInterrupt from here on: until a command begins it ends the program (`__main__`)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class BugError(RdsRestoreError):
    """A failure of ours."""

    exit_code = ExitCode.BUG


def plain(error: Exception) -> RdsRestoreError:
    """Make an error that anybody can read: that a file, or where the output goes, takes no more; else it is a bug."""
    if isinstance(error, OSError) and error.errno in FULL:
        hint = "make room, or send the output elsewhere, then run the same command again"
        return UsageError(str(error.filename or "standard output"), f"can't be written: {error.strerror}", hint)
    return BugError("rdsrestore", said_of(error), "run again with --debug and report what it prints")


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
