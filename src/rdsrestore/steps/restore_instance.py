"""Restore the backup to a temporary copy, an instance or a cluster, and wait until it is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Self

from rdsrestore.domain.cloud.instance import RestoreSpec
from rdsrestore.domain.cloud.instance_class import class_of_restored
from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import CleanupIncomplete
from rdsrestore.domain.facts import Fact, OwnGroupMade, TempInstance
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.own_security_group import GRACE
from rdsrestore.workflow.step import Impact, Run, Step


@written("RestoreInstance")
@dataclass(frozen=True)
class RestoreInstance(Step):
    """Start the temporary copy; every attribute is given, nothing is left to the service's defaults."""

    name: ClassVar[str] = "restore-instance"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(minutes=20)
    keeps: ClassVar[bool] = True

    spec: RestoreSpec
    wait: int

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Fix the copy's name, size, network and expiry; its group is known when that is made."""
        return cls(first_spec(request, survey, run), request.wait)

    def describe(self) -> str:
        """Name the source, the state and the copy."""
        state = f"{self.spec.moment:%Y-%m-%dT%H:%M:%SZ}" if self.spec.moment else f"snapshot {self.spec.snapshot}"
        default = f", with the default groups of {self.spec.family}" if self.spec.family else ""
        beside = f", in production's own groups {', '.join(self.spec.beside)} too" if self.spec.beside else ""
        what = (
            f"restore {self.spec.origin} as of {state} to {'cluster ' if self.spec.as_cluster else ''}{self.spec.name}"
        )
        if self.spec.comes_empty:
            return f"{what}{default}{beside}"
        return f"{what} ({self.spec.instance_class}{default}{beside})"

    def apply(self, run: Run) -> Fact:
        """Restore and wait."""
        spec = replace(self.spec, group=run.facts.get(OwnGroupMade).id)
        resource_id = run.world.restores.restore(spec, run.id.value)
        endpoint = run.world.restores.await_available(spec.name, self.wait, run.progress)
        return TempInstance(spec.name, resource_id, endpoint)

    def undo(self, run: Run) -> None:
        """Delete the copy, without a snapshot and without backups."""
        restores = run.world.restores
        delete = restores.delete_cluster if self.spec.as_cluster else restores.delete_instance
        delete(self.spec.name, run.progress)

    def keep(self, run: Run, until: datetime) -> str:
        """Name it, with what an hour costs."""
        del until
        open_to = ", open to whoever production's own groups let in" if self.spec.beside else ""
        return f"{self.spec.kind} {self.spec.name}" + ("" if self.spec.comes_empty else priced(run)) + open_to

    def prove_gone(self, run: Run) -> str:
        """Look for it by its tags."""
        found = [
            each
            for each in run.world.restores.leftovers(run.id.value)
            if each.kind == self.spec.kind and each.id == self.spec.name
        ]
        if found:
            raise CleanupIncomplete(self.spec.name, f"{self.spec.kind} is still {found[0].status}")
        return f"{self.spec.kind} {self.spec.name} is gone"

    def undo_text(self) -> str:
        """Name what goes."""
        return f"delete {self.spec.kind} {self.spec.name}"

    def result(self, fact: Fact | None) -> str:
        """Say where it answers."""
        if self.spec.comes_empty:
            return "available, without an instance yet"
        return f"available at {fact.endpoint}" if isinstance(fact, TempInstance) else "available"


def priced(run: Run) -> str:
    """Say what an hour of the copy costs, where it is known."""
    hourly = run.survey.hourly_cost
    return f" ({hourly.normalize():f} USD an hour)" if hourly else ""


def first_spec(request: Request, survey: Survey, run: RunId) -> RestoreSpec:
    """Describe the copy of the state that comes back."""
    point = request.point
    return RestoreSpec(
        name=run.resource,
        source=survey.source,
        group="",
        expires=survey.at + timedelta(seconds=request.wait) + GRACE,
        instance_class=class_of_restored(request, survey.source),
        moment=point.utc if isinstance(point, Moment) else None,
        snapshot=None if isinstance(point, Moment) else survey.snapshot.id if survey.snapshot else point.id,
        version=survey.copied.version,
        of_cluster=survey.snapshot is not None and survey.snapshot.of_cluster,
        backups=survey.backups,
        attributes=request.attributes,
        beside=survey.shared(request),
        as_cluster=survey.clustered,
    )
