"""Where rows come from: the binlog has the touched rows of one table, and knows nothing of any others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from rdsrestore.domain.errors import DatabaseError, Refused, ToolError, UsageError
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment, RowsFrom
from rdsrestore.steps.recipe import BINLOG_RECIPE, CHECKED_RECIPE, RECIPE, TRANSACTION_RECIPE
from rdsrestore.workflow.preflight.quicker import against
from rdsrestore.workflow.step import Step, World
from rdsrestore.workflow.surveyor import refuse_dead

RECIPES: Mapping[RowsFrom, tuple[type[Step], ...]] = {
    RowsFrom.BACKUP: RECIPE,
    RowsFrom.BINLOG: BINLOG_RECIPE,
    RowsFrom.AUTO: CHECKED_RECIPE,
}
FROM_BINLOG = (
    "production's binlog, which proves the rows; once they are back the backup is restored to be asked the same"
    " (--rows-from binlog does without it)"
)


def check(request: Request) -> None:
    """Refuse what needs a whole copy; UsageError names the flag."""
    if request.rows_from is not RowsFrom.BINLOG:
        return
    given, way = "--rows-from binlog", "use --rows-from backup for it"
    if request.transaction:
        given, way = "--transaction", "leave it out, or name a moment with --before instead of the transaction"
    for flag, why in against(request):
        raise UsageError(flag, f"does not go with {given}: {why}", way)


def recipe(request: Request) -> Sequence[type[Step]]:
    """Choose the steps."""
    return TRANSACTION_RECIPE if request.transaction else RECIPES[request.rows_from]


def settled(request: Request, say: Callable[[str], object], world: World) -> Request:
    """Choose for `auto`, and say which and why: the binlog where it proves the rows in a trial, else the backup.

    What the trial has found is what the run takes; the backup is restored after it, to say the same.
    """
    if request.rows_from is not RowsFrom.AUTO:
        return request
    say("looking first whether production's binlog has the rows; nothing is made for it")
    why = hindrance(request, world)
    said = f"the backup: the binlog does not do, since {why}" if why else FROM_BINLOG
    say(f"the rows come from {said}")
    return replace(request, rows_from=RowsFrom.BACKUP) if why else request


def hindrance(request: Request, world: World) -> str:
    """Try the binlog, and say what is in its way; empty where nothing is."""
    for flag, why in against(request):
        return f"{flag} does not go with it: {why}"
    source = world.sources.source(request.instance)
    refuse_dead(source)
    databases = world.engines.of(source.engine)
    try:
        with databases.production(source.endpoint, request.user) as production:
            definition = production.definition(request.refs[0])
        if definition is None:
            return f"{request.refs[0]} is not there"
        databases.check_rows_from_binlog(source.endpoint, request.user, definition)
        moment = cast("Moment", request.point).utc
        databases.try_rows_from_binlog(source.endpoint, request.user, definition, moment, lambda _text, _share: None)
    except (Refused, ToolError, DatabaseError) as error:
        return error.what
    return ""
