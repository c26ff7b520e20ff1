"""Load the dumps into the scratch schema and prove that every row arrived as it was on the copy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.facts import Dumped, Fact, Staged, TempInstance
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.in_place import InPlace
from rdsrestore.domain.tables.target import Role, Target
from rdsrestore.ports.production import TargetTables
from rdsrestore.steps.dump import Dump
from rdsrestore.steps.locate import differing_tables
from rdsrestore.steps.on_scratch import OnScratch
from rdsrestore.steps.open_rule import OpenRule
from rdsrestore.steps.sessions import production, target_of
from rdsrestore.workflow.step import Impact, Run


@written("Stage")
@dataclass(frozen=True)
class Stage(OnScratch):
    """Fill the scratch schema; live tables are not touched."""

    name: ClassVar[str] = "stage"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(minutes=2)

    def describe(self) -> str:
        """Name the schema."""
        return f"load the dump into {self.schema} and compare it with the copy's checksum"

    def apply(self, run: Run) -> Fact:
        """Load and check each dump; what changed on the disk since is dumped again, as long as the copy is there."""
        try:
            return self.staged(run)
        except ToolError as error:
            if error.code != "dump.changed" or not run.request.restores or run.facts.find(TempInstance) is None:
                raise
            run.progress(f"{error.what}; dumping again", None)
        dump_again(run)
        return self.staged(run)

    def staged(self, run: Run) -> Staged:
        """Load and check each dump."""
        policy = run.request.policy
        dumped = run.facts.get(Dumped)
        roles = {each.ref: each.role for each in run.survey.relatives}
        afters = dict(zip((dump.definition.ref for dump in dumped.dumps), dumped.afters, strict=False))
        located = differing_tables(run)
        targets = tuple(
            Target(
                dump,
                target_of(run, ref),
                policy,
                after=afters.get(ref),
                role=roles.get(ref, Role.ASKED),
                located=located.get(ref),
            )
            for ref, dump in ((dump.definition.ref, dump) for dump in dumped.dumps)
        )
        with production(run) as database:
            if not run.survey.relatives:
                alone = {target.dump.definition.ref for target in targets} - parents(targets)
                targets = tuple(
                    replace(each, direct=each.dump.definition.ref in alone and database.takes_directly(each))
                    for each in targets
                )
            targets = tuple(by_way_of(run, database, each) for each in targets)
            for target in targets:
                database.stage(self.schema, target, run.folder, run.progress)
        return Staged(targets)

    def result(self, fact: Fact | None) -> str:
        """Say what was proved."""
        if isinstance(fact, Staged) and all(target.direct for target in fact.targets):
            return "not needed: production has none of these rows, and takes the dump as it is"
        return "staged; row counts and checksums equal the copy's"


def by_way_of(run: Run, database: TargetTables, target: Target) -> Target:
    """Choose whether rows come by way of a table that takes the live one's place, where that is asked for."""
    if run.request.in_place is InPlace.ROWS or run.request.into:
        return target
    why = "it has rows of the backup's, or does not take them as they are" if not target.direct else ""
    why = why or ("the load is to hold back" if not run.request.limits.none else "")
    why = why or run.survey.short_of(target.dump.definition)
    why = why or database.against_shadow(target.ref)
    return replace(target, shadow=not why, why_not=why)


def dump_again(run: Run) -> None:
    """Dump once more; the copy lets us in for as long as that takes, and the teardown revokes it as well."""
    rule = OpenRule.decide(run.request, run.survey, run.id)
    rule.apply(run)
    try:
        run.facts.put(Dump.decide(run.request, run.survey, run.id).apply(run))
    finally:
        rule.undo(run)


def parents(targets: tuple[Target, ...]) -> set[TableRef]:
    """Name the tables that rows of others in the run point to: these are looked for while theirs are compared."""
    return {key.parent for target in targets for key in target.dump.definition.references}
