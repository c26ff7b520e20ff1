"""Whether the tables that take the rows can be made, or changed places with, and go with what else is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import ROOM, Survey
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.workflow.preflight.finding import Finding, blocks, warns


class TargetKind(StrEnum):
    """Where rows go."""

    THERE = "there"
    """Into the table as it is, with rows or without."""
    DROPPED = "--recreate"
    """Into the table, made again."""
    BESIDE = "--into"
    """Into a new table."""
    SWAPPED = "--swap"
    """Into a new table that takes the live one's place."""


UTC = ("+00:00", "UTC", "Etc/UTC", "GMT", "SYSTEM")
"""Names of the zone that sessions of ours have; SYSTEM where the system's own is not said."""
NOTHING_CHANGED = "narrows what changed rows take back, and a new table has none"
NO_PLACE = "brings rows of other tables, which {target} makes no place for"
UNRELATED = "goes by the keys of a table that is there"
SHORT = "would leave the live table without all its other rows"
UNFIT: Mapping[tuple[str, TargetKind], str] = {
    ("--where", TargetKind.SWAPPED): SHORT,
    ("--keys-from", TargetKind.SWAPPED): SHORT,
    ("--columns", TargetKind.DROPPED): NOTHING_CHANGED,
    ("--columns", TargetKind.BESIDE): NOTHING_CHANGED,
    ("--columns", TargetKind.SWAPPED): NOTHING_CHANGED,
    ("--with-children", TargetKind.DROPPED): UNRELATED,
    ("--with-children", TargetKind.BESIDE): NO_PLACE,
    ("--with-children", TargetKind.SWAPPED): NO_PLACE,
    ("--with-parents", TargetKind.DROPPED): UNRELATED,
    ("--with-parents", TargetKind.BESIDE): NO_PLACE,
    ("--with-parents", TargetKind.SWAPPED): NO_PLACE,
    ("--incident-end", TargetKind.DROPPED): "compares with the table as the incident left it, and it left none",
    ("--incident-end", TargetKind.BESIDE): "compares with the live table",
    ("--incident-end", TargetKind.SWAPPED): "compares with the live table",
}
"""Every option that a target table can't honour, and why; all others are honoured on all of them."""
EXPRESSION = re.compile(r"(?:\bAS |\bCHECK |\bKEY [^(]*\()(\(.*)", re.IGNORECASE)
"""What a line of a definition computes: a generated column's, a check's, a functional index's."""

CHECK = re.compile(r"\n\s*CONSTRAINT `((?:[^`]|``)*)` CHECK ")
"""A named check in a definition."""


def target_kinds(request: Request, survey: Survey) -> frozenset[TargetKind]:
    """Name where the rows of a request go."""
    if request.into:
        return frozenset({TargetKind.SWAPPED if request.swap else TargetKind.BESIDE})
    asked = [table for table in survey.tables if table.ref in request.refs]
    return frozenset(TargetKind.THERE if table.definition else TargetKind.DROPPED for table in asked)


def options(request: Request) -> Iterator[str]:
    """Name the options given that narrow, or widen, which rows are put back."""
    policy = request.policy
    given = {
        "--where": policy.where,
        "--keys-from": policy.keys,
        "--columns": policy.columns,
        "--with-children": request.with_children,
        "--with-parents": request.with_parents,
        "--incident-end": request.incident_end,
    }
    return (name for name, value in given.items() if value)


def fits(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the table beside can be made, and what is asked for means something where the rows go."""
    if survey.target and survey.target.definition:
        yield blocks("into.exists", f"{survey.target.ref} exists already", "choose another name for --into")
    if survey.database_gone:
        yield warns(
            "database.dropped",
            f"production has no database {request.database}: it is made again, with the tables asked for and no others",
            "its other tables, views, routines and events are not made; a misspelt name fails after the restore",
        )
    for place in sorted(target_kinds(request, survey)):
        for option in options(request):
            if why := UNFIT.get((option, place)):
                code = "into.incident-end" if option == "--incident-end" else "into.option"
                yield blocks(code, f"{option} {why.format(target=place)}", f"leave out {option} or {place}")
    yield from narrowed(request, survey)


def unnamed(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether checks of a table beside get other names: MySQL gives each out once in a database."""
    beside = request.into and survey.server.flavour == "mysql"
    for found in (table.definition for table in survey.tables if beside):
        given = CHECK.findall(found.create_sql) if found else ()
        names = [name for name in given if found and not own_name(name, found.ref.table)]
        if found and names:
            yield warns(
                "into.check-names",
                f"{request.into} gets checks of {found.ref.table} under names that the server makes: {', '.join(names)}"
                " can be given once in a database",
                "what goes by these names finds the checks under others there",
            )


def own_name(name: str, table: str) -> bool:
    """Whether a check's name is one that MySQL made, and makes anew with a table's name.

    https://dev.mysql.com/doc/refman/8.4/en/create-table-check-constraints.html
    """
    return re.fullmatch(rf"{re.escape(table)}_chk_\d+", name) is not None


def narrowed(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether what narrows the rows is of the tables asked for."""
    policy = request.policy
    if survey.where_problem:
        yield blocks(
            "where.refused", f"--where: {survey.where_problem}", "give one expression over the table's columns"
        )
    for option, code, given in (("--where", "where.tables", policy.where), ("--keys-from", "keys.tables", policy.keys)):
        if given and len(request.tables) > 1:
            yield blocks(code, f"{option} goes with one table", "run the command once for each table")
    for table in survey.tables:
        found = table.definition
        if found is None and policy.where and zone_of(survey) not in UTC:
            yield warns(
                "where.zone",
                f"--where: a TIMESTAMP's times are read in UTC, and production's sessions are in {zone_of(survey)}",
                "write such times in UTC; the preview counts its rows",
            )
        if found is None or table.ref not in request.refs:
            continue
        if policy.keys and not found.key:
            yield blocks("keys.no-key", f"{table.ref} has no key that --keys-from could name", "use --where instead")
        yield from in_another_zone(policy.where or "", found, survey)
        known = {column.name for column in found.base_columns}
        for name in policy.columns:
            if name not in known:
                hint = f"its own columns are {', '.join(sorted(known))}"
                yield blocks("table.no-column", f"--columns: {table.ref} has no column {name} of its own", hint)


def in_another_zone(where: str, found: TableDefinition, survey: Survey) -> Iterator[Finding]:
    """Whether a filter's times are those of another zone than UTC, as production's sessions show them, or are not."""
    zone = zone_of(survey)
    if survey.where[1]:
        yield warns(
            "where.zone",
            f"--where: its times are read in {survey.where[1]}, as production's sessions show them",
            "the plan shows the filter as it is sent to both servers; the preview counts its rows",
        )
        return
    words = {word.lower() for word in re.findall(r"\w+", where)}
    named = [each.name for each in found.columns if each.kind == "timestamp" and each.name.lower() in words]
    if named and zone not in UTC:
        yield warns(
            "where.zone",
            f"--where: the times of {', '.join(named)} are read in UTC, and production's sessions show them in {zone}",
            "write the filter's times in UTC; the preview counts its rows",
        )


def zone_of(survey: Survey) -> str:
    """Name the zone of production's sessions, as the server has it."""
    known = survey.server.globals
    zone = known.get("time_zone", UTC[0])
    return known.get("system_time_zone", UTC[0]) if zone == "SYSTEM" else zone


def recomputed(survey: Survey) -> Iterator[Finding]:
    """Whether a value would be computed anew from a TIMESTAMP, in another zone than the application's sessions have."""
    zone = zone_of(survey)
    for found in (table.definition for table in survey.tables if zone not in UTC):
        for name in [each.name for each in found.columns if each.kind == "timestamp"] if found else []:
            lines = (EXPRESSION.search(line) for line in found.create_sql.splitlines()) if found else ()
            if found and any(f"`{name}`" in line[1] for line in lines if line):
                yield blocks(
                    "table.zone",
                    f"{found.ref} computes a generated column, an index or a check from {name}, a TIMESTAMP: that would"
                    f" come out by UTC, and production's sessions are in {zone}",
                    "set time_zone to UTC in production's parameter group meanwhile, or restore these rows by hand",
                )


def room(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether production's storage has room for a table beside; a dropped one's size is known once it is dumped."""
    for table in survey.tables if request.into else ():
        if table.definition and (why := survey.short_of(table.definition)):
            yield blocks("disk.production", f"{table.ref}: {why}", ROOM)


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
