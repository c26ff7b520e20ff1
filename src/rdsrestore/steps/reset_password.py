"""Give the copy a password of our own: the one of the restored moment may have been changed since."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.facts import Fact
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.step import Impact, Run, Step

COPY = "copy"
LENGTH = 40


@written("OwnPassword")
@dataclass(frozen=True)
class OwnPassword(Step):
    """Set the master password of the temporary instances, never of the source."""

    name: ClassVar[str] = "own-password"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=60)

    instances: tuple[str, ...]

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the run's own instances, or the one that it uses."""
        del survey
        return cls((run.resource, run.after) if request.incident_end else (request.holder(run).resource,))

    def describe(self) -> str:
        """Name the instances."""
        return f"set a one-time password on {' and '.join(self.instances)}"

    def apply(self, run: Run) -> None:
        """Make the password, set it, and keep it in memory alone."""
        letters = string.ascii_letters + string.digits
        password = Secret("".join(secrets.choice(letters) for _ in range(LENGTH)))
        for instance in self.instances:
            run.world.restores.reset_password(instance, password, run.progress)
        run.secrets[COPY] = password

    def result(self, fact: Fact | None) -> str:
        """Say where it is kept."""
        del fact
        return "set; known to this run alone"
