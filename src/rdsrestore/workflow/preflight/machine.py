"""Whether this machine can dump, and who is let in to the copy."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.cloud import admission
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.preflight.finding import Finding, blocks, warns

DUMP_TO_TABLE = 3
"""Bytes of free disk wanted for each byte of table: the dump as text, with hexadecimal blobs, and some air."""
LEAVE_OUT = "leave out --same-groups: this machine alone is let in then"
GROUPS = 5
"""Security groups that a network interface may have, unless AWS has raised it (VPC user guide, "Amazon VPC quotas")."""


def this_machine(survey: Survey) -> Iterator[Finding]:
    """Whether this machine can dump."""
    tools = survey.tools
    if tools.dump is None:
        yield blocks("tool.missing", "mysqldump is not on the PATH", "install mariadb-client or mysql-client")
    if tools.problem:
        yield blocks(tools.problem.code, tools.problem.what, tools.problem.hint)
    wanted = DUMP_TO_TABLE * sum(table.definition.bytes for table in survey.tables if table.definition)
    binlog = survey.binlog.size if survey.binlog else 0
    if wanted + binlog > survey.free_disk:
        copied = f", the copy of the binlog {binlog / 1e9:.1f} GB," if binlog else ""
        yield blocks(
            "disk.full",
            f"the dump may need {wanted / 1e9:.1f} GB{copied} and {survey.free_disk / 1e9:.1f} GB are free",
            f"set RDSRESTORE_HOME to a folder on a larger disk{', or do without --keep-binlog' if binlog else ''}",
        )


def evidence(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the binlog of the incident can be kept; the rows come back without it."""
    binlog = survey.binlog
    if not binlog:
        return
    if binlog.problem:
        yield warns(
            "binlog.unkept",
            f"production's binlog can't be copied: {binlog.problem}",
            "the restore goes on without it; rdsrestore doctor says what reading it takes",
        )
    if binlog.kept_from and isinstance(request.point, Moment) and binlog.kept_from > request.point.utc:
        yield warns(
            "binlog.gap",
            f"production's binlog begins at {binlog.kept_from:%Y-%m-%d %H:%M:%S} UTC, after the moment to restore",
            "what is left of it is copied",
        )
    if binlog.fixed:
        yield warns(
            "binlog.retention",
            f"how long production keeps its binlog can't be set: {binlog.fixed}",
            "it is copied all the same; the master user may call mysql.rds_set_configuration",
        )


def caller(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the address that is let in to the copy is the one that production sees."""
    if request.same_groups:
        yield from shared(survey)
    if request.allow:
        yield from named(request, survey)
        return
    seen, name = survey.server.caller, survey.server.caller_name
    if survey.caller is None and not request.same_groups:
        yield blocks(
            "caller.unknown",
            "production does not show this machine's address, and it could not be found out elsewhere",
            "give it with --my-ip ADDRESS: from within the VPC or over a VPN it is a private one",
        )
    elif request.caller and not name and seen not in (None, request.caller):
        yield warns(
            "caller.differs",
            f"{request.caller} is let in, and production sees this machine as {seen}",
            "leave out --my-ip and the setting caller, unless the copy is reached by another road",
        )
    elif name and not request.caller:
        yield warns(
            "caller.unsure",
            f"production shows this machine as {name}; {survey.caller} is let in, which may not be its address",
            "give the address that the database sees with --my-ip ADDRESS",
        )


def shared(survey: Survey) -> Iterator[Finding]:
    """Whether the copy can have production's own groups too, and that this opens it to more than us."""
    groups = survey.source.security_groups
    if not groups:
        yield blocks("caller.no-groups", "production is in no security group that its copy could get", LEAVE_OUT)
        return
    if len(groups) >= GROUPS:
        yield warns(
            "caller.groups",
            f"production is in {len(groups)} security groups, and the copy is to be in one more",
            f"where the account's limit is {GROUPS} for a network interface the restore is refused: name them to"
            " --allow instead",
        )
    what = f"{admission.whom(groups)} reaches the copy too, until it is deleted"
    yield warns("caller.shared", what, LEAVE_OUT)


def named(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether those who were named can be let in, whether this machine is one of them, and how many they are."""
    names, seen = survey.let_in(request), survey.server.caller
    for each in survey.references:
        if each.problem:
            yield blocks("caller.reference", f"{each.id} can't be let in: {each.problem}", admission.EXAMPLES)
        elif each.unseen:
            hint = "allow ec2:DescribeSecurityGroups, ec2:DescribeManagedPrefixLists, ec2:GetManagedPrefixListEntries"
            yield warns("caller.unseen", f"whether {each.id} can be let in is not known: {each.unseen}", hint)
    if survey.source.network_type == "IPV4" and (over := [each for each in names if ":" in each]):
        what = f"{', '.join(over)} can't reach the copy: as its source it has IPv4 addresses alone (network type IPV4)"
        yield blocks("caller.ipv6", what, "name IPv4 addresses or networks")
    if wide := [admission.described(each) for each in names if not admission.single(each)]:
        what = f"more than one address is let in to the copy: {'; '.join(wide)}"
        yield warns("caller.wide", what, "name single addresses where that will do; all rules go when the run ends")
    if seen and not request.same_groups and not admission.lets_in(names, seen):
        what = f"production sees this machine as {seen}, which is not among those who are let in"
        yield warns("caller.left-out", what, f"add --my-ip {seen.partition('/')[0]}, unless another road leads there")
