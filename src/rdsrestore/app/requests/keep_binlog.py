"""The consent to keep production's binlog: of its own, since it sets something on production before the approval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rdsrestore.app.context import Context
from rdsrestore.domain.errors import JournalError, UsageError
from rdsrestore.domain.incident import BinlogSurvey
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.steps.raise_retention import RaiseRetention
from rdsrestore.steps.recipe import STEPS
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.replay import replay

QUESTION = (
    "Copy production's binlog of the incident first? RDS may purge it within minutes. Until this run ends production"
    " then keeps it longer (binlog retention hours). It helps to find out what happened; the rows come back without it."
)


def with_binlog(request: Request, context: Context, *, ask: bool) -> Request:
    """Ask who can be asked, where the option does not say it; UsageError where no moment says which files."""
    dated = isinstance(request.point, Moment)
    if request.keep_binlog and not dated:
        raise UsageError("--keep-binlog", "a snapshot does not say when the incident was", "give --before instead")
    if request.keep_binlog or not (ask and dated and request.restores) or context.prompts is None:
        return request
    return replace(request, keep_binlog=context.confirm(QUESTION))


def before_others(found: BinlogSurvey | None, instance: str, runs: Iterable[StoredRun]) -> BinlogSurvey | None:
    """Say what the hours were before other runs of this machine raised them that have not put them back yet."""
    if found is None:
        return None
    raised = [(run, step) for run, step in raising(instance, runs) if step.hours == found.hours]
    return replace(found, raised_by=raised[0][0], first=raised[0][1].former) if raised else found


def raising(instance: str, runs: Iterable[StoredRun]) -> Iterator[tuple[str, RaiseRetention]]:
    """Find the runs that have raised it and not put it back; a journal that can't be read tells nothing."""
    for run in runs:
        try:
            replayed = replay(run.sound(), STEPS)
        except JournalError:
            continue
        if replayed.request.instance == instance:
            yield from ((run.id.value, step) for step in replayed.open if isinstance(step, RaiseRetention))
