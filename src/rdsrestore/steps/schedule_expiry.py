"""A dead man's switch in the cloud: it deletes the temporary copies when the time is up, whoever is still there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Self

from rdsrestore.domain.cloud.instance import ExpirySpec
from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import CleanupIncomplete
from rdsrestore.domain.facts import ExpiryScheduled, Fact
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.restore_instance import first_spec
from rdsrestore.steps.restore_second_instance import after_spec
from rdsrestore.workflow.step import Impact, Run, Step


@written("ArmSwitch")
@dataclass(frozen=True)
class ScheduleExpiry(Step):
    """Set it before anything is made; it is put off while the run lives, and removed last."""

    name: ClassVar[str] = "arm-switch"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=2)
    keeps: ClassVar[bool] = True

    switch: ExpirySpec

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where a role for it is set."""
        if request.switch_role is None:
            return None
        copies = [first_spec(request, survey, run), after_spec(request, survey, run)]
        made = [each for each in copies if each is not None]
        return cls(
            ExpirySpec(
                tuple(each.name for each in made if not each.as_cluster or each.comes_empty),
                request.switch_role,
                survey.at + timedelta(seconds=request.expires),
                tuple(each.name for each in made if each.as_cluster),
            )
        )

    def describe(self) -> str:
        """Say when it would go off."""
        at = f"{self.switch.at:%Y-%m-%d %H:%M:%S} UTC"
        return f"let a schedule delete {self.switch} at {at}, whatever becomes of this machine"

    def apply(self, run: Run) -> Fact:
        """Arm it."""
        run.world.schedules.arm(self.switch)
        return ExpiryScheduled(self.switch.instances, self.switch.at)

    def undo(self, run: Run) -> None:
        """Remove it, unless what it watches over is still there."""
        left = [each.id for each in run.world.restores.leftovers(run.id.value) if each.is_copy]
        if left:
            raise CleanupIncomplete("switch", f"{', '.join(left)} is still there, so the switch stays armed")
        run.world.schedules.disarm(self.switch.schedules)

    def keep(self, run: Run, until: datetime) -> str:
        """Put it off until the kept instance's time is up."""
        run.world.schedules.arm(replace(self.switch, at=until))
        return ""

    def prove_gone(self, run: Run) -> str:
        """Look for the schedules."""
        found = run.world.schedules.armed(self.switch.schedules)
        if found:
            raise CleanupIncomplete("switch", f"schedule {', '.join(found)} is still there")
        return f"the schedule that would have deleted {self.switch} is gone"

    def undo_text(self) -> str:
        """Name what goes."""
        return f"remove the schedule that would delete {self.switch}"

    def result(self, fact: Fact | None) -> str:
        """Say when it would go off."""
        return f"armed for {fact.at:%H:%M:%S} UTC" if isinstance(fact, ExpiryScheduled) else "armed"
