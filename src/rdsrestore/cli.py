"""The command line: words in, exit code out. Nothing is decided here, and little is imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from signal import SIGINT
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from rdsrestore.core.errors import ExitCode, Interrupted, RdsRestoreError, UsageError
from rdsrestore.core.model import Merge

if TYPE_CHECKING:
    from rdsrestore.front import Front

app = typer.Typer(
    name="rdsrestore",
    help="Restore one table of an Amazon RDS database from its backups, safely, and leave nothing behind.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs on standard output.")]
Profile = Annotated[
    str | None, typer.Option(help="A profile of rdsrestore.toml, or an AWS profile of that name.", show_default=False)
]
Region = Annotated[str | None, typer.Option(help="The AWS region of the instance.", show_default=False)]
RunName = Annotated[str | None, typer.Argument(metavar="[RUN]", help="The run; the newest where left out.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a bug.")]


@app.command(name="table")
def table(
    tables: Annotated[list[str] | None, typer.Argument(metavar="TABLE...", help="The tables to restore.")] = None,
    before: Annotated[
        str | None, typer.Option(help='The moment to restore: "2017-06-01T10:14Z", "10:14", "15 minutes ago".')
    ] = None,
    snapshot: Annotated[str | None, typer.Option(help="A snapshot to restore instead of a moment.")] = None,
    instance: Annotated[str | None, typer.Option(help="The RDS instance that holds the tables.")] = None,
    database: Annotated[str | None, typer.Option(help="The database that holds the tables.")] = None,
    merge: Annotated[Merge | None, typer.Option(help="Which rows to write (default: missing).")] = None,
    where: Annotated[str | None, typer.Option(help="Restore only rows for which this is true.")] = None,
    into: Annotated[str | None, typer.Option(help="Load into this new table beside the live one.")] = None,
    recreate: Annotated[bool, typer.Option("--recreate", help="Create a dropped table again as it was.")] = False,
    fire_triggers: Annotated[
        bool, typer.Option("--fire-triggers", help="Let the live table's triggers fire for restored rows.")
    ] = False,
    my_ip: Annotated[
        str | None, typer.Option(help="This machine's public address, where it can't be found out.")
    ] = None,
    instance_class: Annotated[
        str | None, typer.Option("--class", help="Class of the temporary instance (default: the source's).")
    ] = None,
    wait: Annotated[
        int | None, typer.Option(help="Seconds to wait for the temporary instance.", show_default="6 hours", min=1)
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for Slack and the audit log.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read everything, change nothing, show the plan.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes.")] = False,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Restore tables as they were before a moment; rows written since stay."""
    from rdsrestore.asking import Asked
    from rdsrestore.restoring import restore

    asked = Asked(
        tables=tuple(tables or ()),
        before=before,
        snapshot=snapshot,
        instance=instance,
        database=database,
        merge=merge,
        where=where,
        into=into,
        recreate=recreate,
        fire_triggers=fire_triggers,
        caller=my_ip,
        instance_class=instance_class,
        wait=wait,
        reason=reason,
    )
    ended(lambda front: restore(asked, front, dry_run=dry_run, yes=yes), profile, region, json=json, debug=debug)


@app.command()
def cleanup(
    run: RunName = None,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Remove what a run left behind, by its journal; safe to run again."""
    from rdsrestore.cleaning import clean

    ended(lambda front: clean(run, front), profile, region, json=json, debug=debug)


@app.command()
def runs(json: Json = False) -> None:
    """List the runs of this machine."""
    from rdsrestore.auditing import list_runs

    ended(list_runs, json=json)


@app.command()
def audit(
    run: RunName = None,
    json: Json = False,
    verify: Annotated[bool, typer.Option("--verify", help="Check that the journal was not changed since.")] = False,
) -> None:
    """Show who did what when in a run, with counts, durations and AWS request ids."""
    from rdsrestore.auditing import show_run, verify_run

    show = verify_run if verify else show_run
    ended(lambda front: show(run, front), json=json)


@app.command(
    name="lab", context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
)
def lab(context: typer.Context) -> None:
    """Run a small RDS on this machine, to try everything on."""
    try:
        from rdsrestore.lab import cli
    except ImportError as error:
        fail(UsageError("lab", f"the lab is not installed ({error.name} is missing)", "pip install 'rdsrestore[lab]'"))
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
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=print_version)
    ] = False,
) -> None:
    """Restore one table of an Amazon RDS database from its backups, safely, and leave nothing behind."""
    del version


def ended(
    command: Callable[[Front], ExitCode],
    profile: str | None = None,
    region: str | None = None,
    *,
    json: bool = False,
    debug: bool = False,
) -> NoReturn:
    """Run a command to its end and leave with its exit code; no traceback reaches anybody who did not ask for one."""
    from rdsrestore.front import Front

    front: Front | None = None
    try:
        front = Front.open(profile, region, json=json)
        code = command(front)
    except RdsRestoreError as error:
        code = failed(front, error)
    except KeyboardInterrupt:
        code = failed(front, Interrupted(SIGINT, "SIGINT"))
    except Exception as error:
        if debug:
            raise
        what = f"{type(error).__name__}: this is a bug in rdsrestore"
        failed(front, RdsRestoreError("rdsrestore", what, "run again with --debug and report what it prints"))
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


def main() -> None:
    """Run the command line."""
    app()
