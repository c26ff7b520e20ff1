"""The commands about runs that there are: go on, hold, clean up, look; and what a run may need."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.cli.exit_handling import ended, fail
from rdsrestore.cli.flags import Given, with_flags
from rdsrestore.cli.options import AnyRun, Debug, Json, OneRun, Profile, RunName, Yes
from rdsrestore.config.settings import Settings
from rdsrestore.domain.errors import RdsRestoreError, UsageError
from rdsrestore.domain.request.request import Request


@with_flags("resume", CommandLine, Request, Settings)
def resume(
    given: Given,
    run: RunName = None,
    yes: Yes = False,
    profile: Profile = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Go on with a run that was cut off; what is done and still good is not done again."""
    from rdsrestore.app.resume import resume

    work = partial(resume, run, asked=CommandLine.of(given), yes=yes)
    ended(work, profile, given, json=json, debug=debug, remind=False)


def pause(run: RunName = None) -> None:
    """Hold a run's load between two transactions, until unpause."""
    from rdsrestore.app.cleanup.one_run import hold

    ended(lambda context: hold(run, context, on=True), remind=False)


def unpause(run: RunName = None) -> None:
    """Let a run's load go on."""
    from rdsrestore.app.cleanup.one_run import hold

    ended(lambda context: hold(run, context, on=False), remind=False)


@with_flags("cleanup", Settings)
def cleanup(
    given: Given,
    run: RunName = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Whatever carries our marks in the account, other people's runs too.")
    ] = False,
    yes: Yes = False,
    profile: Profile = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Remove what a run left behind, by its journal, or by the tags of all; safe to run again."""
    from rdsrestore.app.cleanup.all_runs import clean_one, sweep

    work = (lambda context: sweep(context, yes=yes)) if everything else (lambda context: clean_one(run, context))
    ended(work, profile, given, json=json, debug=debug, remind=False)


@with_flags("find", CommandLine, Settings)
def find(
    given: Given,
    since: Annotated[
        str | None, typer.Option(help="From when on to look (default: a day before --until).", show_default=False)
    ] = None,
    until: Annotated[str | None, typer.Option(help="Until when to look (default: now).", show_default=False)] = None,
    probe: Annotated[
        str | None,
        typer.Option(
            metavar="SELECT", help="Where the binlog is gone: ask restored copies, and find when the answer changed."
        ),
    ] = None,
    within: Annotated[
        str | None, typer.Option(metavar="TIME", help="With --probe: how closely (default: 5m).", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --probe: only show what it takes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --probe: start without a question.")] = False,
    profile: Profile = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show from production's binlog what was done to tables and when, and the command that takes it back."""
    from rdsrestore.app.find import find
    from rdsrestore.app.probing.probe import WITHIN, Wanted
    from rdsrestore.app.probing.probe import probe as search

    asked = CommandLine.of(given)
    work = partial(find, asked, since=since, until=until)
    if probe is not None:
        if asked.taken_from:
            fail(UsageError("--from", "goes without --probe", "a probe asks copies, and no binlog"))
        wanted = Wanted(probe, since, until, within or WITHIN, dry_run, yes)
        work = partial(search, asked, wanted=wanted)
    elif within or dry_run or yes:
        fail(UsageError("--within, --dry-run, --yes", "go with --probe", "leave them out: find changes nothing"))
    ended(work, profile, given, json=json, debug=debug)


@with_flags("sql", Request, Settings)
def sql(
    given: Given,
    run: AnyRun,
    statement: Annotated[
        str | None, typer.Argument(metavar="[STATEMENT]", help="One SELECT, SHOW or EXPLAIN; else they are read.")
    ] = None,
    profile: Profile = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Look with SQL at the rows that a run has restored, while it asks or keeps its copy; nothing is written."""
    from rdsrestore.app.look import look

    ended(lambda context: look(run, statement, context, given), profile, given, json=json, debug=debug, remind=False)


@with_flags("doctor", CommandLine, Request, Settings)
def doctor(
    given: Given,
    everything: Annotated[bool, typer.Option("--all", help="Every instance of the region.")] = False,
    prove: Annotated[
        bool, typer.Option("--prove-switch", help="Have the switch's role delete what does not exist: takes minutes.")
    ] = False,
    profile: Profile = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say before the day whether a restore would find what it needs, and what to mend; changes nothing."""
    from rdsrestore.app.preparation.doctor import doctor

    work = partial(doctor, CommandLine.of(given), everything=everything, prove=prove)
    ended(work, profile, given, json=json, debug=debug, remind=False)


@with_flags("ca", Settings)
def ca(given: Given, profile: Profile = None, debug: Debug = False) -> None:
    """Fetch RDS's certificates to where they are looked for, and check them."""
    from rdsrestore.app.preparation.ca import fetch

    ended(fetch, profile, given, debug=debug, remind=False)


@with_flags("runs", Settings)
def runs(given: Given, json: Json = False) -> None:
    """List the runs of this machine."""
    from rdsrestore.app.audit.history import list_runs

    ended(list_runs, given=given, json=json)


@with_flags("status", Settings)
def status(given: Given, run: OneRun = None, json: Json = False) -> None:
    """Say where a run stands: its step, since when, how long it takes yet, what production has seen, what waits."""
    from rdsrestore.app.audit.status import show_status

    ended(partial(show_status, run), given=given, json=json, remind=False)


@with_flags("watch", Settings)
def watch(given: Given, run: OneRun = None, json: Json = False) -> None:
    """Follow a run of another terminal to its end, and leave with its exit code."""
    from rdsrestore.app.audit.status import watch

    ended(partial(watch, run), given=given, json=json, remind=False)


@with_flags("attach", Settings)
def attach(given: Given, run: OneRun = None) -> None:
    """Show a run that was detached from its terminal, and answer it; of one that has ended, what became of it."""
    from rdsrestore.app.detach.attach import attach

    ended(partial(attach, run), given=given, remind=False)


@with_flags("audit", Settings)
def audit(
    given: Given,
    run: RunName = None,
    json: Json = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that the journal was not changed or cut since.")
    ] = False,
    requests: Annotated[bool, typer.Option("--requests", help="The ids of the requests to AWS as well.")] = False,
) -> None:
    """Show who did what when in a run, with counts and durations."""
    from rdsrestore.app.audit.history import show_run
    from rdsrestore.app.audit.verification import verify_run

    show = verify_run if verify else partial(show_run, requests=requests)
    ended(lambda context: show(run, context), given=given, json=json)


def report(
    run: RunName = None,
    html: Annotated[bool, typer.Option("--html", help="A page of its own, into the run's folder (default).")] = False,
    md: Annotated[bool, typer.Option("--md", help="Markdown, on standard output.")] = False,
    json: Json = False,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where to write it; - is standard output.", show_default=False)
    ] = None,
) -> None:
    """Write what a run was, for those who were not there: what happened, how long, which rows, who agreed, the cost."""
    from rdsrestore.app.audit.report import write_report

    chosen = [form for form, wanted in (("html", html), ("md", md), ("json", json)) if wanted]
    if len(chosen) > 1:
        fail(UsageError("--html, --md, --json", "exclude each other", "choose one"))
    form = chosen[0] if chosen else "html"
    ended(lambda context: write_report(run, context, form=form, output=output), json=json, remind=False)


def forget(run: AnyRun, yes: Yes = False) -> None:
    """Overwrite and remove what this machine keeps of a run; a line in the index of runs stays."""
    from rdsrestore.app.audit.forget import forget

    ended(lambda context: forget(run, context, yes=yes), remind=False)


def iam_policy(
    switch_role: Annotated[
        str | None, typer.Option(help="The ARN of the dead man's switch's role: adds what setting it takes.")
    ] = None,
    audit_bucket: Annotated[str | None, typer.Option(help="The bucket of the audit log's copies.")] = None,
    of_switch: Annotated[bool, typer.Option("--of-switch", help="The policy of that role itself.")] = False,
    trust: Annotated[bool, typer.Option("--trust", help="Who may act as that role.")] = False,
    clusters: Annotated[bool, typer.Option(help="Also what only the restore of a DB cluster takes.")] = True,
    via: Annotated[
        str | None, typer.Option(help="Also what that way takes: ssm:i-…, ssm:ecs:cluster/task/container.")
    ] = None,
    db_user: Annotated[
        str | None, typer.Option(help="Also logging in to the database as that user by --iam-auth.")
    ] = None,
) -> None:
    """Print the least privileges that a run needs, as a policy's JSON."""
    from json import dumps

    from rdsrestore.app.preparation.iam_policy import policy

    try:
        found = policy(
            switch_role, audit_bucket, of_switch=of_switch, trust=trust, clusters=clusters, via=via, db_user=db_user
        )
    except RdsRestoreError as error:
        fail(error)
    typer.echo(dumps(found, indent=2))


COMMANDS = (find, sql, doctor, ca, resume, pause, unpause, cleanup, status, watch, attach, runs, audit, report, forget)
