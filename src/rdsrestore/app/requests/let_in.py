"""Whether those who are let in to the copy are meant to be, where they are more than single addresses."""

from __future__ import annotations

from rdsrestore.app.context import Context
from rdsrestore.domain.cloud import admission
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey


def wide(request: Request, read: Survey) -> tuple[str, ...]:
    """Ask whether more than single addresses are meant to be let in; nothing where there is nothing to ask."""
    if not request.restores:
        return ()
    named = [admission.described(each) for each in read.let_in(request) if not admission.single(each)]
    own = [admission.whom(read.shared(request))] if request.same_groups else []
    return (f"Let {', '.join((*own, *named))} in to the copy of production?",) if named or own else ()


def refuse_unmeant(request: Request, read: Survey, context: Context | None) -> None:
    """Ask that; Refused where the answer is no. Without a context the command line has said yes."""
    if context and not all(map(context.confirm, wide(request, read))):
        flag = "--allow" if request.allow else "--same-groups"
        raise Refused(flag, "you said no; nothing was created", "name fewer, or a single address")
