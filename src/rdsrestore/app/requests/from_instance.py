"""Restore other tables, or other rows, from the instance that an earlier run has kept: no half hour is waited again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from rdsrestore.app.context import Context
from rdsrestore.app.requests import table_names
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.from_run import SETTLED, settled
from rdsrestore.app.requests.request_builder import complete
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.facts import Dumped
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.steps import take_dumps
from rdsrestore.steps.recipe import STEPS
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.replay import replay
from rdsrestore.workflow.step import World

FIXED = (
    "before",
    "snapshot",
    "incident_end",
    "instance",
    "keep",
    "keep_on_failure",
    "instance_class",
    "backups_of",
    "same_groups",
    "rows_from",
    "transaction",
)
"""What the kept instance leaves no choice about."""


@dataclass(frozen=True)
class KeptInstance:
    """A run that has kept its instance, and what it was asked for."""

    stored: StoredRun
    made_for: Request

    def request(self, asked: CommandLine, context: Context, world: World) -> Request:
        """Make the request of the same moment; UsageError names a flag that the instance can't follow."""
        for flag in self.fixed(asked):
            raise UsageError(
                flag, f"is settled by the instance of run {self.stored.id}", "leave it out, or leave out --from"
            )
        named, point = asked.named(), self.made_for.point
        moment = f"{point.utc:%Y-%m-%dT%H:%M:%SZ}" if isinstance(point, Moment) else None
        meant = replace(
            named,
            tables=tuple(table_names.written(table) for table in named.tables),
            taken_from=None,
            instance=self.made_for.instance,
            database=named.database or self.made_for.database,
            before=moment,
            snapshot=None if isinstance(point, Moment) else point.id,
        )
        made = complete(meant, context, world)
        return replace(
            made,
            point=point,
            instance_of=self.stored.id.value,
            backups_of=self.made_for.backups_of,
            same_groups=self.made_for.same_groups,
        )

    def fixed(self, asked: CommandLine) -> Iterator[str]:
        """Name the flags given that would need another instance."""
        values = {**vars(asked), **asked.plain}
        return (SETTLED[name].option.flag for name in FIXED if SETTLED[name].chosen(values.get(name)))


def kept_instance(asked: CommandLine, context: Context) -> KeptInstance | None:
    """Find the kept instance, where the run's dumps alone would not do; None where they would, or none is kept."""
    if not asked.taken_from:
        return None
    stored = context.runs.find(asked.taken_from)
    ending = stored.ending()
    if ending is None or ending.kept_until is None or not stored.cut_off():
        return None
    replayed = replay(stored.whole(), STEPS)
    dumped = replayed.facts.find(Dumped)
    enough = dumped is not None and take_dumps.sound(dumped, stored.folder)
    if enough and set(asked.named().tables) <= set(replayed.request.tables) and not [*settled(asked)]:
        return None
    return KeptInstance(stored, replayed.request)


def held(request: Request, context: Context) -> AbstractContextManager[None]:
    """Keep whoever would remove the kept instance waiting while it is used."""
    return context.runs.find(request.instance_of).locked() if request.instance_of else nullcontext()
