"""Check that a run's journal is whole and as it was written: by its own chain, and beside the index of all journals."""

from __future__ import annotations

from rdsrestore.app.context import Context
from rdsrestore.domain.errors import JournalError
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.index import Comparison, Index, compare
from rdsrestore.workflow.journal.journal import Reading, finished, goes_on

ELSEWHERE = "compare it with Slack's last message of the run, or with the copy in the audit bucket"


def verify_run(name: str | None, context: Context) -> ExitCode:
    """Follow the hash chain of a run's journal to its end, and hold it against the index; the newest without a name.

    JournalError names the first line where a chain does not hold, what is gone, and a run that is at work or was cut
    off: these two are no forgery, and the hint says what to type.
    """
    index = sound_index(context)
    run = chosen(name, index, context)
    idle = run.idle()
    run.refuse_newer()
    reading = run.reading()
    if reading.broken:
        raise broken(run)
    checked = compare(run.id.value, reading, index)
    if checked.problem:
        raise JournalError(str(run.journal), f"records are gone: {checked.problem}", ELSEWHERE, code="journal.cut")
    if not idle:
        raise JournalError(
            f"run {run.id}",
            f"is at work; its {len(reading.records):,} records until now are unchanged since they were written",
            "verify it again when it has ended",
            code="run.locked",
        )
    if not finished(reading):
        raise unfinished(run, reading, checked)
    if checked.known and not checked.complete:
        raise JournalError(
            str(run.journal),
            "unfinished: it has an ending, which the index does not have; the process was cut off between the two",
            f"rdsrestore cleanup {run.id} enters it; {ELSEWHERE}",
            code="journal.unfinished",
        )
    beside = "" if checked.known else "; it is older than the index: an ending that was taken away would not show"
    result = f"run {run.id}: {len(reading.records):,} records, unchanged since they were written{beside}"
    context.screen.print(f"{result}; last hash {reading.records[-1].hash}", soft_wrap=True)
    return ExitCode.OK


def sound_index(context: Context) -> Index:
    """Read the index; JournalError names its first line that is not as it was written."""
    index = context.runs.index.read()
    if index.broken:
        raise JournalError(
            f"{context.runs.index.path}, line {index.broken}",
            "was changed, or the line before it was, or a newer release wrote it",
            "compare it with the copy in the audit bucket; rdsrestore audit without --verify still shows each run",
            code="journal.index",
        )
    return index


def chosen(name: str | None, index: Index, context: Context) -> StoredRun:
    """Take the run of that name; without one the newest, where none that the index knows is gone."""
    here = {*context.runs.names()}
    tombstone = index.forgotten.get(name or "") if name not in here else None
    if tombstone:
        raise JournalError(
            f"run {name}",
            f"was forgotten by {tombstone.by} at {tombstone.at:%Y-%m-%d %H:%M:%S} UTC: its journal had"
            f" {tombstone.records:,} records, the last one's hash was {tombstone.head}",
            ELSEWHERE,
            code="journal.forgotten",
        )
    gone = sorted({entry.run for entry in index.entries} - here - {*index.forgotten}, reverse=True)
    if name is None and gone:
        raise JournalError(
            "runs",
            f"the index knows {len(gone):,} whose folder is not in {context.runs.folder}: {', '.join(gone[:5])}",
            "a copy may lie in the audit bucket; rdsrestore audit RUN --verify checks one that is here",
            code="journal.absent",
        )
    return context.runs.begun(name)


def unfinished(run: StoredRun, reading: Reading, checked: Comparison) -> JournalError:
    """Say of a journal without an end what the index shows of it, and what to type."""
    last = reading.records[-1] if reading.records else None
    at = f"the last of its {len(reading.records):,} records is {last.kind} {last.step}" if last else "it has no record"
    on = f"rdsrestore resume {run.id} goes on, " if goes_on(reading.records) else ""
    next_steps = f"{on}rdsrestore cleanup {run.id} removes what it left"
    if checked.known:
        what = f"unfinished: {at.rstrip()}, and that ends no run; no ending of it was taken away"
        return JournalError(str(run.journal), what, next_steps, code="journal.unfinished")
    what = f"unfinished, or cut: {at.rstrip()}, and that ends no run"
    return JournalError(str(run.journal), what, f"{next_steps}; else {ELSEWHERE}", code="journal.cut")


def broken(run: StoredRun) -> JournalError:
    """Name the first line of a journal where its chain does not hold."""
    breach = run.reading().broken
    line, problem = (breach.line, breach.problem) if breach else (0, "")
    return JournalError(
        f"{run.journal}, line {line}",
        problem,
        "what stands before that line can be trusted; compare the rest with the account's own trail",
    )
