"""Restore from the dumps of an earlier run: which rows they hold is settled, how they are written is asked anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from rdsrestore.app.context import Context
from rdsrestore.app.requests import table_names
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.request_builder import refuse_contradictions, shadow
from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.facts import Differing, Dumped, EarlierDumps
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.merge_verdict import REACH
from rdsrestore.domain.request.option import declared, filled
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.domain.survey import Survey
from rdsrestore.steps import take_dumps
from rdsrestore.steps.recipe import STEPS
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.replay import ReplayedRun, replay

KEYS = "given-keys.txt"
"""A run's own copy of the keys that it was given."""
SETTLED = {each.name: each for kind in (CommandLine, Request) for each in declared(kind) if each.option.settled}


@dataclass(frozen=True)
class EarlierRun:
    """A run whose dumps are sound, to the last byte."""

    stored: StoredRun
    replayed: ReplayedRun
    dumps: EarlierDumps

    @classmethod
    def of(cls, stored: StoredRun) -> EarlierRun:
        """Read what a run dumped; Refused with code `from.no-dump` where it has nothing that is sound."""
        replayed = replay(stored.whole(), STEPS)
        if replayed.request.rows_from is not RowsFrom.BACKUP:
            what = f"run {stored.id} has the touched rows alone, and which those are may be otherwise by now"
            raise Refused("--from", what, "run its command again, it takes seconds", code="from.binlog")
        dumped = replayed.facts.find(Dumped)
        if dumped is None or not take_dumps.sound(dumped, stored.folder):
            what = "dumped nothing" if dumped is None else "has its dumps no more: a run that ends well removes them"
            hint = "run the command with --before; --keep-dump keeps the dumps of a run that ends well"
            raise Refused("--from", f"run {stored.id} {what}", hint, code="from.no-dump")
        return cls(stored, replayed, EarlierDumps(str(stored.folder), dumped, replayed.facts.find(Differing)))

    def request(self, asked: CommandLine, context: Context) -> Request:
        """Make the request out of the earlier one; UsageError names a flag that its dumps can't follow."""
        refuse_contradictions(asked)
        for flag in settled(asked):
            raise UsageError(
                flag, f"is settled by run {self.stored.id}", "leave it out, or run the command without --from"
            )
        tables = self.tables(asked.named().tables)
        return replace(
            self.replayed.request,
            tables=tables,
            operator=context.settings.operator,
            policy=self.policy(asked.merge),
            taken_from=self.stored.id.value,
            into=shadow(tables[0]) if asked.swap else asked.into,
            swap=asked.swap,
            **filled(Request, {name: value for name, value in asked.plain.items() if name not in SETTLED}),
        )

    def tables(self, asked: Sequence[str]) -> tuple[str, ...]:
        """Choose among the run's tables; all where none is named."""
        known = self.replayed.request.tables
        asked = table_names.matching(asked, lambda: known)
        if strange := [table for table in asked if table not in known]:
            raise UsageError(
                "TABLE",
                f"run {self.stored.id} was not asked for {', '.join(strange)}",
                "name one of its tables, or none; other tables take the command with --before",
            )
        chosen = tuple(dict.fromkeys(asked)) or known
        if set(chosen) != set(known) and self.replayed.survey.relatives:
            raise UsageError("TABLE", f"the tables of run {self.stored.id} go together", "name none, for all of them")
        return chosen

    def policy(self, merge: Merge | None) -> Policy:
        """Take the run's own rules, with another merge where its dumps hold the rows that this one needs."""
        then = self.replayed.request.policy
        keys = self.stored.folder / KEYS
        own = replace(then, keys=str(keys)) if then.keys and keys.exists() else then
        compared_all = "load" not in self.replayed.recipe and not (then.where or then.three_way)
        if merge and not compared_all and not REACH[merge] <= REACH[then.merge]:
            raise UsageError(
                "--merge",
                f"run {self.stored.id} dumped what --merge {then.merge} needs, and no more",
                "leave out --merge, or run the command without --from",
            )
        return replace(own, merge=merge or then.merge)

    def of_tables(self, request: Request, read: Survey) -> EarlierDumps:
        """Take the dumps that are wanted; Refused where other tables would come along today."""
        if {each.ref for each in read.relatives} != {each.ref for each in self.replayed.survey.relatives}:
            raise Refused(
                "--from",
                "other tables belong to these now than did then",
                "run the command without --from",
                code="from.tables",
            )
        wanted = {*request.refs, *(each.ref for each in read.relatives)}
        return replace(self.dumps, dumped=of(self.dumps.dumped, wanted), differing=differing(self.dumps, wanted))


def of(dumped: Dumped, wanted: Collection[TableRef]) -> Dumped:
    """Leave out the dumps of other tables."""
    places = [place for place, dump in enumerate(dumped.dumps) if dump.definition.ref in wanted]
    afters = tuple(dumped.afters[place] for place in places) if dumped.afters else ()
    return replace(dumped, dumps=tuple(dumped.dumps[place] for place in places), afters=afters)


def differing(dumps: EarlierDumps, wanted: Collection[TableRef]) -> Differing | None:
    """Leave out where other tables differ."""
    found = dumps.differing
    return replace(found, tables=tuple(each for each in found.tables if each.ref in wanted)) if found else None


def settled(asked: CommandLine) -> Iterator[str]:
    """Name the flags given that say which rows, or how the copy is made: neither can be changed any more."""
    values = {**vars(asked), **asked.plain}
    return (each.option.flag for name, each in SETTLED.items() if each.chosen(values.get(name)))
