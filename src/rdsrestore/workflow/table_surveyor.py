"""Read the tables that are asked for, and those that come along, as production has them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from rdsrestore.domain.errors import Refused
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import TableSurvey
from rdsrestore.domain.tables.definition import TAKES_CHILDREN
from rdsrestore.domain.tables.target import Relative, Role
from rdsrestore.ports.production import Catalog


def survey_tables(request: Request, production: Catalog) -> tuple[tuple[TableSurvey, ...], tuple[Relative, ...]]:
    """Read the tables asked for, and those that come along."""
    relatives = related(request, production)
    return tuple(survey_table(production, ref) for ref in (*request.refs, *(each.ref for each in relatives))), relatives


def survey_table(production: Catalog, ref: TableRef) -> TableSurvey:
    """Read a table as production has it; near names where it has none."""
    definition = production.definition(ref)
    if definition is None:
        return TableSurvey(ref, None, similar=tuple(production.similar(ref)))
    return TableSurvey(ref, definition, rows=production.count(ref) if definition.kind == "BASE TABLE" else None)


def without_database(request: Request, production: Catalog, tables: Sequence[TableSurvey]) -> bool:
    """Say whether not even the tables' database is there; Refused where it is not to be made."""
    gone = not any(each.definition for each in tables) and request.database not in (known := production.databases())
    if gone and not request.recreate:
        raise no_database(request.database, known)
    return gone


def any_of(production: Catalog) -> str | None:
    """Name a database of production; None where it has none."""
    return next(iter(production.databases()), None)


def no_database(name: str, known: Sequence[str]) -> Refused:
    """Say that a database is not there, where none of its tables is: its name is misspelt, or it was dropped."""
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in known], n=3, cutoff=0.6)
    meant = " or ".join(each for each in known if each.lower() in near)
    return Refused(
        "--database",
        f"production has no database {name}" + (f"; did you mean {meant}?" if meant else ""),
        "give --database its right name; if it was dropped, add --recreate, which makes it again as it was",
        code="database.unknown",
    )


def related(request: Request, production: Catalog) -> tuple[Relative, ...]:
    """Find the tables that come along, level by level: who lost rows with the ones asked for, and whom these need."""
    found: dict[TableRef, Role] = dict.fromkeys(request.refs, Role.ASKED)
    todo = list(request.refs)
    while todo:
        ref = todo.pop(0)
        definition = production.definition(ref)
        if definition is None:
            continue
        near = [(key.parent, Role.PARENT) for key in definition.references if request.with_parents]
        if found[ref] is not Role.PARENT and request.with_children:
            losing = (key for key in definition.referenced_by if key.on_delete in TAKES_CHILDREN)
            near += [(key.child, Role.CHILD) for key in losing]
        for other, role in near:
            if other not in found:
                found[other] = role
                todo.append(other)
    return tuple(Relative(ref, role) for ref, role in found.items() if role is not Role.ASKED)
