"""Decide from what was read what stands in the way, before anything is made. Pure: no check reads the world."""

from __future__ import annotations

from rdsrestore.core.checks.backups import point, second_point
from rdsrestore.core.checks.elsewhere import elsewhere
from rdsrestore.core.checks.finding import Finding, Severity
from rdsrestore.core.checks.landing import landing, swapping
from rdsrestore.core.checks.machine import caller, this_machine
from rdsrestore.core.checks.server import server
from rdsrestore.core.checks.settings import settings
from rdsrestore.core.checks.source import source
from rdsrestore.core.checks.surroundings import told, unwatched
from rdsrestore.core.checks.tables import table_findings
from rdsrestore.core.model import Request
from rdsrestore.core.survey import Survey

__all__ = ["Finding", "Severity", "check"]


def check(request: Request, survey: Survey) -> tuple[Finding, ...]:
    """Judge what was asked by what was read; blocking findings first."""
    coming = {*request.refs, *(relative.ref for relative in survey.relatives)}
    tables = [finding for table in survey.tables for finding in table_findings(request, table, coming)]
    reaching = [*point(request, survey), *second_point(request, survey), *caller(request, survey)]
    restoring = [] if request.undoes else reaching
    making = [] if request.undoes else [*landing(request, survey), *swapping(request, survey), *unwatched(request)]
    reading = [*source(survey), *this_machine(survey), *server(survey), *settings(request, survey)]
    found = [*restoring, *reading, *making, *tables, *elsewhere(request, survey), *told(survey)]
    return tuple(sorted(found, key=lambda finding: finding.severity is Severity.WARNS))
