"""Whether those who are let in to the copy are meant to be, where they are more than single addresses."""

from __future__ import annotations

from rdsrestore.app.context import Context
from rdsrestore.domain.cloud import admission
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey


def wide(request: Request, read: Survey) -> tuple[str, ...]:
    """Ask whether more than single addresses are meant to be let in; nothing where there is nothing to ask."""
    named = [each for each in read.let_in(request) if not admission.single(each)] if request.restores else []
    who = ", ".join(map(admission.described, named))
    return (f"Let {who} in to the copy of production?",) if named else ()


def refuse_unmeant(request: Request, read: Survey, context: Context | None) -> None:
    """Ask that; Refused where the answer is no. Without a context the command line has said yes."""
    if context and not all(map(context.confirm, wide(request, read))):
        raise Refused("--allow", "you said no; nothing was created", "name fewer, or a single address")
