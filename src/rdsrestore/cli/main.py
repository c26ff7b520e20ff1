"""The command line: words in, exit code out. Nothing is decided here, and little is imported before it is needed."""

from __future__ import annotations

import atexit
import gc
from functools import partial
from typing import Annotated

import typer

from rdsrestore.cli import run_commands
from rdsrestore.cli.exit_handling import ended, fail
from rdsrestore.cli.options import (
    Before,
    Columns,
    Conflicts,
    Database,
    Debug,
    DryRun,
    FromSnapshot,
    Gentle,
    Instance,
    InstanceClass,
    Json,
    KeysFrom,
    MaxLag,
    MaxLoad,
    MyIp,
    PauseFile,
    Profile,
    Reason,
    Region,
    RunName,
    Tables,
    Until,
    Wait,
    WaitForAnswer,
    Where,
    WhichRows,
    WithChildren,
    WithParents,
    Workers,
    Yes,
)
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.request.merge_policy import OnConflict, Triggers

try:
    import resource
except ImportError:  # Windows has none of what processes, locks and private files are made with here
    typer.echo("error: rdsrestore: runs on Linux and macOS; on Windows use WSL", err=True)
    raise SystemExit(2) from None

app = typer.Typer(
    name="rdsrestore",
    help="Restore one table of an Amazon RDS database from its backups, safely, and leave nothing behind.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command(name="table")
def table(
    tables: Tables = None,
    before: Before = None,
    snapshot: FromSnapshot = None,
    incident_end: Until = None,
    instance: Instance = None,
    database: Database = None,
    merge: WhichRows = None,
    on_conflict: Conflicts = OnConflict.KEEP,
    where: Where = None,
    columns: Columns = None,
    keys_from: KeysFrom = None,
    with_parents: WithParents = False,
    with_children: WithChildren = False,
    into: Annotated[str | None, typer.Option(help="Load into this new table beside the live one.")] = None,
    swap: Annotated[bool, typer.Option("--swap", help="Fill a new table and put it in the live one's place.")] = False,
    recreate: Annotated[bool, typer.Option("--recreate", help="Create a dropped table again as it was.")] = False,
    triggers: Annotated[
        Triggers, typer.Option(help="Whether the live table's triggers may fire for what is written.")
    ] = Triggers.REFUSE,
    confirm: Annotated[
        str | None, typer.Option(help="With --yes: the table's name, typed beforehand where rows would be deleted.")
    ] = None,
    max_lag: MaxLag = None,
    max_load: MaxLoad = None,
    gentle: Gentle = False,
    pause_file: PauseFile = None,
    executor: Workers = None,
    keep_always: Annotated[
        str | None, typer.Option("--keep", help="Leave the restored instance for that long, for other tables: 90m, 2h.")
    ] = None,
    keep: Annotated[
        str | None, typer.Option("--keep-on-failure", help="Leave the copy for that long where the run fails: 90m, 2h.")
    ] = None,
    taken_from: Annotated[
        str | None, typer.Option("--from", metavar="RUN", help="Use the dumps of that run instead of another restore.")
    ] = None,
    keep_dump: Annotated[
        bool, typer.Option("--keep-dump", help="Leave the dumps in the run's folder also where all went well.")
    ] = False,
    my_ip: MyIp = None,
    instance_class: InstanceClass = None,
    wait: Wait = None,
    reason: Reason = "",
    wait_for_answer: WaitForAnswer = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Restore tables as they were before a moment; rows written since stay."""
    from rdsrestore.app.requests.request_builder import CommandLine
    from rdsrestore.app.restore import restore

    asked = CommandLine(
        tables=tuple(tables or ()),
        before=before,
        snapshot=snapshot,
        incident_end=incident_end,
        instance=instance,
        database=database,
        merge=merge,
        on_conflict=on_conflict,
        where=where,
        columns=tuple(columns or ()),
        keys_from=keys_from,
        with_parents=with_parents,
        with_children=with_children,
        into=into,
        swap=swap,
        recreate=recreate,
        triggers=triggers,
        confirm=confirm,
        max_lag=max_lag,
        max_load=max_load,
        gentle=gentle,
        pause_file=pause_file,
        keep=keep,
        keep_always=keep_always,
        keep_dump=keep_dump,
        taken_from=taken_from,
        caller=my_ip,
        instance_class=instance_class,
        wait=wait,
        reason=reason,
    )
    work = partial(restore, asked, dry_run=dry_run, yes=yes)
    ended(work, profile, region, executor=executor, wait_for_answer=wait_for_answer, json=json, debug=debug)


@app.command()
def compare(
    tables: Tables = None,
    before: Before = None,
    snapshot: FromSnapshot = None,
    incident_end: Until = None,
    instance: Instance = None,
    database: Database = None,
    merge: WhichRows = None,
    on_conflict: Conflicts = OnConflict.KEEP,
    where: Where = None,
    columns: Columns = None,
    keys_from: KeysFrom = None,
    with_parents: WithParents = False,
    with_children: WithChildren = False,
    my_ip: MyIp = None,
    instance_class: InstanceClass = None,
    wait: Wait = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a restore would change, row by row, and write nothing."""
    from rdsrestore.app.requests.request_builder import CommandLine
    from rdsrestore.app.restore import compare

    asked = CommandLine(
        tables=tuple(tables or ()),
        before=before,
        snapshot=snapshot,
        incident_end=incident_end,
        instance=instance,
        database=database,
        merge=merge,
        on_conflict=on_conflict,
        where=where,
        columns=tuple(columns or ()),
        keys_from=keys_from,
        with_parents=with_parents,
        with_children=with_children,
        triggers=Triggers.FIRE,
        caller=my_ip,
        instance_class=instance_class,
        wait=wait,
        reason=reason,
    )
    ended(lambda context: compare(asked, context, dry_run=dry_run, yes=yes), profile, region, json=json, debug=debug)


@app.command()
def undo(
    run: RunName = None,
    reason: Reason = "",
    wait_for_answer: WaitForAnswer = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Take back what a run wrote; rows that were changed since stay, and are listed."""
    from rdsrestore.app.restore import undo

    work = partial(undo, run, reason=reason, dry_run=dry_run, yes=yes)
    ended(work, profile, region, wait_for_answer=wait_for_answer, json=json, debug=debug)


for command in run_commands.COMMANDS:
    app.command()(command)
app.command(name="iam-policy")(run_commands.iam_policy)


@app.command(
    name="lab", context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
)
def lab(context: typer.Context) -> None:
    """Run a small RDS on this machine, to try everything on."""
    from rdsrestore.lab import cli

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


def main() -> None:
    """Run the command line."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold passwords and rows, ours or a child's
    atexit.register(gc.freeze)  # what is left goes with the process: to search it for cycles takes a fifth of a second
    app()
