"""Whether a change's rows can be had from the binlog that told of it, as far as was read; a trial proves it later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from rdsrestore.domain.errors import DatabaseError, Refused, ToolError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import Change, Logged, Timeline
from rdsrestore.domain.tables.definition import TAKES_CHILDREN, TableDefinition
from rdsrestore.mysql.binlog.history import logs_cascades
from rdsrestore.notify.text import about
from rdsrestore.ports.production import Production
from rdsrestore.steps.restore_instance import RestoreInstance
from rdsrestore.steps.rewind_binlog import RewindBinlog
from rdsrestore.workflow.preflight.quicker import ONE_MOMENT, ONE_TABLE, unlogged

OF_A_COPY = "what was read is a run's copy of it, and rows come from production's own"


@dataclass(frozen=True)
class RowsKnown:
    """What is known of each change's rows: why the binlog does not give them, empty where nothing is in the way.

    Of a change that is not among `against` nothing is known. `usual` are the seconds that steps take as a rule.
    """

    against: Mapping[Change, str] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)

    def there(self, change: Change) -> bool:
        """Whether the binlog has a change's rows, as far as is known."""
        return self.against.get(change) == ""

    def alone(self, change: Change) -> bool:
        """Whether its transaction can be taken back alone: that takes several tables, and knows how it left them."""
        why = self.against.get(change)
        return why is not None and (not why or why.startswith((ONE_MOMENT, ONE_TABLE)))

    def said(self, change: Change) -> str:
        """Say in a line where a change's rows come from, and why; empty where nothing is known."""
        if change not in self.against:
            return ""
        if why := self.against[change]:
            return f"the rows come from the backup: the binlog does not do, since {why}"
        quick, slow = (
            self.usual.get(step.name, step.usual.total_seconds()) for step in (RewindBinlog, RestoreInstance)
        )
        sooner = f", where a restore takes about {about(slow)}" if slow > quick else ""
        return (
            f"--rows-from auto: the binlog has these rows, and gives them back in about {about(quick)}{sooner};"
            " afterwards the backup is asked the same (--rows-from binlog does without it)"
        )


NOTHING_KNOWN = RowsKnown()


def look(
    found: Timeline,
    changes: Collection[Change],
    production: Production,
    check: Callable[[TableDefinition], object],
    usual: Mapping[str, float],
) -> RowsKnown:
    """Hold changes against what the binlog told, and their tables against what it can tell of.

    `check` raises Refused, DatabaseError or ToolError for a table that the binlog does not do for.
    """
    server = production.server()
    logs_all = logs_cascades(server.version)
    refs = {each.into or each.ref for each in changes}
    tables = {ref: production.definition(ref) for ref in sorted(refs, key=str)}
    fit = {ref: unlogged(server) or of_table(ref, there, check) for ref, there in tables.items()}

    def why(change: Change) -> str:
        ref = change.into or change.ref
        there = tables[ref]
        children = list(carried(change, there)) if there and not logs_all else []
        return next(iter([*in_log(found, change), *children]), "") or fit[ref]

    return RowsKnown({change: why(change) for change in changes}, usual)


def of_table(ref: TableRef, there: TableDefinition | None, check: Callable[[TableDefinition], object]) -> str:
    """Say what is in a table's way, without the binlog's content."""
    if there is None:
        return f"{ref} is not there"
    try:
        check(there)
    except (Refused, ToolError, DatabaseError) as error:
        return error.what
    return ""


def in_log(found: Timeline, change: Change) -> Iterator[str]:
    """Name what was read that is in the way of a change's rows."""
    together = found.together(change)
    ref = change.into or change.ref
    if len({each.into or each.ref for each in together}) > 1:
        yield f"{ONE_TABLE}, and this changed more"
    if any(each.updated for each in together):
        yield f"{ONE_MOMENT}, and changed rows are told by those of a second one"
    for each in [change, *found.changes]:
        if ref not in {each.ref, each.into} or each.at < change.before:
            continue
        if each.into:
            yield f"rows of {each.ref} were changed, which a foreign key's rule may have carried into {ref.table}"
        if each.logged is Logged.DEFINITION:
            yield f"a statement since ({each.act}) names {ref.table}, which may have been another table then"
        if each.prepared:
            yield "a distributed transaction (XA) was prepared since"
    if found.as_text and found.as_text[0] >= change.before:
        yield f"a statement since ({found.as_text[1]}) is logged as text, without its rows"


def carried(change: Change, there: TableDefinition) -> Iterator[str]:
    """Name children whose rows may have gone with a change's without a trace: the backup has both."""
    for key in there.referenced_by:
        if change.deleted and key.on_delete in TAKES_CHILDREN:
            yield f"rows of {key.child} may have gone with these, which it does not show"
