"""Find everything of ours in the account and on production by its tags, and remove it, run by run."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from rdsrestore import __version__
from rdsrestore.app.cleanup.one_run import clean
from rdsrestore.app.context import Context
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.domain.cloud.instance import SourceInstance, schedule_of_cluster
from rdsrestore.domain.codec import Json, encode
from rdsrestore.domain.errors import CleanupIncomplete, JournalError, RdsRestoreError
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.load_result import Traces
from rdsrestore.ports.production import Production
from rdsrestore.ports.progress import Progress
from rdsrestore.store.journal_file import JournalFile, is_there
from rdsrestore.store.runs import SWEPT, StoredRun
from rdsrestore.workflow.journal.journal import Journal, Kind, asked_for
from rdsrestore.workflow.step import World

UNKNOWN_HINT = "rdsrestore cleanup --all once production answers; in a terminal, without --yes, it asks"


@dataclass(frozen=True)
class Site:
    """Where production is, and as whom to look there; None of both where no instance is named."""

    world: World
    source: SourceInstance | None
    user: str

    def production(self) -> AbstractContextManager[Production | None]:
        """Log in, where there is somewhere to."""
        if self.source is None:
            return nullcontext()
        return self.world.engines.of(self.source.engine).production(self.source.endpoint, self.user)


def sweep(context: Context, *, yes: bool) -> ExitCode:
    """Ask about each run that has left something, also of other people and machines, and remove it; `yes` asks nothing.

    Returns CLEANUP_INCOMPLETE where anything could not be removed.
    """
    site = find_site(context)
    runs = in_account(site)
    schemas, silent = on_production(site, context)
    worst = ExitCode.CLEANUP_INCOMPLETE if silent else ExitCode.OK
    for run, things in (*schemas.items(), *own_schedules(site, context).items()):
        runs.setdefault(run, []).extend(things)
    if not runs and not silent:
        context.screen.print(f"nothing of rdsrestore is left in this account and region{where(site)}", soft_wrap=True)
    idle = {stored.id.value for stored in context.runs.unfinished()}
    for run, things in runs.items():
        context.screen.print(f"run {run} left {'; '.join(things)}", soft_wrap=True)
        busy, unknown = ("", silent) if silent else at_work(run, site)
        doubt = "" if run in idle else f"Whether somebody works on it is not known: {unknown}" if unknown else ""
        if busy:
            context.screen.print(f"  it is at work right now{busy}; left alone", soft_wrap=True)
        elif yes and doubt:
            context.fail(CleanupIncomplete(f"run {run}", f"{doubt}; left alone", UNKNOWN_HINT))
            worst = ExitCode.CLEANUP_INCOMPLETE
        elif yes or context.confirm(f"{f'{doubt}. ' if doubt else ''}Remove what run {run} left?"):
            worst = max(worst, remove(run, site, context))
        else:
            context.screen.print("  left as it is")
    return worst


def at_work(run: str, site: Site) -> tuple[str, str]:
    """Say who works on a run right now, and why that is not known; both empty where nobody does."""
    try:
        with site.production() as database:
            return (database.at_work(run) if database else ""), ""
    except RdsRestoreError as error:
        return "", str(error)


def find_site(context: Context) -> Site:
    """Find production by the settings."""
    world = context.world(yes=True)
    instance = context.settings.of(CommandLine).instance
    if instance is None:
        return Site(world, None, "")
    source = world.sources.source(instance)
    world.engines.of(source.engine).hang_up()  # a silent server must not keep what costs money
    return Site(world, source, context.settings.user or world.engines.user() or source.master_user)


def where(site: Site) -> str:
    """Say whether production was looked at."""
    return "" if site.source else "; production was not looked at: set RDSRESTORE_INSTANCE"


def in_account(site: Site) -> dict[str, list[str]]:
    """Describe by run what is left in the account."""
    by_run: dict[str, list[str]] = {}
    for each in site.world.restores.leftovers():
        until = f", expires {each.expires:%Y-%m-%d %H:%M} UTC" if each.expires else ""
        by_run.setdefault(each.run, []).append(f"{each.kind} {each.id} ({each.status}{until})")
    return by_run


def on_production(site: Site, context: Context) -> tuple[dict[str, list[str]], str]:
    """Describe by run what is left on production, or say why that is not known; nothing waits for it then."""
    try:
        with site.production() as database:
            runs = database.scratches() if database else ()
    except RdsRestoreError as error:
        context.fail(error)
        return {}, str(error)
    return {run: [f"scratch schema {RunId(run).schema}"] for run in runs}, ""


def own_schedules(site: Site, context: Context) -> dict[str, list[str]]:
    """Describe the schedules of this machine's own unfinished runs: no list of the account's shows whose they are."""
    found: dict[str, list[str]] = {}
    try:
        for stored in context.runs.unfinished():
            if asked_for(stored.sound()).get("switch_role"):
                copies = (stored.id.resource, stored.id.after)
                names = site.world.schedules.armed((*copies, *map(schedule_of_cluster, copies)))
                found |= {stored.id.value: [f"schedule {name}" for name in names]} if names else {}
    except RdsRestoreError as error:  # what costs money is removed all the same
        context.fail(error)
    return found


def clean_one(name: str | None, context: Context) -> ExitCode:
    """Remove what one run left: by its journal, or by the tags alone where that is damaged."""
    stored = context.runs.find(name)
    if stored.tells():
        return clean(stored.id.value, context)
    if is_there(stored.journal):
        stored.refuse_newer()
    context.screen.print(
        f"the journal of run {stored.id} is damaged; what carries its marks is removed", soft_wrap=True
    )
    return remove(stored.id.value, find_site(context), context)


def remove(run: str, site: Site, context: Context) -> ExitCode:
    """Remove what a run left: by its journal where it is here and can be used, else by the tags alone."""
    folder = context.runs.folder / run
    stored = StoredRun(folder) if folder.is_dir() else context.runs.create(RunId(run))
    if stored.tells():
        try:
            return clean(run, context)
        except JournalError as error:
            if error.code != "journal.version":
                raise
            context.fail(error)
    sound = not is_there(stored.journal) or sound_or_empty(stored)
    with stored.locked():
        clock = site.world.clock
        journal = context.runs.open(stored, clock) if sound else JournalFile(folder / SWEPT, clock)
        try:
            return by_marks(RunId(run), site, context, journal)
        finally:
            journal.close()


def sound_or_empty(stored: StoredRun) -> bool:
    """Whether a journal can be written on."""
    try:
        return not stored.reading().broken
    except JournalError:
        return False


def by_marks(run: RunId, site: Site, context: Context, journal: Journal) -> ExitCode:
    """Remove a run's things without its journal, and write one of what was done."""
    swept = {"text": f"swept by {context.settings.operator} on {socket.gethostname()}, rdsrestore {__version__}"}
    journal.append(Kind.NOTICE, "", dict(swept))
    wrote = written(run, site)
    if wrote:
        journal.append(Kind.NOTICE, "", {"text": wrote})
        context.screen.print(f"  {wrote}; the undo files are in its folder, where it ran", soft_wrap=True)
    problems: list[str] = []
    for text, work in removals(run, site, context):
        journal.append(Kind.UNDO, "", {"text": text})
        try:
            work()
        except RdsRestoreError as error:
            problems.append(str(error))
            journal.append(Kind.UNDO_FAILED, "", {"text": text, "problem": str(error)})
            context.fail(error)
        else:
            journal.append(Kind.UNDONE, "", {"text": text, "calls": encode(tuple(site.world.account.take_calls()))})
            context.screen.print(f"  {text}: gone", soft_wrap=True)
    code = ExitCode.CLEANUP_INCOMPLETE if problems else prove(run, site, context, journal)
    code = code or (ExitCode.FAILED_CHANGED if wrote else ExitCode.OK)
    left = "something is left" if code is ExitCode.CLEANUP_INCOMPLETE else f"nothing is left{where(site)}"
    headline = f"swept by marks; {left}{f'; {wrote}' if wrote else ''}"
    journal.append(Kind.ENDED, "", {"exit_code": int(code), "headline": headline})
    return code


def written(run: RunId, site: Site) -> str:
    """Say what a run had done to production, as its scratch schema tells; empty where that is nothing."""
    try:
        with site.production() as database:
            traces = database.traces(run.schema) if database else Traces()
    except RdsRestoreError as error:
        return f"what it had written to production is not known: {error}"
    parts = [f"created {', '.join(traces.tables)}"] if traces.tables else []
    parts += [f"written {traces.rows:,} row{'' if traces.rows == 1 else 's'} to production"] if traces.rows else []
    return f"it had {' and '.join(parts)}, which stay" if parts else ""


def removals(run: RunId, site: Site, context: Context) -> Iterator[tuple[str, Callable[[], None]]]:
    """Name what is removed, each with how: what costs money or lets somebody in first."""
    world, left = site.world, site.world.restores.leftovers(run.value)

    def tell(text: str, share: float | None) -> None:
        del share
        context.screen.print(f"  {text}", soft_wrap=True)

    def drop() -> None:
        with site.production() as database:
            if database:
                database.drop_scratch(run.schema)

    def close() -> None:
        group = world.firewall.find_group(run.resource)
        if group:
            world.firewall.close_rules(group)

    instances = [each.id for each in left if each.kind == "instance"]
    clusters = [each.id for each in left if each.kind == "cluster"]
    grouped = any(not each.is_copy for each in left)
    if grouped:
        yield f"rules of security group {run.resource}", close
    yield from ((f"instance {name}", partial(world.restores.delete_instance, name, tell)) for name in instances)
    yield from ((f"cluster {name}", partial(world.restores.delete_cluster, name, tell)) for name in clusters)
    if grouped:
        yield f"security group {run.resource}", partial(ungroup, run, world, tell)
    if site.source:
        yield f"scratch schema {run.schema}", drop


def ungroup(run: RunId, world: World, tell: Progress) -> None:
    """Delete a run's group; an instance that stays is not waited for."""
    holding = [each.id for each in world.restores.leftovers(run.value) if each.holds]
    if holding:
        raise CleanupIncomplete("security group", f"{run.resource} is in use by {', '.join(holding)}")
    world.firewall.delete_group(run.resource, tell)


def prove(run: RunId, site: Site, context: Context, journal: Journal) -> ExitCode:
    """Look again, and write down what the world says."""
    left = site.world.restores.leftovers(run.value)
    calls = encode(tuple(site.world.account.take_calls()))
    remains = [f"{each.kind} {each.id} is still {each.status}" for each in left]
    try:
        with site.production() as database:
            there = database is not None and database.scratch_exists(run.schema)
        remains += [f"scratch schema {run.schema} is still on production"] if there else []
    except RdsRestoreError as error:
        remains.append(f"production could not be looked at: {error}")
    proof: Json = [] if remains else [f"nothing carries the marks of run {run} any more"]
    journal.append(Kind.PROOF, "", {"proof": proof, "remains": encode(tuple(remains)), "calls": calls})
    for text in remains:
        context.fail(CleanupIncomplete("cleanup", text, f"rdsrestore cleanup --all in some minutes (run {run})"))
    return ExitCode.CLEANUP_INCOMPLETE if remains else ExitCode.OK
