"""Find the accident: what was done to tables, and the command that takes it back."""

from __future__ import annotations

import shlex
import time as clock
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rdsrestore.app.context import Context
from rdsrestore.app.requests import table_names
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.local_zone import local_zone
from rdsrestore.app.requests.request_builder import ask_database, ask_instance
from rdsrestore.app.requests.rows_known import NOTHING_KNOWN, OF_A_COPY, RowsKnown, look
from rdsrestore.app.restore import restore
from rdsrestore.domain.cloud import audit_log
from rdsrestore.domain.cloud.instance import SourceInstance
from rdsrestore.domain.errors import CloudError, Refused, UsageError
from rdsrestore.domain.facts import BinlogKept
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import BinlogCopy, Change, Logged, Looked, Timeline, proposed, worst_first
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request import timespec
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.notify import timeline_view
from rdsrestore.ports.cloud import AuditLogs
from rdsrestore.ports.production import Production
from rdsrestore.ports.progress import Progress
from rdsrestore.steps.recipe import STEPS
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.replay import replay
from rdsrestore.workflow.step import World
from rdsrestore.workflow.surveyor import refuse_dead

USUALLY = timedelta(days=1)
"""How far back is looked where nobody says."""
SHOWN = 10
"""Changes that are shown and can be picked."""
SECOND = timedelta(seconds=1)
LONGEST = 20.0
"""Seconds after which an audit log is asked no more."""
NONE = "none of these"
ANY_ONE = "rdsrestore table TABLE --transaction, with its GTID or its FILE:POSITION as shown"


def find(asked: CommandLine, context: Context, *, since: str | None, until: str | None) -> ExitCode:
    """Show what was done to tables; in a terminal go on with the one that is picked. Nothing is changed.

    UsageError for a time that can't be read, DatabaseError and ToolError where the binlog can't.
    """
    world = context.world()
    asked = asked.named().over(context.settings.given)
    begin, end = times(since, until)
    copied = CopiedBinlog.of(context.runs.find(asked.taken_from)) if asked.taken_from else None
    if copied:
        begin, asked = begin if since else min(begin, copied.files[0].begun), copied.meant(asked)
    instance = asked.instance or ask_instance(context, world)
    database = asked.database or ask_database(context, world, instance)
    named = replace(asked, instance=instance, database=database)
    found, known = read(named, copied, (begin, end), world, context)
    likely, shown = proposed(found), worst_first(found)[:SHOWN]
    if context.stream:
        written = (partial(each, named, found=found, known=known) for each in (command, by_transaction))
        for line in timeline_view.lines(found, likely, next(written), known.said, next(written)):
            context.stream.write(line)
    else:
        timeline_view.show(context.screen, found, shown, likely)
    if not shown:
        return ExitCode.INCOMPLETE
    return go_on(named, found, known, context, copied=copied is not None)


def read(
    asked: CommandLine, copied: CopiedBinlog | None, time: tuple[datetime, datetime], world: World, context: Context
) -> tuple[Timeline, RowsKnown]:
    """Read what was done, and look where the rows of what is shown can come from."""
    database = asked.database or ""
    source = world.sources.source(asked.instance or "")
    refuse_dead(source)
    user = context.settings.user or world.engines.user() or source.master_user
    databases = world.engines.of(source.engine)

    def progress(text: str, share: float | None) -> None:
        done = f", {share:.0%}" if share is not None else ""
        context.errors.print(f"{text}{done}", soft_wrap=True)

    def check(table: TableDefinition) -> None:
        databases.check_rows_from_binlog(source.endpoint, user, table)

    with databases.production(source.endpoint, user) as production:
        tables = table_names.matching(asked.tables, lambda: production.tables(database))
        found = timeline(production, Looked(database, tables), copied, time, progress)
        for table in tables:
            refuse_unknown(TableRef(database, table), found, production)
        found = identified(found, source, world.audit_logs, lambda why: context.errors.print(why, soft_wrap=True))
        offered = found.changes if context.stream else worst_first(found)[:SHOWN]
        if copied:
            return found, RowsKnown(dict.fromkeys(offered, OF_A_COPY))
        usual = context.runs.durations(world.account.identity().account, source.id) if offered else {}
        return found, look(found, offered, production, check, usual) if offered else RowsKnown()


def identified(found: Timeline, source: SourceInstance, logs: AuditLogs, say: Callable[[str], None]) -> Timeline:
    """Add who made the changes that are shown, where the audit log is exported; `say` hears why it can't be read."""
    until = clock.monotonic() + LONGEST
    who: dict[Change, str] = {}
    try:
        for each in worst_first(found)[:SHOWN] if source.audit_log else ():
            if clock.monotonic() > until:
                say(f"who made the rest of the changes is not looked for: the audit log took {LONGEST:.0f} s already")
                break
            if source.audit_log and each.thread:
                entries = logs.audited(source.audit_log, each.thread, each.before - SECOND, each.after + SECOND)
                who[each] = audit_log.who(entries, each.thread, each.committed or each.at)
    except (CloudError, UsageError) as error:
        say(f"who it was is not known: {error}. To read it takes logs:FilterLogEvents on {source.audit_log}")
    return replace(found, changes=tuple(replace(each, who=who.get(each, "")) for each in found.changes))


def timeline(
    production: Production,
    looked: Looked,
    copied: CopiedBinlog | None,
    time: tuple[datetime, datetime],
    progress: Progress,
) -> Timeline:
    """Read what was done, from production's binlog or from a run's copy of it."""
    if copied:
        return production.copied_timeline(copied.files, copied.folder, looked, time, progress)
    return production.timeline(looked, *time, progress)


@dataclass(frozen=True)
class CopiedBinlog:
    """What a run copied of production's binlog into its folder, oldest first, and what the run was asked for."""

    files: tuple[BinlogCopy, ...]
    folder: Path
    request: Request

    @classmethod
    def of(cls, stored: StoredRun) -> CopiedBinlog:
        """Read it from the run's journal; Refused where it has copied none."""
        replayed = replay(stored.records() or stored.whole(), STEPS)
        kept = replayed.facts.find(BinlogKept)
        if not kept or not kept.files:
            raise Refused("--from", f"run {stored.id} has no copy of the binlog", "rdsrestore find without --from")
        return cls(kept.files, stored.folder, replayed.request)

    def meant(self, asked: CommandLine) -> CommandLine:
        """Ask of the run's own instance and database, and for a restore of its own."""
        return replace(asked, taken_from=None, instance=self.request.instance, database=self.request.database)


def refuse_unknown(ref: TableRef, found: Timeline, production: Production) -> None:
    """Refuse a table that neither is there nor was changed: its name is misspelt, or it was gone before."""
    if any(ref in {each.ref, each.into} for each in found.changes) or production.definition(ref):
        return
    near = ", ".join(production.similar(ref))
    hint = f"did you mean {near}?" if near else "give a table's name as the database spells it, or an earlier --since"
    raise UsageError("TABLE", f"{ref} does not exist, and nothing was done to it in that time", hint)


def go_on(asked: CommandLine, found: Timeline, known: RowsKnown, context: Context, *, copied: bool) -> ExitCode:
    """Name the command that takes the likely one back; in a terminal let one be picked, and run its command.

    Of a log that was `copied` production has nothing any more, as far as is known.
    """

    def show(head: str, change: Change) -> None:
        context.screen.print(known.said(change), soft_wrap=True)
        if alone := by_transaction(asked, change, found, known):
            context.screen.print(f"this transaction alone, within seconds: {alone}", soft_wrap=True)
        context.screen.print(f"{head}{command(asked, change, found, known)}", soft_wrap=True)

    likely = proposed(found)
    if context.prompts is None or context.stream:
        if likely and not context.stream:
            show("to take it back:\n  ", likely)
        elif not (context.stream or copied):
            context.screen.print(f"one of these alone: {ANY_ONE}", soft_wrap=True)
        return ExitCode.OK
    names = timeline_view.names(worst_first(found)[:SHOWN])
    usual = next((name for name, change in names.items() if change == likely), NONE)
    picked = context.prompts.choose("Which of these is to be taken back?", [*names, NONE], usual)
    if picked == NONE:
        return ExitCode.OK
    change = names[picked]
    show("", change)
    context.close()  # a run that leaves the terminal takes no login along
    return restore(taking_back(asked, change, found, known), context, dry_run=False, yes=False)


def times(since: str | None, until: str | None) -> tuple[datetime, datetime]:
    """Read the time to look at; UsageError where it can't be read, or ends before it begins."""
    now, zone = datetime.now(UTC), local_zone()
    end = timespec.parse(until, now, zone, "--until").utc if until else now
    begin = timespec.parse(since, now, zone, "--since").utc if since else end - USUALLY
    if begin >= end:
        raise UsageError("--since", "is not before --until", "give the earlier moment to --since")
    return begin, end


def taking_back(asked: CommandLine, change: Change, found: Timeline, known: RowsKnown = NOTHING_KNOWN) -> CommandLine:
    """Say what takes a change back, with what its transaction did to other tables; from the binlog where that does.

    Rows that were only changed are known by what they were after it.
    """
    changes = found.together(change)
    tables = tuple(dict.fromkeys(table_names.written((each.into or each.ref).table) for each in changes))
    changed = any(each.updated or (each.logged is Logged.STATEMENT) for each in changes)
    end = moment(change.after) if changed else None
    plain = dict(asked.plain)
    if any(each.act == "DROP" for each in changes):
        plain["recreate"] = True
    if known.there(change):
        plain["rows_from"] = RowsFrom.AUTO
    return replace(asked, tables=tables, before=moment(change.before), incident_end=end, plain=plain)


def moment(at: datetime) -> str:
    """Write a moment as it is read again."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def command(asked: CommandLine, change: Change, found: Timeline, known: RowsKnown = NOTHING_KNOWN) -> str:
    """Write the whole command line that takes a change back."""
    meant = taking_back(asked, change, found, known)
    words = ["rdsrestore", "table", *meant.tables, "--before", meant.before or ""]
    words += ["--incident-end", meant.incident_end] if meant.incident_end else []
    words += ["--recreate"] if meant.plain.get("recreate") else []
    words += ["--rows-from", meant.plain["rows_from"].value] if meant.plain.get("rows_from") else []
    words += ["--instance", meant.instance or "", "--database", meant.database or ""]
    return shlex.join(words)


def by_transaction(asked: CommandLine, change: Change, found: Timeline, known: RowsKnown) -> str:
    """Write the command line that takes a change's transaction back by its row events; empty where they do not do."""
    changes = found.together(change)
    refs = {each.ref for each in changes}
    since = [each for each in found.changes if each.ref in refs and each.at >= change.before]
    as_text = found.as_text and found.as_text[0] >= change.before
    if not known.alone(change) or as_text or any(each.logged is not Logged.ROWS or each.prepared for each in since):
        return ""
    if any(each.into for each in changes):
        return ""
    tables = dict.fromkeys(table_names.written(each.ref.table) for each in changes)
    place = f"{change.file}:{change.position}"
    words = ["rdsrestore", "table", *tables, "--transaction", place]
    return shlex.join([*words, "--instance", asked.instance or "", "--database", asked.database or ""])
