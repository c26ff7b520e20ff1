"""Look at all that a restore needs and that depends on no accident; each part by itself, and nothing is changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rdsrestore.domain.cloud.instance import Identity, SourceInstance
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.health import Check, State
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import ListenerCheck, Survey
from rdsrestore.domain.tables.server import ClientTools, ServerFacts
from rdsrestore.ports.databases import Databases
from rdsrestore.ports.production import Production
from rdsrestore.ports.progress import Progress
from rdsrestore.workflow.preflight.cloud.backups import kept
from rdsrestore.workflow.preflight.cloud.source import source as judge_source
from rdsrestore.workflow.preflight.finding import Finding, Severity
from rdsrestore.workflow.preflight.machine import caller, this_machine
from rdsrestore.workflow.preflight.server import binlog, server
from rdsrestore.workflow.preflight.server_settings import dumping, settings
from rdsrestore.workflow.preflight.surroundings import surroundings, unwatched
from rdsrestore.workflow.step import World
from rdsrestore.workflow.surveyor import doubts, find_caller, find_leftovers, tried
from rdsrestore.workflow.upkeep import of_time_and_place, retention

ON_PRODUCTION = ("production", "settings", "binlog", "binlog kept", "address", "dump program")
IN_CLOUD = ("instance", "permissions", "backups", "certificate", "maintenance", "network", "leftovers", *ON_PRODUCTION)
PROOF = "switch proved"
NOT_READ = ServerFacts("", "", read_only=False)


@dataclass(frozen=True)
class Surroundings:
    """Where runs would be kept, whether those who are to be told can be, and what else was seen of this machine."""

    folder: Path
    listeners: Sequence[ListenerCheck] = ()
    seen: Sequence[Check] = ()


def examine(request: Request, world: World, around: Surroundings) -> Iterator[Check]:
    """Look at everything in turn: a part that fails is said, and stops none that does not rest on it.

    `request` names instance, login and options; its tables and its moment are not looked at.
    """
    yield from of_machine(request, around)
    try:
        identity = world.account.identity()
    except RdsRestoreError as error:
        yield broken("account", error)
        yield from not_looked_at(
            (*(("switch",) if request.switch_role else ()), *IN_CLOUD), "the account does not answer"
        )
        return
    yield Check("account", State.OK, identity.arn)
    yield from of_switch(request, world)
    try:
        source = world.sources.source(request.instance)
    except RdsRestoreError as error:
        yield broken("instance", error)
        yield from not_looked_at(IN_CLOUD[1:], "the instance is not known")
        return
    if source.member_of and source.member_of.writer != source.id:
        what = f"{source.id} is not the writer of cluster {source.cluster}"
        yield Check("instance", State.WARNED, what, f"rows go to the writer: --instance {source.cluster}")
        yield from not_looked_at(IN_CLOUD[1:], "the writer is to be looked at")
        return
    read = blank(world, identity, source, around)
    yield from of_instance(request, read, world)
    yield from of_production(request, read, world)


def of_machine(request: Request, around: Surroundings) -> Iterator[Check]:
    """Look at this machine's disk, at who is told, and whether anything removes the copy if this machine is lost."""
    free = shutil.disk_usage(around.folder).free
    yield Check("disk", State.OK, f"{free / 1e9:,.1f} GB free in {around.folder}")
    yield from around.seen
    for each in around.listeners:
        state = State.WARNED if each.problem else State.UNKNOWN if each.untried else State.OK
        yield Check(each.name, state, each.problem or each.untried or "can be told", each.hint)
    yield from (each for each in judged("switch", unwatched(request), "") if each.state is not State.OK)


def of_switch(request: Request, world: World) -> Iterator[Check]:
    """Look at the role that would delete the copy: that it is there, for the scheduler, and may delete."""
    role = request.switch_role
    if role is None:
        return
    try:
        doubted = world.account.switch_doubts(role)
    except RdsRestoreError as error:
        yield replace(broken("switch", error), state=State.UNKNOWN)
        return
    hint = "rdsrestore iam-policy --of-switch and --trust print what it needs"
    yield from (Check("switch", State.WARNED, each, hint, "switch.role") for each in doubted)
    if not doubted:
        yield Check("switch", State.OK, f"{role} seems able to delete the copy if this machine were lost")


def prove_switch(role: str, world: World, progress: Progress) -> Check:
    """Have the scheduler act as the role, and judge by what RDS answered whether it can delete a copy."""
    try:
        call = world.schedules.try_switch(role, progress)
    except RdsRestoreError as error:
        return replace(broken(PROOF, error), state=State.UNKNOWN)
    if call.allowed:
        what = f"the scheduler acted as {role}: RDS was asked to delete {call.name}, and knows none"
        return Check(PROOF, State.OK, what)
    what = f"the scheduler acted as {role}, and RDS answered: {call.message or 'nothing'} ({call.error or 'no error'})"
    return Check(PROOF, State.WARNED, what, "rdsrestore iam-policy --of-switch prints what it needs", "switch.role")


def blank(world: World, identity: Identity, source: SourceInstance, around: Surroundings) -> Survey:
    """Begin a survey with what the cloud has told."""
    return Survey(
        at=world.clock.now(),
        identity=identity,
        source=source,
        server=NOT_READ,
        tables=(),
        target=None,
        tools=ClientTools(None),
        free_disk=shutil.disk_usage(around.folder).free,
        caller=None,
    )


def of_instance(request: Request, read: Survey, world: World) -> Iterator[Check]:
    """Judge the instance, its backups, what the login to the cloud may do, and what earlier runs left."""
    found = read.source
    what = f"{found.id}: {found.engine} {found.version}, {found.instance_class}, {found.status}"
    yield from judged("instance", judge_source(read), what)
    yield from permissions(request, read, world)
    reach = f"; the newest moment is {found.latest:%Y-%m-%d %H:%M:%S} UTC" if found.latest else ""
    yield from judged("backups", kept(read), f"kept for {found.retention_days} days{reach}")
    try:
        yield from of_time_and_place(read, world.sources.subnets(found))
    except RdsRestoreError as error:
        yield replace(broken("network", error), state=State.UNKNOWN)
    leftovers, problem = find_leftovers(world)
    left = replace(read, leftovers=leftovers, leftovers_problem=problem)
    yield from judged("leftovers", surroundings(left), "earlier runs left nothing")


def permissions(request: Request, read: Survey, world: World) -> Iterator[Check]:
    """Try what can be tried without effect, and ask the simulator about the rest."""
    try:
        denied = tuple(world.account.denied(read.source.vpc))
        doubted = doubts(request, read.source, world)
    except RdsRestoreError as error:
        yield replace(broken("permissions", error), state=State.UNKNOWN)
        return
    asked = replace(read, denied=denied, doubted=doubted)
    found = [each for each in judge_source(asked) if each.code.startswith("aws.")]
    yield from judged("permissions", found, "whatever a run asks of AWS seems to be allowed")


def of_production(request: Request, read: Survey, world: World) -> Iterator[Check]:
    """Log in to production, and judge what it is, how it is set, and how this machine reaches it."""
    try:
        databases = world.engines.of(read.source.engine)
        with databases.production(read.source.endpoint, request.user) as production:
            facts = production.server()
            there = replace(read, server=facts, tools=ClientTools(None, dump_sets=True))
            yield from of_server(request, there, world)
            yield retention(production)
            yield from of_programs(request, there, databases, production)
    except RdsRestoreError as error:
        yield broken("production", error)
        yield from not_looked_at(ON_PRODUCTION[1:], "there is no login to production")


def of_server(request: Request, there: Survey, world: World) -> Iterator[Check]:
    """Judge what the server says of itself and of us."""
    facts = there.server
    welcome = f"{request.user} may log in, over TLS; the server is {facts.flavour} {facts.version}"
    yield from judged("production", server(there), welcome)
    yield from judged("settings", settings(request, there), "no setting stands in the way")
    known = facts.globals
    written = f"{known.get('binlog_format')}, row images {known.get('binlog_row_image', 'FULL')}"
    yield from judged("binlog", binlog(there), f"{written}: rdsrestore find can read it")
    reached = replace(there, caller=request.caller or facts.caller or find_caller(world))
    road = "over its public address" if there.source.publicly_accessible else "within its network, as production is"
    yield from judged("address", caller(request, reached), f"{reached.caller} would reach the copy {road}")


def of_programs(request: Request, there: Survey, databases: Databases, production: Production) -> Iterator[Check]:
    """Have the dump program log in to production and dump a row."""
    database = request.database or next(iter(production.databases()), "")
    tools = databases.tools()
    if not database:
        yield Check("dump program", State.UNKNOWN, "production has no database to try it on")
        return
    read = replace(there, tools=tried(tools, production, database, ()))
    found = [*this_machine(read), *(() if tools.dump_sets else dumping(read))]
    yield from judged("dump program", found, f"{tools.dump} logs in and dumps a row of {database}")


def judged(name: str, findings: Iterable[Finding], fine: str) -> Iterator[Check]:
    """Make checks of what was found; one that says what is fine where that is nothing."""
    found = [
        Check(
            name,
            State.FAILED if each.severity is Severity.BLOCKS else State.WARNED,
            each.message,
            each.hint,
            each.code,
        )
        for each in findings
    ]
    yield from found or [Check(name, State.OK, fine)]


def broken(name: str, error: RdsRestoreError) -> Check:
    """Make a check of what could not be read."""
    return Check(name, State.FAILED, f"{error.where}: {error.what}", error.hint, error.code)


def not_looked_at(names: Iterable[str], why: str) -> Iterator[Check]:
    """Name what rests on something that failed."""
    return (Check(name, State.UNKNOWN, f"not looked at: {why}") for name in names)
