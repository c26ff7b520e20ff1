"""Decide from what was read what stands in the way, before anything is made. Pure: no check reads the world."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rdsrestore.core.model import Merge, Moment, Request, TableRef, Triggers
from rdsrestore.core.policy import may
from rdsrestore.core.survey import Survey, TableSurvey
from rdsrestore.core.tables import TAKES_CHILDREN

READY = frozenset({"available", "backing-up", "storage-optimization", "modifying", "configuring-enhanced-monitoring"})
CLOCKS_APART = 10.0
"""Seconds by which two clocks may differ before it is said."""
DUMP_TO_TABLE = 3
"""Bytes of free disk wanted for each byte of table: the dump as text, with hexadecimal blobs, and some air."""


class Severity(StrEnum):
    """Whether a finding stops the run."""

    BLOCKS = "blocks"
    WARNS = "warns"


@dataclass(frozen=True)
class Finding:
    """Something found before the start: a stable code, what it is, and a hint that says what to do."""

    code: str
    severity: Severity
    message: str
    hint: str


def check(request: Request, survey: Survey) -> tuple[Finding, ...]:
    """Judge what was asked by what was read; blocking findings first."""
    coming = {*request.refs, *(relative.ref for relative in survey.relatives)}
    tables = [finding for table in survey.tables for finding in table_findings(request, table, coming)]
    restoring = [] if request.undoes else [*point(request, survey), *second_point(request, survey)]
    making = [] if request.undoes else [*landing(request, survey), *swapping(request, survey), *unwatched(request)]
    found = [*restoring, *source(survey), *this_machine(survey), *server(survey), *making, *tables, *told(survey)]
    return tuple(sorted(found, key=lambda finding: finding.severity is Severity.WARNS))


def blocks(code: str, message: str, hint: str) -> Finding:
    """Make a finding that stops the run."""
    return Finding(code, Severity.BLOCKS, message, hint)


def warns(code: str, message: str, hint: str) -> Finding:
    """Make a finding that is only said."""
    return Finding(code, Severity.WARNS, message, hint)


def point(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the state asked for can be restored at all."""
    if not isinstance(request.point, Moment):
        yield from snapshot(request, survey)
        return
    moment, found = request.point.utc, survey.source
    if not found.retention_days:
        yield blocks(
            "window.off", f"automated backups of {found.id} are switched off", "use --snapshot ID to restore a snapshot"
        )
    elif found.earliest and moment < found.earliest:
        yield blocks(
            "window.too-old",
            f"{request.point} lies before the oldest backup of {found.id} ({found.earliest:%Y-%m-%dT%H:%M:%SZ})",
            "choose a later --before, or --snapshot ID if a snapshot of that time was kept",
        )
    elif found.latest and moment > found.latest:
        yield warns(
            "window.not-yet",
            f"backups of {found.id} reach {found.latest:%H:%M:%SZ}; {moment:%H:%M:%SZ} follows within minutes",
            "nothing to do: the run waits for it",
        )


def second_point(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the state after the incident can be restored too."""
    end, latest = request.incident_end, survey.source.latest
    if end and request.into:
        yield blocks("into.incident-end", "--incident-end compares with the live table", "leave out --into")
    if end and latest and end.utc > latest:
        yield warns(
            "window.not-yet",
            f"backups of {survey.source.id} reach {latest:%H:%M:%SZ}; {end.utc:%H:%M:%SZ} follows within minutes",
            "nothing to do: the run waits for it",
        )


def snapshot(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the snapshot can be restored."""
    found = survey.snapshot
    if found and found.status != "available":
        yield blocks("snapshot.not-ready", f"{request.point} is {found.status}", "wait until it is available")
    if found and found.instance != request.instance:
        yield warns(
            "snapshot.other-instance",
            f"{request.point} was taken of {found.instance}, not of {request.instance}",
            "go on only if that is what you mean",
        )


def source(survey: Survey) -> Iterator[Finding]:
    """Whether the instance can serve as a source."""
    found = survey.source
    if found.cluster:
        yield blocks(
            "source.cluster",
            f"{found.id} belongs to cluster {found.cluster}; clusters can't be restored from yet",
            "restore the cluster by hand as the runbook describes",
        )
    if found.status not in READY:
        yield blocks("source.status", f"{found.id} is {found.status}", "wait until it is available")
    if found.replica_of:
        yield warns(
            "source.replica",
            f"{found.id} is a replica of {found.replica_of}",
            f"use --instance {found.replica_of} to load into the writer",
        )
    for action in survey.denied:
        yield blocks(
            "aws.denied", f"{survey.identity.arn} may not {action}", "ask for the permission, or use --profile"
        )


def this_machine(survey: Survey) -> Iterator[Finding]:
    """Whether this machine can dump and load."""
    tools = survey.tools
    for missing, name in ((tools.dump, "mysqldump"), (tools.load, "mysql")):
        if missing is None:
            yield blocks("tool.missing", f"{name} is not on the PATH", "install mariadb-client or mysql-client")
    for problem in tools.problems:
        yield warns("tool.problem", problem, "prefer the client of the server's own kind")
    wanted = DUMP_TO_TABLE * sum(table.definition.bytes for table in survey.tables if table.definition)
    if wanted > survey.free_disk:
        yield blocks(
            "disk.full",
            f"the dump may need {wanted / 1e9:.1f} GB and {survey.free_disk / 1e9:.1f} GB are free",
            "set RDSRESTORE_HOME to a folder on a larger disk",
        )
    if survey.caller is None:
        yield blocks(
            "caller.unknown", "this machine's public address could not be found out", "give it with --my-ip ADDRESS"
        )


def server(survey: Survey) -> Iterator[Finding]:
    """Whether production takes writes from us."""
    if survey.server.read_only:
        yield blocks("db.read-only", "production is read-only", "use --instance with the writer")
    for privilege in survey.server.privileges_missing:
        yield blocks("db.privilege", f"the login lacks {privilege}", "use the master user, or grant it")
    if abs(survey.server.ahead) > CLOCKS_APART:
        side = "behind" if survey.server.ahead > 0 else "ahead of"
        yield warns(
            "clock.off",
            f"this machine's clock is {abs(survey.server.ahead):,.0f} seconds {side} production's",
            "give --before as a time from production's own logs: '10 minutes ago' goes by this machine's clock",
        )
    if survey.server.event_scheduler:
        yield warns(
            "db.events",
            "events are enabled; they run on the copy too while it lives",
            "if an event deletes rows of these tables, disable it before the restore point",
        )


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


def table_findings(request: Request, table: TableSurvey, coming: Collection[TableRef]) -> Iterator[Finding]:
    """Whether a table's rows can be put back, and who else suffered; `coming` are all tables of the run."""
    found = table.definition
    if found is None:
        yield from absent(request, table)
        return
    if request.undoes:
        yield from in_place(request, table)
        return
    if found.kind != "BASE TABLE" or found.engine.lower() != "innodb":
        kind = found.kind.lower() if found.kind != "BASE TABLE" else f"{found.engine} table"
        yield blocks("table.kind", f"{table.ref} is a {kind}", "only InnoDB tables come back whole from a backup")
    if not request.into:
        yield from in_place(request, table)
    if found.versioned:
        yield warns(
            "table.versioned",
            f"{table.ref} keeps its own history",
            f"SELECT … FROM {table.ref.table} FOR SYSTEM_TIME AS OF may be all you need",
        )
    for key in found.referenced_by:
        if key.on_delete in TAKES_CHILDREN and key.child not in coming:
            effect = "deletes" if key.on_delete == "CASCADE" else "unlinks"
            yield warns(
                "table.children",
                f"deleting from {table.ref.table} also {effect} rows of {key.child} ({key.name}, {key.on_delete})",
                f"add --with-children, or the table: rdsrestore table {' '.join(request.tables)} {key.child.table}",
            )


def in_place(request: Request, table: TableSurvey) -> Iterator[Finding]:
    """Whether rows can be added to the live table."""
    found = table.definition
    if found is None:
        return
    acts = {act.value.upper() for act in may(request.policy)}
    firing = [trigger for trigger in found.triggers if trigger.event in acts]
    if firing and request.triggers is Triggers.REFUSE:
        names = ", ".join(f"{trigger.name} ({trigger.timing} {trigger.event})" for trigger in firing)
        yield blocks(
            "table.triggers",
            f"{table.ref} has triggers that would fire for restored rows: {names}",
            "add --triggers fire if they may, or --into NEW_TABLE to load beside",
        )
    if not found.key and (request.policy.merge is Merge.EXACT or request.policy.three_way):
        yield blocks(
            "table.no-key",
            f"{table.ref} has no primary or unique key to tell changed and newer rows by",
            "use --merge missing, which puts back as many of each row as there are too few, or --into NEW_TABLE",
        )
    if table.rows and request.policy.merge is Merge.NONE:
        yield blocks(
            "merge.not-empty",
            f"{table.ref} has {table.rows:,} rows and --merge none wants it empty",
            "use --merge missing to keep them and add what is missing",
        )


def absent(request: Request, table: TableSurvey) -> Iterator[Finding]:
    """Tell a slip of the pen from a dropped table that production does not have."""
    if request.recreate or request.into:
        return
    near = f"did you mean {' or '.join(table.similar)}? " if table.similar else ""
    yield blocks(
        "table.unknown",
        f"production has no table {table.ref}",
        f"{near}If it was dropped, add --recreate to create it again as it was",
    )


def unwatched(request: Request) -> Iterator[Finding]:
    """Who would delete the copy if nobody here could."""
    if request.switch_role is None:
        yield warns(
            "switch.off",
            "nothing in AWS would delete the copy if this machine were lost",
            "set switch_role, as the runbook describes; rdsrestore iam-policy prints what the role needs",
        )


def told(survey: Survey) -> Iterator[Finding]:
    """Who can't be told, and what earlier runs left."""
    for listener in survey.listeners:
        if listener.problem:
            yield warns("listener.silent", f"{listener.name}: {listener.problem}", listener.hint)
    for run in dict.fromkeys(leftover.run for leftover in survey.leftovers):
        things = ", ".join(f"{each.kind} {each.id}" for each in survey.leftovers if each.run == run)
        yield warns(
            "leftovers", f"run {run} left {things}", f"rdsrestore cleanup {run} removes it, if it is not running"
        )
