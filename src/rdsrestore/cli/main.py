"""The command line: words in, exit code out. Nothing is decided here, and little is imported before it is needed."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from functools import partial
from typing import Annotated

import typer

from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.cli import manual_commands, run_commands
from rdsrestore.cli.exit_handling import ended, fail, heed_ctrl_c
from rdsrestore.cli.flags import Given, with_flags
from rdsrestore.cli.help_page import EXAMPLES, HelpPage
from rdsrestore.cli.options import Debug, DryRun, Json, Profile, RunName, Yes
from rdsrestore.config.settings import Settings
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.request import Request

try:
    import resource
except ImportError:  # Windows has none of what processes, locks and private files are made with here
    typer.echo("error: rdsrestore: runs on Linux and macOS; on Windows use WSL", err=True)
    raise SystemExit(2) from None

app = typer.Typer(
    name="rdsrestore",
    help="Restore one table of an Amazon RDS database from its backups, safely, and leave nothing behind.",
    invoke_without_command=True,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command(name="table", cls=HelpPage, epilog=EXAMPLES)
@with_flags("table", CommandLine, Request, Settings)
def table(
    given: Given,
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: Profile = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Restore tables as they were before a moment; rows written since stay."""
    from rdsrestore.app.restore import restore

    work = partial(restore, CommandLine.of(given), dry_run=dry_run, yes=yes)
    ended(work, profile, given, json=json, debug=debug)


@app.command(name="compare", cls=HelpPage)
@with_flags("compare", CommandLine, Request, Settings)
def compare(
    given: Given,
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: Profile = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a restore would change, row by row, and write nothing."""
    from rdsrestore.app.restore import compare

    work = partial(compare, CommandLine.of(given), dry_run=dry_run, yes=yes)
    ended(work, profile, given, json=json, debug=debug)


@app.command(name="undo")
@with_flags("undo", Request, Settings)
def undo(
    given: Given,
    run: RunName = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: Profile = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Take back what a run wrote; rows that were changed since stay, and are listed."""
    from rdsrestore.app.undo import undo

    work = partial(undo, run, asked=CommandLine.of(given), dry_run=dry_run, yes=yes)
    ended(work, profile, given, json=json, debug=debug)


for command in run_commands.COMMANDS:
    app.command(name=command.__name__)(command)
app.command(name="iam-policy")(run_commands.iam_policy)
app.command(name="help")(manual_commands.show_help)
app.command(name="explain")(manual_commands.explain)
app.command(name="restore", hidden=True)(table)


@app.command(
    name="lab", context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
)
def lab(context: typer.Context) -> None:
    """Run a small RDS on this machine, to try everything on."""
    from rdsrestore.lab import cli

    heed_ctrl_c()
    try:
        cli.app(context.args, prog_name="rdsrestore lab")
    except RdsRestoreError as error:
        fail(error)


def print_version(wanted: bool) -> None:
    """Print the version and leave, where that is wanted."""
    if wanted:
        from rdsrestore import __version__

        typer.echo(f"rdsrestore {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=print_version)
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines that stay, without colour or signs, in whatever follows.")
    ] = False,
) -> None:
    """Restore one table of an Amazon RDS database from its backups, safely, and leave nothing behind.

    Alone in a terminal it asks for everything, and shows the command line that comes of it.
    """
    del version
    if plain:
        os.environ["RDSRESTORE_PLAIN"] = "true"
    if context.invoked_subcommand is not None:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(ExitCode.USAGE)
    from rdsrestore.app.guide.guide import guide

    ended(guide, remind=False)


def main() -> None:
    """Run the command line."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold passwords and rows, ours or a child's
    gc.set_threshold(300_000)  # what a whole run loads and keeps: to search it for cycles again and again finds none
    atexit.register(gc.freeze)  # what is left goes with the process: to search it for cycles takes a fifth of a second
    app()
