"""What the operator reads: findings, the plan, the difference, the end. Everything from outside is cleaned first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.text import Text

from rdsrestore.domain.errors import CutOff, RdsRestoreError
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.load_result import ALONE, Ledger, TableLoad
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.rows import Conflict, TableDifference
from rdsrestore.notify.console.plan_facts import facts
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.next_steps import following
from rdsrestore.notify.text import about, clean, counted
from rdsrestore.workflow.preflight import Finding, Severity
from rdsrestore.workflow.run.teardown import texts
from rdsrestore.workflow.step import Impact, Plan

LABEL = 12
STYLES = {Impact.READS: "dim", Impact.LOCAL: "dim", Impact.TEMPORARY: "cyan", Impact.PRODUCTION: "bold red"}
MEANING: Mapping[ExitCode, str] = {
    ExitCode.OK: "everything asked for is done; nothing left running",
    ExitCode.USAGE: "the command line or the settings can't be used",
    ExitCode.REFUSED: "refused before any change",
    ExitCode.FAILED_CLEAN: "failed; production untouched, nothing left running",
    ExitCode.FAILED_CHANGED: "failed after production was changed; nothing left running",
    ExitCode.CLEANUP_INCOMPLETE: "something of the run is, or may be, still there: it costs money or stays open",
    ExitCode.INCOMPLETE: "nothing found to restore, not every row wanted known to be back, or the backup not asked;"
    " nothing left running",
    ExitCode.JOURNAL: "the run is being worked on elsewhere, or its journal can't be used",
    ExitCode.BUG: "a bug in rdsrestore; it cleaned up after itself",
    ExitCode.INTERRUPTED: "interrupted; production untouched, nothing left running",
    ExitCode.TERMINATED: "terminated; production untouched, nothing left running",
}


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
    undone = texts(planned.steps)
    if undone:
        labelled(console, "at the end", f"whatever happens: {undone}")
    labelled(console, "takes", cost(sum(lengths.values()), survey if planned.request.restores else None))


def cost(seconds: float, survey: Survey | None) -> str:
    """Say how long it all takes, and what the copy costs meanwhile where one is made."""
    hourly = survey.hourly_cost if survey else None
    return f"about {about(seconds)}" + (f"; the copy costs {hourly.normalize():f} USD an hour" if hourly else "")


def verdict(console: Terminal, outcome: Outcome) -> tuple[str, str]:
    """Choose the sign and its style: green is for what was asked for and is so."""
    if outcome.exit_code is ExitCode.OK:
        asked = not (outcome.rewritten or outcome.recounted or outcome.earlier or outcome.cause)
        return (console.symbols.done, "bold green") if asked else (console.symbols.note, "bold yellow")
    short = outcome.exit_code is ExitCode.INCOMPLETE
    return (console.symbols.note, "bold yellow") if short else (console.symbols.failed, "bold red")


def summary(console: Terminal, outcome: Outcome, folder: Path | None = None) -> None:
    """Print how it ended: what happened, what it means for production, what to do next."""
    sign, style = verdict(console, outcome)
    console.print()
    console.say(Text.assemble((f"{sign} ", style), (clean_line(outcome.headline), "bold")), len(sign) + 1)
    labelled(console, "production", production(outcome))
    for label, line in found(outcome):
        labelled(console, label, line)
    for proof in outcome.proof:
        labelled(console, "gone", proof)
    for remain in outcome.remains:
        labelled(console, "STILL THERE" if remain.looked else "NOT CHECKED", remain.said, "bold red")
    for text in outcome.kept:
        labelled(console, "kept", f"{text}; it costs money until then")
    for notice in outcome.notices:
        labelled(console, "note", notice)
    for text in following(outcome):
        labelled(console, "next", text, "bold", fold=short(text))
    if folder:
        labelled(console, "folder", str(folder), fold=False)
        forget = f"rdsrestore forget {outcome.run} removes it when the incident is closed"
        labelled(console, "holds", f"customer data: {forget}")
    labelled(console, "exit code", f"{int(outcome.exit_code)}: {meaning(outcome)}")


def meaning(outcome: Outcome) -> str:
    """Say what the exit code means; nothing is said to be gone where something was kept."""
    said = MEANING[outcome.exit_code]
    return said.replace("nothing left running", "what was kept is named") if outcome.kept else said


def reconciliation_line(ledger: Ledger) -> str:
    """Write one table's reconciliation in a line."""
    line = f"{ledger.target}: {counted(ledger.before, 'row')} before"
    line += f", {ledger.inserted:,} inserted, {ledger.deleted:,} deleted"
    line += f", {ledger.others:+,} by others" if ledger.others else ""
    line += f", {ledger.after:,} now; {ledger.matching:,} of {ledger.done:,} written rows as planned"
    line += f", {ledger.gone:,} taken away since by others" if ledger.gone else ""
    return f"{line}; {ALONE[ledger.untouched]}" if ledger.untouched in ALONE else line


def written(load: TableLoad) -> str:
    """Count what a table got."""
    acts = ((load.inserted, "inserted"), (load.updated, "changed back"), (load.deleted, "deleted"))
    parts = ", ".join(f"{rows:,} {act}" for rows, act in acts if rows)
    return f"{load.target}: {counted(load.rows, 'row')} ({parts})"


def production(outcome: Outcome) -> str:
    """Say what the run means for production."""
    if outcome.earlier:
        return "this cleanup touched no table of yours"
    if not outcome.production_touched:
        return "no table was written to"
    acts = "; ".join((*(f"created {name}" for name in outcome.made), *map(written, filter(rows_of, outcome.loads))))
    if outcome.swapped:
        live, shadow, former = outcome.swapped.live, outcome.swapped.shadow, outcome.swapped.former
        acts = f"{f'{acts}; ' if acts else ''}{live} is what {shadow.table} was, and what it was is {former.table}"
    if outcome.taken_back:
        return f"{acts or 'how many rows were written is not known'}; then run {outcome.taken_back.by} took that back"
    if outcome.cause:
        how = "was cut off" if isinstance(outcome.cause, CutOff) else "failed"
        return f"it was changed before the run {how}: {acts or 'by how many rows is not known'}"
    return acts if outcome.recounted else f"{acts}; no other row was written"


def rows_of(load: TableLoad) -> int:
    """Count what a table got."""
    return load.rows


def found(outcome: Outcome) -> Iterable[tuple[str, str]]:
    """Say of each table what is verified, what was left alone, and what is on both sides and was not compared."""
    yield from (("verified", line) for line in checked(outcome))
    yield from (("left alone", f"{table}: {left(conflict)}") for table, conflict in outcome.conflicts)
    yield from (("left out", text) for text in outcome.skipped)
    yield from (("columns", f"{each.target}: {text}") for each in outcome.differences for text in each.unlike)
    unseen_of = [each for each in outcome.differences if each.unseen and outcome.loads]
    yield from (("both sides", unseen(each)) for each in unseen_of)


def checked(outcome: Outcome) -> Iterable[str]:
    """Say what is known of each table that was written to."""
    if outcome.recounted:
        for ledger, now in zip(outcome.ledgers, outcome.recounted.rows, strict=True):
            at = f"{outcome.recounted.at:%Y-%m-%d %H:%M:%S} UTC"
            yield f"{ledger.target}: at {at}, with {counted(ledger.after, 'row')}; {now:,} now, content not looked at"
    else:
        yield from map(reconciliation_line, outcome.ledgers)


def left(conflict: Conflict) -> str:
    """Say how many rows were left alone, why, and a few of their keys."""
    few = f", e.g. {', '.join(conflict.sample)}" if conflict.sample else ""
    return f"{counted(conflict.rows, 'row')}: {conflict.reason}{few}"


def unseen(difference: TableDifference) -> str:
    """Say how many rows are on both sides and were not compared."""
    rows = counted(difference.unseen, "row")
    return f"{difference.target}: {rows} not compared; rdsrestore compare tells whether they changed"


def short(text: str) -> bool:
    """Whether a text can be folded: its command stands on its first line, whatever follows."""
    return re.match(r"rdsrestore [a-z]+ [0-9]{6}-[0-9]{6}-[0-9a-f]{4}( --verify)? [a-z]", text) is not None


def labelled(console: Terminal, label: str, text: str, style: str = "dim", *, fold: bool = True) -> None:
    """Print a line that begins with what it is about; not folded where somebody will copy it."""
    console.say(Text.assemble((f"  {label:<{LABEL}}", style), clean_line(text)), LABEL + 2 if fold else 0)
