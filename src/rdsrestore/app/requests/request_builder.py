"""From the command line and the settings to a complete request; what is missing is asked where somebody can answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from rdsrestore.app.context import Context
from rdsrestore.app.requests import rows_from, table_names
from rdsrestore.app.requests.binlog import transaction
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.local_zone import local_zone
from rdsrestore.domain.cloud.copy_attributes import CopyAttributes
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request import timespec
from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Policy
from rdsrestore.domain.request.option import filled
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment, RowsFrom, Snapshot
from rdsrestore.mysql.schema.where_filter import unqualified
from rdsrestore.notify.console.prompts import missing
from rdsrestore.notify.text import clean
from rdsrestore.workflow.step import World
from rdsrestore.workflow.surveyor import refuse_dead

LONGEST_NAME = 64
"""Characters of a table's name (MySQL 8.4 manual, "Identifier Length Limits")."""


def complete(asked: CommandLine, context: Context, world: World, *, at: Moment | None = None) -> Request:
    """Make the request, of the moment `at` where one is given; UsageError names the flag of what is amiss."""
    settings = context.settings
    asked = asked.named()
    refuse_contradictions(asked)
    asked = asked.over(settings.given)
    told = (asked.before or asked.snapshot) and not asked.transaction
    early = at or (point(asked, context) if told else None)
    named = asked.instance or ask_instance(context, world)
    instance = primary(named, context, world)
    database = asked.database or ask_database(context, world, instance)
    tables = tables_of(asked, context, world, instance, database)
    logged = transaction.found(asked, context, world, (instance, database), tables)
    chosen_point = transaction.moment(logged) if logged else early or point(asked, context)
    if asked.where and len(tables) == 1:
        asked = replace(asked, where=unqualified(asked.where, database, tables[0]))
    plain = filled(Request, settings.given, asked.plain, {"rows_from": RowsFrom.BINLOG} if logged else {})
    plain["attributes"] = replace(plain.get("attributes", CopyAttributes()), tags=settings.tags)
    made = Request(
        instance=instance,
        database=database,
        tables=tuple(dict.fromkeys(tables)),
        point=chosen_point,
        operator=settings.operator,
        user=settings.user or world.engines.user() or world.sources.source(instance).master_user,
        policy=policy(asked),
        incident_end=incident_end(asked, context, chosen_point),
        transaction=logged,
        into=shadow(tables[0]) if asked.swap else asked.into,
        swap=asked.swap,
        keep=keep(asked),
        keep_always=asked.keep is not None,
        replica=named if named != instance else None,
        invariants=settings.invariants,
        via=settings.via,
        **plain | {"caller": one_address(plain["caller"]) if plain.get("caller") else None},
    )
    rows_from.check(made)
    return made


def primary(named: str, context: Context, world: World) -> str:
    """Take the primary of a read replica: it has the backups, and takes writes. One of another region stays refused.

    Of a cluster it is the writer, whether a reader or the cluster itself is named.
    """
    source = world.sources.source(named)
    if source.member_of and source.member_of.writer and named != source.member_of.writer:
        writer = source.member_of.writer
        context.screen.print(f"rows go to {writer}, which is the writer of cluster {source.cluster}", soft_wrap=True)
        return writer
    if source.replica_of is None or source.replica_of.startswith("arn:"):
        return named
    what = f"{named} is a read replica of {source.replica_of}: rows and backups are those of {source.replica_of}"
    context.screen.print(what, soft_wrap=True)
    return primary(source.replica_of, context, world)


def tables_of(asked: CommandLine, context: Context, world: World, instance: str, database: str) -> tuple[str, ...]:
    """Take the tables that were named, look up those of a pattern and say which they are, or ask."""
    if not asked.tables:
        return ask_tables(context, world, instance, database)
    tables = table_names.matching(asked.tables, lambda: on_production(context, world, instance, database))
    if tables != asked.tables:
        context.screen.print(f"{len(tables):,} tables of {database}: {', '.join(tables)}", soft_wrap=True)
        if (asked.into or asked.swap) and len(tables) > 1:
            raise UsageError("--into, --swap", "go with one table", "run the command once for each table")
    return tables


def keep(asked: CommandLine) -> int:
    """Read for how many seconds the instance is kept; 0 where it is not."""
    if asked.keep:
        return timespec.lasting(asked.keep, "--keep")
    return timespec.lasting(asked.keep_on_failure, "--keep-on-failure") if asked.keep_on_failure else 0


def refuse_contradictions(asked: CommandLine) -> None:
    """Refuse flags that exclude each other."""
    transaction.refuse_contradictions(asked)
    if asked.before and asked.snapshot:
        raise UsageError("--snapshot", "goes without --before", "use one of them")
    if (asked.into or asked.swap) and len(asked.tables) > 1:
        raise UsageError("--into, --swap", "go with one table", "run the command once for each table")
    lag = asked.plain.get("max_lag")
    if lag is not None and not isfinite(lag):
        raise UsageError("--max-lag", f"{lag} is no number of seconds", "leave it out for no limit")
    if asked.into is not None and (not 0 < len(asked.into) <= LONGEST_NAME or asked.into != asked.into.strip()):
        what = (
            f"{asked.into[:20]!r}… is no table's name"
            if len(asked.into) > LONGEST_NAME
            else f"{asked.into!r} is no table's name"
        )
        raise UsageError("--into", what, f"give up to {LONGEST_NAME} characters, without blanks around them")
    if asked.snapshot and asked.plain.get("backups_of"):
        raise UsageError("--backups-of", "goes without --snapshot", "a snapshot is of one instance: leave it out")
    refuse_two_paces(asked.plain)
    if asked.keep and asked.keep_on_failure:
        raise UsageError("--keep", "goes without --keep-on-failure", "use one of them")
    if asked.into and asked.swap:
        raise UsageError("--swap", "goes without --into", "use one of them")


def refuse_two_paces(plain: Mapping[str, Any]) -> None:
    """Refuse to be asked for both paces."""
    if plain.get("fast") and plain.get("gentle"):
        raise UsageError("--fast", "goes without --gentle", "use one of them, or none to go by what others do")


def point(asked: CommandLine, context: Context) -> Moment | Snapshot:
    """Read the state asked for, and say it back in UTC and local time."""
    if asked.snapshot:
        return Snapshot(asked.snapshot)
    zone = local_zone()
    if asked.before:
        moment = timespec.parse(asked.before, now(), zone)
        context.screen.say(clean(f"restore point: {timespec.explain(moment, now(), zone)}"), 2)
        return moment
    if context.prompts is None:
        raise missing("--before", "the moment to restore")
    return context.prompts.ask_moment(now, zone)


def policy(asked: CommandLine) -> Policy:
    """Put the rules together; UsageError where they contradict each other.

    With a second moment, or for single columns, the rows that the incident changed are wanted too.
    """
    three_way = asked.incident_end is not None or asked.transaction is not None
    columns = tuple(dict.fromkeys(name for given in asked.columns for name in given.split(",") if name))
    merge = asked.merge or (Merge.OVERWRITE if three_way or columns else Merge.MISSING)
    if columns and merge not in {Merge.OVERWRITE, Merge.EXACT}:
        raise UsageError(
            "--columns", f"narrows changed rows, which --merge {merge} leaves alone", "add --merge overwrite"
        )
    if asked.on_conflict is OnConflict.RESTORE and not three_way:
        raise UsageError(
            "--on-conflict",
            "restore needs to know what the incident left",
            "add --incident-end, or use --merge overwrite",
        )
    return Policy(merge, asked.on_conflict, columns, asked.where, keys_file(asked.keys_from), three_way)


def shadow(table: str) -> str:
    """Name the table that is filled before it takes another one's place."""
    ending = f"_then_{now():%y%m%d_%H%M%S}"
    return table[: LONGEST_NAME - len(ending)] + ending


def keys_file(path: Path | None) -> str | None:
    """Check that a file of keys can be read."""
    if path is None:
        return None
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError("--keys-from", f"{path} can't be read: {error.strerror}", "give a file of keys") from error
    return str(path.absolute())


def incident_end(asked: CommandLine, context: Context, early: Moment | Snapshot) -> Moment | None:
    """Read the moment after the incident; UsageError where it is not after the one to restore."""
    if asked.incident_end is None:
        return None
    zone = local_zone()
    moment = timespec.parse(asked.incident_end, now(), zone, "--incident-end")
    context.screen.say(clean(f"incident's end: {timespec.explain(moment, now(), zone)}"), 2)
    if isinstance(early, Moment) and moment.utc <= early.utc:
        raise UsageError("--incident-end", f"{moment} is not after --before {early}", "give the later moment here")
    return moment


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def ask_instance(context: Context, world: World) -> str:
    """Let the operator choose among the account's instances."""
    return chosen(context, "--instance", "the RDS instance", world.sources.instances)


def ask_database(context: Context, world: World, instance: str) -> str:
    """Let the operator choose among the instance's databases."""
    return chosen(context, "--database", "the database", lambda: on_production(context, world, instance, None))


def ask_tables(context: Context, world: World, instance: str, database: str) -> tuple[str, ...]:
    """Let the operator choose among the database's tables."""
    if context.prompts is None:
        raise missing("TABLE", "the table to restore")
    return context.prompts.choose_some("Which tables?", on_production(context, world, instance, database))


def chosen(context: Context, flag: str, what: str, choices: Callable[[], Sequence[str]]) -> str:
    """Ask for one of several; UsageError names the flag where nobody can be asked."""
    if context.prompts is None:
        raise missing(flag, what)
    return context.prompts.choose(f"Which is {what}?", choices())


def on_production(context: Context, world: World, instance: str, database: str | None) -> Sequence[str]:
    """Name the databases, or one database's tables."""
    source = world.sources.source(instance)
    refuse_dead(source)
    user = context.settings.user or world.engines.user() or source.master_user
    with world.engines.of(source.engine).production(source.endpoint, user) as production:
        return production.tables(database) if database else production.databases()


def one_address(text: str) -> str:
    """Read one address as a /32 or /128; UsageError for anything wider, and for one that no machine has elsewhere."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise UsageError("--my-ip", f"{text} is not an address", "give one address, like 203.0.113.7") from error
    if "%" in text or network.is_unspecified or network.is_multicast:
        raise UsageError("--my-ip", f"{text} is no machine's address", "give one address, like 203.0.113.7")
    if network.num_addresses != 1:
        raise UsageError("--my-ip", f"{text} is more than one address", "give one address, like 203.0.113.7")
    return str(network)
