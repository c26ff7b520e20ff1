"""Remove what this machine keeps of a run, once nobody needs it: rows of customers are in its dumps and undo files."""

from __future__ import annotations

from datetime import UTC, datetime

from rdsrestore.app.context import Context
from rdsrestore.domain.errors import JournalError, Refused
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.index import Index, compare
from rdsrestore.workflow.journal.journal import asked_for


def forget(name: str, context: Context, *, yes: bool) -> ExitCode:
    """Overwrite and remove a run's folder; who did so when, and the journal's last hash, stay in the index.

    Refused while it may have left something in the account or on production, or where nobody agrees.
    """
    run = context.runs.begun(name)
    if not run.idle():
        raise JournalError(f"run {name}", "is at work", "forget it when it has ended", code="run.locked")
    index = context.runs.index.read()
    if name not in index.forgotten:
        refuse_unsound(run, index)
        refuse_needed(run, context)
    size = sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file())
    files = f"the journal, dumps and undo files of run {name} ({size / 1e6:,.1f} MB)"
    if not yes and not context.confirm(f"Remove {files}? What it wrote can't be taken back then."):
        raise Refused("forget", "you said no; nothing was removed", "run the same command again when you are ready")
    problems = context.runs.forget(run, context.settings.operator, datetime.now(UTC))
    for text in problems:
        context.screen.print(text, soft_wrap=True)
    if problems:
        raise JournalError(f"run {name}", "is not wholly removed", f"rdsrestore forget {name} tries again")
    context.screen.print(f"run {name} is forgotten; who did so, when, and its last hash stay in the index of runs")
    return ExitCode.OK


def refuse_unsound(run: StoredRun, index: Index) -> None:
    """Refuse a run that may have left something, or whose journal is not what was written."""
    if not run.tells() or compare(run.id.value, run.reading(), index).problem:
        raise Refused(
            "forget",
            f"the journal of run {run.id} is gone, cut or changed: nobody knows from it what the run left",
            f"rdsrestore cleanup {run.id} goes by the marks; then remove {run.folder} by hand",
            code="journal.broken",
        )
    if run.cut_off():
        raise Refused(
            "forget",
            f"run {run.id} has not ended, or keeps something; without its journal nobody would know what",
            f"rdsrestore cleanup {run.id} removes what it left; then forget it",
            code="run.unfinished",
        )


def refuse_needed(run: StoredRun, context: Context) -> None:
    """Refuse a run whose files, or whose word, another one that has not ended goes by."""
    mine = uses(run)
    for other in context.runs.all():
        tied = run.id.value in uses(other) or other.id.value in mine
        if other.id != run.id and tied and other.cut_off():
            raise Refused(
                "forget",
                f"run {other.id} has not ended, and goes by what is kept of run {run.id}",
                f"rdsrestore resume {other.id} or cleanup {other.id} ends it; then forget this one",
                code="run.unfinished",
            )


def uses(run: StoredRun) -> frozenset[str]:
    """Name the runs that a run takes back, or takes its rows from."""
    request = asked_for(run.sound())
    return frozenset(str(request[name]) for name in ("undoes", "taken_from", "instance_of") if request.get(name))
