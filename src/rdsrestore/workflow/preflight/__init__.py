"""Decide from what was read what stands in the way, before anything is made. Pure: no check reads the world."""

from __future__ import annotations

from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.preflight.cloud.backups import point, second_point
from rdsrestore.workflow.preflight.cloud.copy_attributes import copy_attributes
from rdsrestore.workflow.preflight.cloud.source import source
from rdsrestore.workflow.preflight.finding import Finding, Severity
from rdsrestore.workflow.preflight.machine import caller, evidence, this_machine
from rdsrestore.workflow.preflight.quicker import quicker
from rdsrestore.workflow.preflight.related_rows import elsewhere
from rdsrestore.workflow.preflight.server import privileges, server
from rdsrestore.workflow.preflight.server_settings import settings
from rdsrestore.workflow.preflight.surroundings import surroundings, unwatched
from rdsrestore.workflow.preflight.tables import keyless_children, table_findings, undo_findings, unfit
from rdsrestore.workflow.preflight.target_table import fits, recomputed, room, swapping, unnamed
from rdsrestore.workflow.preflight.transaction import transaction

__all__ = ["Finding", "Severity", "check", "check_copy", "unfit"]


def check(request: Request, survey: Survey) -> tuple[Finding, ...]:
    """Judge what was asked by what was read; blocking findings first."""
    coming = {*request.refs, *(relative.ref for relative in survey.relatives)}
    each = [finding for table in survey.tables for finding in table_findings(request, table, coming)]
    tables = [*undo_findings(request, survey)] if request.undoes else each
    reaching = [*point(request, survey), *second_point(request, survey), *caller(request, survey)]
    reaching += [*copy_attributes(request, survey), *unwatched(request)]
    again = [*caller(request, survey)] if request.instance_of else []
    restoring = reaching if request.restores else again
    making = [*fits(request, survey), *swapping(request, survey), *unnamed(request, survey), *recomputed(survey)]
    making += [*room(request, survey)]
    making = [*keyless_children(survey), *([] if request.undoes else making)]
    reading = [*source(survey), *this_machine(survey), *server(survey), *settings(request, survey)]
    found = [
        *quicker(request, survey),
        *restoring,
        *reading,
        *privileges(request, survey),
        *making,
        *tables,
        *elsewhere(request, survey),
        *surroundings(survey),
    ]
    found += [*evidence(request, survey), *transaction(request, survey)]
    return tuple(sorted(found, key=lambda finding: finding.severity is Severity.WARNS))


def check_copy(request: Request, survey: Survey) -> tuple[Finding, ...]:
    """Judge only whether a copy can be made and reached: nothing is written to any table."""
    found = [*point(request, survey), *caller(request, survey), *copy_attributes(request, survey)]
    found += [*unwatched(request), *source(survey), *surroundings(survey)]
    return tuple(sorted(found, key=lambda finding: finding.severity is Severity.WARNS))
