"""Read everything a run depends on, and change nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from rdsrestore.domain.cloud import admission
from rdsrestore.domain.cloud.admission import Reference
from rdsrestore.domain.cloud.instance import Backups, Leftover, SourceInstance
from rdsrestore.domain.cloud.instance_class import class_of_restored
from rdsrestore.domain.errors import CloudError, DatabaseError, Refused, ToolError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import BinlogSurvey
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.survey import ListenerCheck, Replica, Survey, TableSurvey
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.in_place import InPlace
from rdsrestore.domain.tables.server import ClientTools, Problem, ServerFacts
from rdsrestore.ports.production import BinlogCopies, Production, Vetting
from rdsrestore.workflow.preflight.cloud.backups import window
from rdsrestore.workflow.preflight.cloud.source import status
from rdsrestore.workflow.preflight.finding import Severity
from rdsrestore.workflow.step import World
from rdsrestore.workflow.table_surveyor import any_of, survey_table, survey_tables, without_database


def survey(request: Request, world: World, folder: Path, listeners: Sequence[ListenerCheck] = ()) -> Survey:
    """Read all; `folder` is for dumps. RemoteError where the job is impossible, Refused where production is down."""
    account, identity = world.account, world.account.identity()
    source, unseen = find_source(request, world)
    restored = find_restored(request, source, world) | find_around(request, source, world)
    leftovers, problem = find_leftovers(world)
    databases = world.engines.of(source.engine)
    with with_status(source), databases.production(source.endpoint, request.user) as production:
        server = met(production, source)
        tables, relatives = survey_tables(request, production)
        gone = without_database(request, production, tables)
        target = survey_table(production, TableRef(request.database, request.into)) if request.into else None
        tools = tried(databases.tools(), production, any_of(production) if gone else request.database, tables)
        binlog = find_binlog(request, production, world)
        where_problem, where = check_narrowing(request, production, tables[0].definition)
    return Survey(
        at=world.clock.now(),
        identity=identity,
        source=source,
        server=server,
        tables=tables,
        target=target,
        tools=tools,
        free_disk=shutil.disk_usage(folder).free,
        caller=request.caller or server.caller or (None if request.via else find_caller(world)),
        leftovers=leftovers,
        leftovers_problem=problem,
        references=find_references(request, source, world),
        listeners=tuple(listeners),
        denied=tuple(account.denied(source.vpc)) if request.restores else (),
        doubted=doubts(request, source, world) if request.restores else (),
        unseen_replicas=unseen,
        hourly_cost=cost(world, source, class_of_restored(request, source)),
        where_problem=where_problem,
        where=where,
        relatives=relatives,
        binlog=binlog,
        database_gone=gone,
        password_from=world.engines.password_from(),
        **restored,
    )


def doubts(request: Request, source: SourceInstance, world: World) -> tuple[str, ...]:
    """Ask what may be forbidden; what clusters take only where one is restored."""
    clustered = source.cluster is not None
    return tuple(world.account.doubted(switch=request.switch_role is not None, clustered=clustered))


def find_binlog(request: Request, production: BinlogCopies, world: World) -> BinlogSurvey | None:
    """Look at the binlog that is to be kept; the restore does not depend on it, so that a failure is a finding."""
    if not (request.keep_binlog and request.restores and isinstance(request.point, Moment)):
        return None
    try:
        return production.binlog(request.point.utc)
    except (DatabaseError, ToolError) as error:
        return BinlogSurvey(world.clock.now(), problem=error.what)


def met(production: Production, source: SourceInstance) -> ServerFacts:
    """Read what the server is and allows; its replicas have to let us in as well."""
    server = production.server()
    production.check_replicas(source.replicas)
    return server


def anew(read: Survey, request: Request, world: World) -> Survey:
    """Take what an earlier process read, with the moment and the instance as they are now: an endpoint may have moved.

    Raises Refused or the CloudError of an instance that can't be read.
    """
    source, _unseen = find_source(request, world)
    return replace(read, at=world.clock.now(), source=source)


def check_narrowing(
    request: Request, production: Vetting, definition: TableDefinition | None
) -> tuple[str, tuple[str, str]]:
    """Hold a filter and a file of keys against the table.

    Returns what is wrong with the filter, and how the run's sessions have to read it, with the zone of its times.
    Raises UsageError for the first line of the file that holds no key.
    """
    where, keys = request.policy.where, request.policy.keys
    problem = production.check_where(request.refs[0], where) if where and definition else ""
    if keys and not request.undoes:
        production.check_keys(keyed(definition), Path(keys))
    here = production.where_here(definition, where) if where and definition and not problem else (where or "", "")
    return problem, here


def keyed(definition: TableDefinition | None) -> TableDefinition | None:
    """A table whose rows have keys; one that has none is a finding."""
    return definition if definition and definition.key else None


def find_source(request: Request, world: World) -> tuple[SourceInstance, tuple[str, ...]]:
    """Read the instance, with its replicas where their lag matters; returns too whose can't be read."""
    source = world.sources.source(request.instance)
    refuse_dead(source)
    replicas = world.sources.replicas(request.instance) if request.limits.max_lag is not None else {}
    unseen = tuple(name for name, endpoint in replicas.items() if endpoint is None)
    return replace(source, replicas=tuple(each for each in replicas.values() if each)), unseen


def find_around(request: Request, source: SourceInstance, world: World) -> dict[str, Any]:
    """Look at what may stay unknown, as fields of the survey: replicas, and production's room."""
    return {
        "replicas": find_delays(request, source, world),
        "free_storage": find_free_storage(request, source, world),
    }


def find_delays(request: Request, source: SourceInstance, world: World) -> tuple[Replica, ...]:
    """Ask production's read replicas whether one is behind on purpose; nothing depends on it.

    Once one does not answer at all the others are not waited for.
    """
    if not request.restores or not isinstance(request.point, Moment):
        return ()
    try:
        known = world.sources.replicas(source.id)
    except CloudError:
        return ()
    found, silent = list[Replica](), False
    for name, endpoint in known.items():
        delay = None
        if endpoint and not silent:
            try:
                delay = world.engines.of(source.engine).delay(endpoint, request.user) or 0
            except DatabaseError as error:
                silent = error.code == "db.unreachable"
        found.append(Replica(name, delay))
    return tuple(found)


def find_restored(request: Request, source: SourceInstance, world: World) -> dict[str, Any]:
    """Read the snapshot or the backups that are asked for, and where the copy is to lie, as fields of the survey."""
    subnets_of = find_subnets(request, source, world)
    if not isinstance(request.point, Moment):
        return {"snapshot": world.sources.snapshot(request.point.id), "subnets_of": subnets_of}
    backups = find_backups(request, world)
    if backups and backups.of_cluster and source.cluster is None:
        what = f"the backups of {backups.instance} are a cluster's, and {source.id} is in none"
        hint = "--instance with a cluster of that engine, or --snapshot with a snapshot of theirs"
        raise Refused("--backups-of", what, hint, code="source.cluster")
    others = () if backups else holding(request, source, world)
    return {"backups": backups, "other_backups": others, "subnets_of": subnets_of}


def find_backups(request: Request, world: World) -> Backups | None:
    """Read the backups that were asked for; Refused where the name stands for several and the moment does not tell."""
    if request.other_backups is None:
        return None
    found = world.sources.backups(request.other_backups)
    fitting = [each for each in found if isinstance(request.point, Moment) and each.hold(request.point.utc)]
    chosen = fitting if len(found) > 1 else found
    if len(chosen) == 1:
        return chosen[0]
    which = "; ".join(f"{each.name}: {window(each)}" for each in found)
    what = f"{request.other_backups} has {len(found)} lives with backups, {len(fitting)} of which hold {request.point}"
    raise Refused("--backups-of", what, f"name one by its resource id: {which}", code="backups.several")


def holding(request: Request, source: SourceInstance, world: World) -> tuple[Backups, ...]:
    """Look for other backups of the moment where it lies before the instance's own; nothing else depends on it."""
    moment = request.point.utc if isinstance(request.point, Moment) else None
    if not request.restores or moment is None or (source.earliest and moment >= source.earliest):
        return ()
    try:
        found = world.sources.earlier_backups(source.cluster or source.id)
    except CloudError:
        return ()
    own = {source.resource_id, source.member_of.resource_id if source.member_of else ""}
    return tuple(each for each in found if each.resource_id not in own and each.hold(moment))


def refuse_dead(source: SourceInstance) -> None:
    """Refuse an instance that can't answer, before a login says no more than that nobody does."""
    for finding in status(source):
        if finding.severity is Severity.BLOCKS:
            raise Refused("survey", finding.message, finding.hint, code=finding.code)


@contextmanager
def with_status(source: SourceInstance) -> Iterator[None]:
    """Say of a server that does not answer what the cloud is doing with it."""
    try:
        yield
    except DatabaseError as error:
        if error.code != "db.unreachable" or source.status == "available":
            raise
        what = f"{error.what}; {source.id} is {source.status}"
        raise DatabaseError(error.where, what, "wait until it is available", code=error.code) from error


def tried(tools: ClientTools, production: Vetting, database: str | None, tables: Sequence[TableSurvey]) -> ClientTools:
    """Try the dump program on production: what stops it there would stop the run after the restore."""
    if tools.dump is None or database is None:
        return tools
    try:
        production.rehearse(database, [each.definition for each in tables if each.definition])
    except ToolError as error:
        return replace(tools, problem=Problem(error.code, error.what, error.hint))
    return tools


def find_caller(world: World) -> str | None:
    """Ask outside for this machine's address; None where that can't be found out, which is a finding of its own."""
    try:
        return world.account.caller()
    except CloudError:
        return None


def find_references(request: Request, source: SourceInstance, world: World) -> tuple[Reference, ...]:
    """Look up the groups and lists that are to be let in."""
    named = [name for name in request.allow if admission.as_network(name) is None]
    return tuple(world.firewall.references(named, source.vpc)) if named else ()


def find_free_storage(request: Request, source: SourceInstance, world: World) -> int | None:
    """Ask how much room production has, where a whole table may stand there once more."""
    whole = request.into or request.recreate or request.in_place is InPlace.SHADOW
    return world.metrics.free_storage(source.id) if request.restores and whole and not source.is_aurora else None


def find_subnets(request: Request, source: SourceInstance, world: World) -> str | None:
    """Look whose subnets were chosen for the copy; what can't be seen is no obstacle."""
    if not (request.restores and request.attributes.subnet_group):
        return None
    found = world.sources.subnets(replace(source, subnet_group=request.attributes.subnet_group))
    return None if found.unseen else found.vpc


def find_leftovers(world: World) -> tuple[tuple[Leftover, ...], str]:
    """Look for what earlier runs left; nothing depends on it, so that a look that fails is a finding of its own."""
    try:
        return tuple(world.restores.leftovers()), ""
    except CloudError as error:
        return (), str(error)


def cost(world: World, source: SourceInstance, instance_class: str) -> Decimal | None:
    """Look up the price; nothing depends on it."""
    try:
        return world.sources.hourly_cost(source, instance_class)
    except CloudError:
        return None
