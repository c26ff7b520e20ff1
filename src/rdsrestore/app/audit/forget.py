"""Remove what this machine keeps of a run, once nobody needs it: rows of customers are in its dumps and undo files."""

from __future__ import annotations

from datetime import UTC, datetime

from rdsrestore.app.context import Context
from rdsrestore.domain.errors import JournalError, Refused
from rdsrestore.domain.outcome.exit_code import ExitCode


def forget(name: str, context: Context, *, yes: bool) -> ExitCode:
    """Overwrite and remove a run's folder; who did so when, and the journal's last hash, stay in the index.

    Refused while it may have left something in the account or on production, or where nobody agrees.
    """
    run = context.runs.begun(name)
    if not run.idle():
        raise JournalError(f"run {name}", "is at work", "forget it when it has ended", code="run.locked")
    if run.cut_off() and name not in context.runs.index.read().forgotten:
        raise Refused(
            "forget",
            f"run {name} has not ended, or keeps something; without its journal nobody would know what",
            f"rdsrestore cleanup {name} removes what it left; then forget it",
            code="run.unfinished",
        )
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
