"""Whether the tables that take the rows can be made, or changed places with."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.core.checks.finding import Finding, blocks
from rdsrestore.core.model import Request
from rdsrestore.core.survey import Survey


def landing(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the table beside can be made."""
    if survey.landing and survey.landing.definition:
        yield blocks("into.exists", f"{survey.landing.ref} exists already", "choose another name for --into")
    if survey.where_problem:
        yield blocks(
            "where.refused", f"--where: {survey.where_problem}", "give one expression over the table's columns"
        )
    if request.policy.where and len(request.tables) > 1:
        yield blocks("where.tables", "--where goes with one table", "run the command once for each table")


def swapping(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether a table can take another one's place: keys of others and triggers would stay with the former one."""
    for table in survey.tables if request.swap else ():
        found = table.definition
        if found is None:
            yield blocks("swap.absent", f"there is no {table.ref} to swap with", "use --recreate instead of --swap")
        elif found.references or found.referenced_by or found.triggers:
            yield blocks(
                "swap.bound",
                f"{table.ref} has foreign keys or triggers, which would stay with the former table",
                "leave out --swap to restore in place, or use --into NEW_TABLE",
            )
