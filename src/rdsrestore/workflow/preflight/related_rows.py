"""What the server would change in other tables, where neither a preview nor an undo file would show it."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.request.merge_verdict import may
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.definition import TAKES_CHILDREN, ForeignKey, TableDefinition
from rdsrestore.domain.tables.rows import Act
from rdsrestore.workflow.preflight.finding import Finding, blocks


def elsewhere(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether a change of these rows changes others with them."""
    if request.into or survey.swapped:
        return
    acts = may(request.policy) - {Act.INSERT}
    if acts and survey.server.unseen:
        words = "take rows away" if Act.DELETE in acts else "change rows"
        yield blocks(
            "db.privilege",
            f"the login lacks {survey.server.unseen}: this may {words}, and tables of databases that it can't see"
            " may reference them and would change with them",
            "grant it to the login"
            if request.undoes
            else "use the master user, or grant it; --merge missing does without",
        )
    if Act.UPDATE in acts and not request.undoes:
        for table in survey.tables:
            if table.definition and table.ref in request.refs:  # of relatives nothing but a cut link is written
                yield from rewritten(request, table.definition)


def rewritten(request: Request, found: TableDefinition) -> Iterator[Finding]:
    """Whether changed rows would take other values that rows of other tables follow."""
    for key in found.referenced_by:
        names = ", ".join(written(request, found, key))
        if key.on_update in TAKES_CHILDREN and names:
            yield blocks(
                "table.on-update",
                f"a new {names} in {found.ref.table} also changes rows of {key.child}"
                f" ({key.name}, ON UPDATE {key.on_update}), which no undo would bring back",
                f"name with --columns what is to be taken back, without {names}; or use --merge missing",
            )


def written(request: Request, found: TableDefinition, key: ForeignKey) -> Iterator[str]:
    """Name the referenced columns that a changed row may give another value; its own key it keeps."""
    generated = {column.name for column in found.columns if column.generated}
    asked = set(request.policy.columns)
    for name in key.parent_columns:
        if name in generated or (name in asked if asked else name not in found.key):
            yield name
