"""What a plan rests on: the source, its backups, the tables now, what the copy gets, and who is let in."""

from __future__ import annotations

from collections.abc import Iterable

from rdsrestore.domain.cloud import admission, bastion
from rdsrestore.domain.cloud.instance import SourceInstance
from rdsrestore.domain.cloud.instance_class import class_of_restored
from rdsrestore.domain.request.merge_policy import Merge
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey, TableSurvey
from rdsrestore.notify.text import counted
from rdsrestore.workflow.step import Plan


def facts(planned: Plan, survey: Survey) -> Iterable[tuple[str, str]]:
    """Say what the plan rests on."""
    request, source = planned.request, survey.source
    replica = f", of which {request.replica} is a read replica" if request.replica else ""
    whose = f", the writer of cluster {source.cluster}" if source.cluster else replica
    storage = "" if source.is_aurora else f", {source.storage} GiB"
    yield "source", f"{source.id}{whose}, {source.engine} {source.version}, {source.instance_class}{storage}"
    if request.via:
        yield "reached", bastion.described(request.via)
    backups = survey.backed_up
    if backups.earliest and backups.latest and request.restores:
        of = f", of {backups}" if survey.backups else ""
        yield "backups", f"{backups.earliest:%Y-%m-%d %H:%M:%S} to {backups.latest:%Y-%m-%d %H:%M:%S} UTC{of}"
    if request.restores:
        yield "copy", copy_gets(request, source)
    if request.transaction:
        logged = request.transaction
        yield "transaction", f"{logged}, {logged.at:%Y-%m-%d %H:%M:%S} UTC; {'; '.join(map(str, logged.tables))}"
    for table in survey.tables:
        yield "table", table_now(table, into=request.into)
    yield "rows", "none are written, and the copy alone is asked" if request.looks else rules(request)
    if request.restores:
        if request.keep:
            when = "however the run ends" if request.keep_always else "if it fails"
            yield "kept", f"the copy, for {request.keep // 60} min, {when}"
        yield "let in", f"{let_in(request, survey)}, to the copy alone"
    login = f"{request.user} on the server{f' (password: {survey.password_from})' if survey.password_from else ''}"
    yield "as", f"{login}, {survey.identity.arn} in AWS, {request.operator} in the log"


def let_in(request: Request, survey: Survey) -> str:
    """Say who is let in to the copy."""
    names = survey.let_in(request)
    sight = ", as production sees this machine" if names == (survey.server.caller,) else ""
    who = "; ".join(map(admission.described, names)) + sight
    if not request.same_groups:
        return who or "nobody: the address is unknown"
    own = admission.whom(survey.shared(request))
    if request.caller or request.allow or not who:
        return f"{own}{'; ' if who else ''}{who}"
    return f"{own}; where they don't let us in {who}"


def copy_gets(request: Request, source: SourceInstance) -> str:
    """Say what the temporary instance gets, and what of it is not as production has it."""
    chosen, kind = request.attributes, request.attributes.storage(source.storage_type)
    speed = chosen.speed(source.storage_type, source.iops)
    parts = [class_of_restored(request, source), f"storage {kind}{f' with {speed:,} IOPS' if speed else ''}"]
    parts += [f"{chosen.throughput} MiB/s"] if chosen.throughput else []
    named = {
        "parameter group": chosen.parameter_group,
        "option group": chosen.option_group,
        "subnet group": chosen.subnet_group,
        "zone": chosen.zone,
        "certificate authority": chosen.ca_certificate,
    }
    parts += [f"{what} {name}" for what, name in named.items() if name]
    tags = chosen.all_tags(source.tags)
    parts += [f"tags {', '.join(name for name, _value in tags)}"] if tags else []
    return f"{', '.join(parts)}; all else as production has it"


MEANT = {
    Merge.MISSING: "missing rows are put back, and no row that is there is touched",
    Merge.OVERWRITE: "missing rows are put back, changed ones changed back, and newer ones stay",
    Merge.EXACT: "as it was then: missing rows are put back, changed ones changed back, and newer ones DELETED",
    Merge.NONE: "all rows, into a table that is empty",
}

OF_ONE = {
    Merge.MISSING: "rows that it deleted are put back, and no row that is there is touched",
    Merge.OVERWRITE: "rows that it deleted are put back, and columns that it changed are changed back",
    Merge.EXACT: "rows that it deleted are put back, columns that it changed are changed back, and rows that it added"
    " DELETED; no other row is touched",
    Merge.NONE: "all rows, into a table that is empty",
}
"""The same where one transaction is taken back."""


def rules(request: Request) -> str:
    """Say by which rules rows are put back."""
    if request.undoes:
        return "as they were before that run; what was changed since stays"
    policy = request.policy
    meant = OF_ONE if request.transaction else MEANT
    parts = [f"merge {policy.merge}: {meant[policy.merge]}"]
    left = "what the transaction left" if request.transaction else f"the state of {request.incident_end}"
    parts += [f"against {left}, on conflict {policy.on_conflict}"] if policy.three_way else []
    parts += [f"of changed rows only {', '.join(policy.columns)}"] if policy.columns else []
    parts += [f"keys from {policy.keys}"] if policy.keys else []
    parts += [f"where {policy.where}"] if policy.where else []
    return "; ".join(parts)


def table_now(table: TableSurvey, *, into: str | None) -> str:
    """Say how production has a table now."""
    beside = f"; the rows go to {table.ref.database}.{into}" if into else ""
    if table.definition is None:
        return f"{table.ref}: not there now{beside}"
    rows = "rows unknown" if table.rows is None else counted(table.rows, "row")
    key = f"key {', '.join(table.definition.key)}" if table.definition.key else "no key"
    return f"{table.ref}: {rows} now, {key}{beside}"
