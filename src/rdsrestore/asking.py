"""From the command line and the settings to a complete request; what is missing is asked where somebody can answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import tzlocal

from rdsrestore import moments
from rdsrestore.core.errors import UsageError
from rdsrestore.core.model import Merge, Moment, Request, Snapshot
from rdsrestore.core.step import World
from rdsrestore.front import Front
from rdsrestore.guide import missing


@dataclass(frozen=True)
class Asked:
    """What the command line says; None and empty where it says nothing."""

    tables: tuple[str, ...] = ()
    before: str | None = None
    snapshot: str | None = None
    instance: str | None = None
    database: str | None = None
    merge: Merge | None = None
    where: str | None = None
    into: str | None = None
    recreate: bool = False
    fire_triggers: bool = False
    caller: str | None = None
    instance_class: str | None = None
    wait: int | None = None
    reason: str = ""


def complete(asked: Asked, front: Front, world: World) -> Request:
    """Make the request; UsageError names the flag of what is missing or can't be read."""
    settings = front.settings
    if asked.before and asked.snapshot:
        raise UsageError("--snapshot", "goes without --before", "use one of them")
    if asked.into and len(asked.tables) > 1:
        raise UsageError("--into", "goes with one table", "run the command once for each table")
    early = point(asked, front) if asked.before or asked.snapshot else None
    instance = asked.instance or settings.instance or ask_instance(front, world)
    database = asked.database or settings.database or ask_database(front, world, instance)
    tables = asked.tables or ask_tables(front, world, instance, database)
    caller = asked.caller or settings.caller
    return Request(
        instance=instance,
        database=database,
        tables=tuple(dict.fromkeys(tables)),
        point=early or point(asked, front),
        operator=settings.operator,
        user=settings.user or world.cloud.source(instance).master_user,
        merge=asked.merge or settings.merge or Merge.MISSING,
        where=asked.where,
        into=asked.into,
        reason=asked.reason,
        caller=one_address(caller) if caller else None,
        instance_class=asked.instance_class or settings.instance_class,
        recreate=asked.recreate,
        fire_triggers=asked.fire_triggers,
        wait=asked.wait or settings.wait,
    )


def point(asked: Asked, front: Front) -> Moment | Snapshot:
    """Read the state asked for, and say it back in UTC and local time."""
    if asked.snapshot:
        return Snapshot(asked.snapshot)
    zone = tzlocal.get_localzone()
    if asked.before:
        moment = moments.parse(asked.before, now(), zone)
        front.screen.print(f"restore point: {moments.explain(moment, now(), zone)}", soft_wrap=True)
        return moment
    if front.guide is None:
        raise missing("--before", "the moment to restore")
    return front.guide.ask_moment(now, zone)


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def ask_instance(front: Front, world: World) -> str:
    """Let the operator choose among the account's instances."""
    return chosen(front, "--instance", "the RDS instance", world.cloud.instances)


def ask_database(front: Front, world: World, instance: str) -> str:
    """Let the operator choose among the instance's databases."""
    return chosen(front, "--database", "the database", lambda: on_production(front, world, instance, None))


def ask_tables(front: Front, world: World, instance: str, database: str) -> tuple[str, ...]:
    """Let the operator choose among the database's tables."""
    if front.guide is None:
        raise missing("TABLE", "the table to restore")
    return front.guide.choose_some("Which tables?", on_production(front, world, instance, database))


def chosen(front: Front, flag: str, what: str, choices: Callable[[], Sequence[str]]) -> str:
    """Ask for one of several; UsageError names the flag where nobody can be asked."""
    if front.guide is None:
        raise missing(flag, what)
    return front.guide.choose(f"Which is {what}?", choices())


def on_production(front: Front, world: World, instance: str, database: str | None) -> Sequence[str]:
    """Name the databases, or one database's tables."""
    source = world.cloud.source(instance)
    with world.databases.production(source.endpoint, front.settings.user or source.master_user) as production:
        return production.tables(database) if database else production.databases()


def one_address(text: str) -> str:
    """Read one address as a /32 or /128; UsageError for anything wider."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise UsageError("--my-ip", f"{text} is not an address", "give one address, like 203.0.113.7") from error
    if network.num_addresses != 1:
        raise UsageError("--my-ip", f"{text} is more than one address", "give one address, like 203.0.113.7")
    return str(network)
