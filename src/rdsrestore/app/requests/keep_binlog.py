"""The consent to keep production's binlog: of its own, since it sets something on production before the approval."""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.app.context import Context
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment

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
