"""Whether RDS would give the copy what was chosen for it."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.cloud.copy_attributes import ADJUSTABLE, PROVISIONED
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.preflight.finding import Finding, blocks, warns

UNKNOWN_TO_AURORA = ("storage_type", "iops", "throughput", "option_group")
UNKNOWN_TO_MULTI_AZ = ("throughput", "option_group", "parameter_group", "ca_certificate", "zone")
ADJUSTABLE_FROM = 400
"""GiB from which the speed of gp3 may be named (RDS user guide, "General Purpose SSD storage")."""

SET_IOPS = "set iops in rdsrestore.toml or RDSRESTORE_IOPS, or leave storage_type out"
TAKE_GP3 = "leave it out of rdsrestore.toml, or set storage_type to gp3"


def copy_attributes(request: Request, survey: Survey) -> Iterator[Finding]:
    """Hold what was chosen against production and against RDS's own rules."""
    if request.restores:
        yield from of_cluster(request, survey) if survey.clustered else storage(request, survey)
        yield from subnets(request, survey)
        yield from missing_tags(request, survey)


def of_cluster(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether a cluster, or the instance in it, takes what was chosen (RDS API reference)."""
    for name in UNKNOWN_TO_AURORA if survey.source.is_aurora else UNKNOWN_TO_MULTI_AZ:
        if getattr(request.attributes, name):
            what = f"{name} can't be chosen: the copy is a cluster, as production is"
            yield blocks("copy.cluster", what, "leave it out of the settings")


def storage(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the storage goes with the speed."""
    chosen, source = request.attributes, survey.source
    kind = chosen.storage(source.storage_type)
    if kind in PROVISIONED and not chosen.speed(source.storage_type, source.iops):
        yield blocks("copy.storage", f"storage {kind} wants iops, and production has none", SET_IOPS)
    named = [name for name in ("iops", "throughput") if getattr(chosen, name)]
    if named and kind not in ADJUSTABLE:
        yield blocks("copy.storage", f"{named[0]} can't be chosen for storage {kind}", TAKE_GP3)
    elif chosen.throughput and kind in PROVISIONED:
        yield blocks("copy.storage", f"throughput can't be chosen for storage {kind}", TAKE_GP3)
    elif named and kind == "gp3" and source.storage < ADJUSTABLE_FROM:
        what = f"{named[0]} of gp3 can be chosen from {ADJUSTABLE_FROM} GiB on, and the copy has {source.storage}"
        yield blocks("copy.storage", what, f"leave {named[0]} out of rdsrestore.toml")


def subnets(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the subnet group is there, and of the network in which the run's security group is made."""
    name, vpc = request.attributes.subnet_group, survey.subnets_of
    if name is None or vpc is None or vpc == survey.source.vpc:
        return
    what = f"is of {vpc}, and production of {survey.source.vpc}" if vpc else "does not exist"
    yield blocks("copy.subnets", f"subnet group {name} {what}", "set subnet_group to one of production's VPC")


def missing_tags(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether production has the tags that are to be taken over."""
    for name in request.attributes.copy_tags:
        if name not in dict(survey.source.tags):
            what = f"production has no tag {name}, so that the copy gets none"
            yield warns("copy.tags", what, "give it a value in the section [tags] where your organization wants it")
