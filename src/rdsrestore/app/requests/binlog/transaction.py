"""One transaction that is taken back: what goes with it, where it stands in the binlog, and what was done since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from rdsrestore.app.context import Context
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.local_zone import local_zone
from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request import timespec
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment, RowsFrom
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.transaction import LoggedTransaction, TransactionName
from rdsrestore.workflow.step import World
from rdsrestore.workflow.surveyor import refuse_dead

WHERE = "--transaction"


def refuse_contradictions(asked: CommandLine) -> None:
    """Refuse what does not go with a transaction, and a name that is none; UsageError names the flag."""
    if asked.transaction is None:
        return
    TransactionName.read(asked.transaction)
    for flag in apart(asked):
        what = f"goes without {flag}: the transaction's rows stand in production's binlog"
        raise UsageError(WHERE, what, f"leave out {flag}, or name a moment with --before instead of the transaction")


def apart(asked: CommandLine) -> Iterator[str]:
    """Name what says otherwise where the rows come from, or which they are."""
    source = asked.plain.get("rows_from")
    if source not in {None, RowsFrom.BINLOG}:
        yield f"--rows-from {source}"
    if asked.snapshot:
        yield "--snapshot"
    if asked.incident_end:
        yield "--incident-end"


def found(
    asked: CommandLine, context: Context, world: World, place: tuple[str, str], tables: tuple[str, ...]
) -> LoggedTransaction | None:
    """Look for the transaction in the binlog of an instance (`place`, with the database); None where none is named.

    Refused with code `transaction.unknown` where it is not there, `transaction.table` where it changed no row of a
    table.
    """
    if asked.transaction is None:
        return None
    instance, database = place
    name, now = TransactionName.read(asked.transaction), datetime.now(UTC)
    since = timespec.parse(asked.before, now, local_zone()).utc if asked.before else None
    source = world.sources.source(instance)
    refuse_dead(source)
    user = context.settings.user or world.engines.user() or source.master_user
    databases = world.engines.of(source.engine)
    logged = databases.transaction(source.endpoint, user, name, since, lambda text, _share: say(context, text))
    if since and logged.at < since:
        raise Refused(WHERE, f"{logged} began before --before", "leave out --before", code="transaction.unknown")
    for ref in (TableRef(database, table) for table in tables):
        refuse_untouched(logged, ref)
    return logged


def say(context: Context, text: str) -> None:
    """Say how far it is, beside what programs read."""
    context.errors.print(text, soft_wrap=True)


def refuse_untouched(logged: LoggedTransaction, ref: TableRef) -> None:
    """Refuse a table of which a transaction changed no row."""
    if logged.of(ref) in logged.tables:
        return
    begun = f"--before {logged.at:%Y-%m-%dT%H:%M:%SZ}"
    if not logged.tables:
        what = f"{logged} stands in the binlog as a statement, without rows"
        raise Refused(WHERE, what, f"the backup has what was there before it: {begun}", code="transaction.table")
    what = f"{logged} changed no row of {ref}"
    touched = "; ".join(map(str, logged.tables))
    raise Refused(WHERE, what, f"name a table that it changed ({touched})", code="transaction.table")


def moment(logged: LoggedTransaction) -> Moment:
    """The second that a transaction began in."""
    return Moment(logged.at.replace(microsecond=0), str(logged))


def with_later_changes(read: Survey, request: Request, world: World, context: Context) -> Survey:
    """Read which later transactions changed the same rows; raises what says that the binlog does not do."""
    definitions = [each.definition for each in read.tables if each.definition]
    if request.transaction is None or len(definitions) < len(request.refs):
        return read
    databases = world.engines.of(read.source.engine)
    later = databases.later_changes(
        read.source.endpoint, request.user, definitions, request.transaction, lambda text, _share: say(context, text)
    )
    return replace(read, later=later)
