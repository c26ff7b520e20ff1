"""What the operator reads: findings, the plan, the difference, the end. Everything from outside is cleaned first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.text import Text

from rdsrestore.core.checks import Finding, Severity
from rdsrestore.core.errors import ExitCode, RdsRestoreError
from rdsrestore.core.outcome import Outcome
from rdsrestore.core.step import Impact, Plan
from rdsrestore.core.survey import Survey, TableSurvey
from rdsrestore.core.tables import TableDifference
from rdsrestore.outlets.terminal import Terminal
from rdsrestore.outlets.text import about, clean, clean_line, columns, counted, shortened

LABEL = 12
CELL = 24
STYLES = {Impact.READS: "dim", Impact.LOCAL: "dim", Impact.TEMPORARY: "cyan", Impact.PRODUCTION: "bold red"}
MEANING: Mapping[ExitCode, str] = {
    ExitCode.OK: "everything asked for is done; nothing left running",
    ExitCode.USAGE: "the command line or the settings can't be used",
    ExitCode.REFUSED: "refused before any change",
    ExitCode.FAILED_CLEAN: "failed; production untouched, nothing left running",
    ExitCode.FAILED_CHANGED: "failed after production was changed; nothing left running",
    ExitCode.CLEANUP_INCOMPLETE: "something of the run is still there: it costs money or stays open",
    ExitCode.JOURNAL: "the run is being worked on elsewhere, or its journal can't be used",
    ExitCode.BUG: "a bug in rdsrestore; it cleaned up after itself",
    ExitCode.INTERRUPTED: "interrupted; production untouched, nothing left running",
    ExitCode.TERMINATED: "terminated; production untouched, nothing left running",
}
AGAIN = "run the same command again when you are ready"


def error(console: Terminal, problem: RdsRestoreError) -> None:
    """Print a failure and what to do about it."""
    console.say(Text.assemble(("error: ", "bold red"), clean_line(str(problem))), len("error: "))
    if problem.hint:
        console.say(Text.assemble(("hint: ", "bold"), clean_line(problem.hint)), len("hint: "))


def findings(console: Terminal, found: Sequence[Finding]) -> None:
    """Print what stands in the way and what only has to be known, each with what to do."""
    for each in found:
        blocks = each.severity is Severity.BLOCKS
        sign, style = (console.symbols.failed, "bold red") if blocks else (console.symbols.note, "bold yellow")
        line = Text.assemble((f"{sign} ", style), clean_line(each.message), (f"  [{each.code}]", "dim"))
        console.say(line, len(sign) + 1)
        if each.hint:
            console.say(Text.assemble(("  hint: ", "bold"), clean_line(each.hint)), len("  hint: "))


def plan(
    console: Terminal,
    planned: Plan,
    survey: Survey,
    expected: Mapping[str, float],
    calls: Mapping[str, Sequence[str]],
) -> None:
    """Print what will happen, in order, with usual lengths, and what undoes it.

    `expected` holds the seconds that steps took in earlier runs, `calls` what each step asks of the cloud and the
    server, by step.
    """
    console.say(
        Text.assemble(("Plan ", "bold"), f"{planned.run}: ", (clean_line(planned.headline), "bold")), len("Plan ")
    )
    for label, text in facts(planned, survey):
        labelled(console, label, text)
    console.print()
    lengths = {step.name: expected.get(step.name, step.usual.total_seconds()) for step in planned.steps}
    name_width = max((len(step.name) for step in planned.steps), default=0)
    usual_width = max((len(about(seconds)) for seconds in lengths.values()), default=0)
    for number, step in enumerate(planned.steps, start=1):
        head = f"  {number:>2}  {step.name:<{name_width}}  "
        touches = f"{step.impact.upper() if step.impact is Impact.PRODUCTION else step.impact:<10}  "
        usual = f"{about(lengths[step.name]):>{usual_width}}  "
        line = Text.assemble(head, (touches, STYLES[step.impact]), (usual, "dim"), clean_line(step.describe()))
        console.say(line, len(head))
        for call in calls.get(step.name, ()):
            console.say(clean(f"{' ' * len(head)}{call}", "dim"), len(head) + 2)
    console.print()
    undone = "; ".join(text for step in reversed(planned.steps) if (text := step.undo_text()))
    if undone:
        labelled(console, "at the end", f"whatever happens: {undone}")
    labelled(console, "takes", cost(sum(lengths.values()), survey))


def facts(planned: Plan, survey: Survey) -> Iterable[tuple[str, str]]:
    """Say what the plan rests on."""
    request, source = planned.request, survey.source
    yield "source", f"{source.id}, {source.engine} {source.version}, {source.instance_class}, {source.storage} GiB"
    if source.earliest and source.latest:
        yield "backups", f"{source.earliest:%Y-%m-%d %H:%M:%S} to {source.latest:%Y-%m-%d %H:%M:%S} UTC"
    for table in survey.tables:
        yield "table", table_now(table, into=request.into)
    yield "rows", f"merge {request.merge}" + (f", where {request.where}" if request.where else "")
    yield "let in", f"{survey.caller or 'nobody: the address is unknown'}, to the copy alone"
    yield "as", f"{request.user} on the server, {survey.identity.arn} in AWS, {request.operator} in the log"


def table_now(table: TableSurvey, *, into: str | None) -> str:
    """Say how production has a table now."""
    beside = f"; the rows go to {table.ref.database}.{into}" if into else ""
    if table.definition is None:
        return f"{table.ref}: not there now{beside}"
    rows = "rows unknown" if table.rows is None else counted(table.rows, "row")
    key = f"key {', '.join(table.definition.key)}" if table.definition.key else "no key"
    return f"{table.ref}: {rows} now, {key}{beside}"


def cost(seconds: float, survey: Survey) -> str:
    """Say how long it all takes, and what the copy costs meanwhile."""
    hourly = survey.hourly_cost
    return f"about {about(seconds)}" + (f"; the copy costs {hourly.normalize():f} USD an hour" if hourly else "")


def preview(console: Terminal, differences: Sequence[TableDifference]) -> None:
    """Print what would be written to production and what not, with a few of the rows."""
    heading = ("table", "restored", "missing", "still there", "changed", "newer", "in conflict")
    rows = [heading, *(counts(each) for each in differences)]
    console.print()
    for number, line in enumerate(columns(rows, right=frozenset(range(1, len(heading))))):
        console.say(clean(f"  {line}", "" if number else "bold"))
    console.say(Text("  missing rows are inserted; all others stay as they are, those in conflict are left out", "dim"))
    for each in differences:
        for conflict in each.conflicts:
            keys = f", e.g. {', '.join(conflict.sample)}" if conflict.sample else ""
            text = f"{counted(conflict.rows, 'row')} of {each.landing} left out: {conflict.reason}{keys}"
            console.say(Text.assemble((f"{console.symbols.note} ", "bold yellow"), clean_line(text)), 2)
        lost(console, each, [other.ref.table for other in differences])
        if each.sample:
            console.say(clean(f"  {each.landing}, among the rows to insert:"))
        for row in each.sample:
            cells = "  ".join(f"{name}={shortened(clean_line(value), CELL)}" for name, value in row)
            console.say(clean(f"    {cells}"), 6)


def counts(difference: TableDifference) -> tuple[str, ...]:
    """One table's numbers."""
    beside = f" into {difference.landing.table}" if difference.landing != difference.ref else ""
    unfit = sum(conflict.rows for conflict in difference.conflicts)
    numbers = (difference.restored, difference.missing, difference.present, difference.changed, difference.newer, unfit)
    return clean_line(f"{difference.ref}{beside}"), *(f"{number:,}" for number in numbers)


def lost(console: Terminal, difference: TableDifference, tables: Sequence[str]) -> None:
    """Tell of rows that went with the missing ones, and how to bring them along."""
    for child in difference.children:
        if child.rule.startswith("SET"):
            text = f"rows of {child.child} that pointed to deleted rows ({child.rule}) do not point to them again"
        elif child.restored > child.live:
            text = (
                f"{child.child} (ON DELETE {child.rule}) had {counted(child.restored, 'row')} of these then and has"
                f" {child.live:,} now; it is not part of this run"
            )
        else:
            continue
        console.say(Text.assemble((f"{console.symbols.note} ", "bold yellow"), clean_line(text)), 2)
        hint = f"to bring it along, say no and run: rdsrestore table {' '.join([*tables, child.child.table])} ..."
        console.say(Text.assemble(("  hint: ", "bold"), clean_line(hint)), len("  hint: "))


def summary(console: Terminal, outcome: Outcome, folder: Path | None = None) -> None:
    """Print how it ended: what happened, what it means for production, what to do next."""
    good = outcome.exit_code is ExitCode.OK
    sign, style = (console.symbols.done, "bold green") if good else (console.symbols.failed, "bold red")
    console.print()
    console.say(Text.assemble((f"{sign} ", style), (clean_line(outcome.headline), "bold")), len(sign) + 1)
    labelled(console, "production", production(outcome))
    for check in outcome.checks:
        text = (
            f"{check.landing}: {counted(check.before, 'row')} before, {check.after:,} now; {check.actual:,} of"
            f" {check.expected:,} restored rows present, {check.matching:,} of {check.loaded:,} loaded ones equal"
        )
        labelled(console, "verified", text)
    for table, conflict in outcome.conflicts:
        labelled(console, "left out", f"{table}: {counted(conflict.rows, 'row')}: {conflict.reason}")
    for proof in outcome.proof:
        labelled(console, "gone", proof)
    for remain in outcome.remains:
        labelled(console, "STILL THERE", f"could not {remain.what}: {remain.why}", "bold red")
    for notice in outcome.notices:
        labelled(console, "note", notice)
    for text in following(outcome):
        labelled(console, "next", text, "bold", fold=False)
    if folder:
        labelled(
            console, "folder", f"{folder} (holds customer data; remove it when the incident is closed)", fold=False
        )
    labelled(console, "exit code", f"{int(outcome.exit_code)}: {MEANING[outcome.exit_code]}")


def production(outcome: Outcome) -> str:
    """Say what the run means for production."""
    added = ", ".join(f"{counted(load.inserted, 'row')} to {load.landing}" for load in outcome.loads if load.inserted)
    if outcome.production_touched and outcome.cause:
        return f"rows were added before it failed ({added or 'how many is not known'}); none was changed or deleted"
    if added:
        return f"added {added}; no row was changed or deleted"
    return "not sure, see what is verified below" if outcome.production_touched else "no table was written to"


def following(outcome: Outcome) -> Iterable[str]:
    """Say what to do next, most urgent first."""
    yield from dict.fromkeys(remain.command for remain in outcome.remains)
    if outcome.cause and outcome.cause.hint:
        yield outcome.cause.hint
    if outcome.production_touched and outcome.cause:
        yield "docs/runbook.md, section 4, says how to go on from here and how to take the rows back"
    elif outcome.cause:
        yield AGAIN
    yield f"rdsrestore audit {outcome.run} shows who did what, when"


def labelled(console: Terminal, label: str, text: str, style: str = "dim", *, fold: bool = True) -> None:
    """Print a line that begins with what it is about; not folded where somebody will copy it."""
    console.say(Text.assemble((f"  {label:<{LABEL}}", style), clean_line(text)), LABEL + 2 if fold else 0)
