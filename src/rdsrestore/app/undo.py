"""Take a run back: its undo files are the rows that are written, by the same steps as a restore's."""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.app.context import Context
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.request_builder import refuse_two_paces
from rdsrestore.app.restore import Job, start
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Compared, Loaded, Saved, Swapped, TargetTableMade
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.option import filled
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.tables.rows import BACK
from rdsrestore.steps.recipe import STEPS, SWAP_BACK, UNDO_RECIPE
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.journal import asked_for
from rdsrestore.workflow.journal.replay import replay
from rdsrestore.workflow.step import Facts


def undo(name: str | None, context: Context, asked: CommandLine, *, dry_run: bool, yes: bool) -> ExitCode:
    """Take an earlier run's changes back; returns the exit code.

    Without a name the newest run is meant, or where that is an undo the run that it takes back.
    """
    stored = context.runs.find(name)
    if name is None and (back := taken_back_by(stored)):
        stored = context.runs.find(back)
    with stored.locked():
        replayed = replay(stored.records() or stored.whole(), STEPS)
        saved, swapped = replayed.facts.find(Saved), replayed.facts.find(Swapped)
        if saved is None:
            stored.whole()  # what is missing of it may tell of rows
            cut = "was cut off, or its journal, before it saved a row"
            what = "changed no row of production" if replayed.ending else cut
            raise Refused("undo", f"run {stored.id} {what}", "rdsrestore runs lists the runs")
        refuse_two_paces(asked.plain)
        plain = filled(Request, asked.plain)
        request = replace(
            replayed.request,
            operator=context.settings.operator,
            **plain | {"limits": replace(plain["limits"], max_lag=replayed.request.limits.max_lag)},
            policy=Policy(Merge.EXACT),
            incident_end=None,
            transaction=None,
            invariants=(),
            undoes=stored.id.value,
        )
        later = f"Start? Nothing is written to {request.database} before you are asked again."
        question = f"Start? This renames tables of {request.database} at once." if swapped else later
        recipe = SWAP_BACK if swapped else UNDO_RECIPE
        again = stored.id.value in context.runs.taken_back()
        tables = tuple(known(table, replayed.facts, again=again) for table in saved.tables)
        made = facts.tables if (facts := replayed.facts.find(TargetTableMade)) else ()
        job = Job(recipe, question, dry_run, yes, tables, str(stored.folder), swapped, () if swapped else made)
        return start(request, job, context.world(yes=yes, typed=request.typed, via=request.via), context)


def taken_back_by(stored: StoredRun) -> str | None:
    """Name the run that a run takes back; None where it is no undo."""
    undoes = asked_for(stored.records()).get("undoes")
    return undoes if isinstance(undoes, str) else None


def known(table: SavedTable, facts: Facts, *, again: bool) -> SavedTable:
    """Add what the run's journal tells of a table: what was planned for it, and whether all of that is there."""
    compared, loaded = facts.find(Compared), facts.find(Loaded)
    planned = [each for each in (compared.differences if compared else ()) if each.target == table.target]
    rows = sum(load.rows for load in (loaded.loads if loaded else ()) if load.target == table.target)
    acts = tuple(act for act in BACK if any(each.planned(act) for each in planned))
    return replace(table, acts=acts, all_there=bool(rows) and not again and rows == table.dump.rows)
