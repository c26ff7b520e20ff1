"""Whether production takes writes from us."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.merge_verdict import may
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.rows import BACK, Act
from rdsrestore.workflow.preflight.finding import Finding, blocks, warns

CLOCKS_APART = 10.0
"""Seconds by which two clocks may differ before it is said."""


def binlog(survey: Survey) -> Iterator[Finding]:
    """Whether production notes what is done to its rows."""
    if survey.server.globals.get("log_bin") != "ON":
        yield warns(
            "binlog.off",
            "production writes no binlog: rdsrestore find can't tell what was done, and when",
            "set binlog_format=ROW in the cluster's parameter group, and reboot the writer: Aurora restores without it"
            if survey.source.is_aurora
            else "switch on automated backups: with them RDS writes one",
        )


MAKES = frozenset({"CREATE", "DROP", "INSERT", "SELECT"})
"""What it takes to make a table, to fill it, and to remove it while it is empty."""
SWAPS = MAKES | {"ALTER"}


def privileges(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the login may do to each table what this request may come to; general gaps are said by themselves."""
    for ref, wanted in () if survey.server.privileges_missing else needed(request, survey):
        if lacking := survey.server.lacking(wanted, ref):
            yield blocks(
                "db.privilege", f"the login lacks {', '.join(lacking)} on {ref}", "use the master user, or grant it"
            )


def needed(request: Request, survey: Survey) -> Iterator[tuple[TableRef, frozenset[str]]]:
    """Name the tables that are written, each with the privileges which that takes."""
    acts = names(*may(request.policy))
    if request.undoes:
        yield from ((ref, SWAPS) for ref in ((survey.swapped.live, survey.swapped.former) if survey.swapped else ()))
        saved = () if survey.swapped else survey.saved
        yield from ((each.target, names(*(BACK[act] for act in each.acts or BACK))) for each in saved)
        return
    if request.into:
        there = survey.target is not None and survey.target.definition is not None
        yield TableRef(request.database, request.into), acts if there else SWAPS if request.swap else MAKES
    for table in () if request.into and not request.swap else survey.tables:
        if request.swap:
            yield table.ref, SWAPS
        elif table.definition:
            yield table.ref, acts if table.ref in request.refs else names(Act.INSERT)
        elif request.recreate:
            yield table.ref, MAKES


def names(*acts: Act) -> frozenset[str]:
    """Name the privileges that acts on rows take."""
    return frozenset({"SELECT", *(act.value.upper() for act in acts)})


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
