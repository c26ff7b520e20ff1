"""One table of a run, laid out: its sides as they are now, and why it takes part."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.merge import merge_context
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.undo_plan import undo_source
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import Session


class Job(NamedTuple):
    """What is to be done with one table."""

    context: MergeContext
    target: Target


def lay_out(session: Session, schema: str, target: Target) -> Job:
    """Lay out a table that is to be read or written; DatabaseError with code `db.no-table` where it is gone."""
    live = catalog.definition(session, target.ref)
    if live is None:
        raise DatabaseError(
            "production", f"{target.ref} is gone", "add --recreate to create it again", code="db.no-table"
        )
    return Job(context_of(schema, target, live), target)


def lay_out_former(session: Session, schema: str, target: Target) -> Job:
    """Lay out a table that was written; where it is gone since, as the dump defines it."""
    there = catalog.definition(session, target.ref) or replace(target.dump.definition, ref=target.ref)
    return Job(context_of(schema, target, there), target)


def context_of(schema: str, target: Target, live: TableDefinition) -> MergeContext:
    """Lay out the sides of a restore, or of taking one back."""
    if target.undo:
        return undo_source(target.undo).context(schema, live)
    return merge_context.context(schema, target, live)
