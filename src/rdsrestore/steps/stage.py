"""Load the dumps into the scratch schema and prove that every row arrived as it was on the copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from rdsrestore.core.changes import Role, Target
from rdsrestore.core.facts import Differing, Dumped, Fact, Staged
from rdsrestore.core.step import Impact, Run
from rdsrestore.steps.on_scratch import OnScratch
from rdsrestore.steps.sessions import landing, production


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
        """Load and check each dump."""
        policy = run.request.policy
        dumped = run.facts.get(Dumped)
        roles = {each.ref: each.role for each in run.survey.relatives}
        afters = dict(zip((dump.definition.ref for dump in dumped.dumps), dumped.afters, strict=False))
        located = {each.ref: each for each in found.tables} if (found := run.facts.find(Differing)) else {}
        targets = tuple(
            Target(
                dump,
                landing(run, ref),
                policy,
                after=afters.get(ref),
                role=roles.get(ref, Role.ASKED),
                located=located.get(ref),
            )
            for ref, dump in ((dump.definition.ref, dump) for dump in dumped.dumps)
        )
        with production(run) as database:
            for target in targets:
                database.stage(self.schema, target, run.folder, run.progress)
        return Staged(targets)

    def result(self, fact: Fact | None) -> str:
        """Say what was proved."""
        del fact
        return "staged; row counts and checksums equal the copy's"
