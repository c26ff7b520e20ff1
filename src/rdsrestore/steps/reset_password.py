"""The copy has the master password of the restored moment: production's own, unless it was changed since."""

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
"""The password that copies are logged in to with."""
OWN = "own"
"""There as long as that is production's own, which no copy has refused yet."""
LENGTH = 40


@written("OwnPassword")
@dataclass(frozen=True)
class OwnPassword(Step):
    """Know a master password of the temporary instances: production's own, or a new one, which is set there.

    Nothing is set while production's own may do. The login to a copy that follows finds out, and sets one where it is
    refused (`renew`): that saves the minute that RDS needs for it.
    """

    name: ClassVar[str] = "own-password"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=30)

    instances: tuple[str, ...]

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the run's own instances, or the one that it uses."""
        del survey
        return cls(copies(request, run))

    def describe(self) -> str:
        """Name the instances."""
        instances = " and ".join(self.instances)
        return f"take production's password for {instances}; should it have been another then, a one-time one is set"

    def apply(self, run: Run) -> None:
        """Take production's own where its login is the copy's master user; else set one."""
        own = None
        if run.request.user == run.survey.copied.master_user:
            own = run.world.engines.password()
        if own is None:
            renew(run)
        else:
            run.secrets[COPY] = run.secrets[OWN] = own

    def result(self, fact: Fact | None) -> str:
        """Say where it is kept."""
        del fact
        return "the password is kept in memory alone"


def copies(request: Request, run: RunId) -> tuple[str, ...]:
    """Name the run's own instances, or the one that it uses."""
    return (run.resource, run.after) if request.incident_end else (request.holder(run).resource,)


def renew(run: Run) -> None:
    """Make a password, set it on each copy, and keep it in memory alone."""
    letters = string.ascii_letters + string.digits
    password = Secret("".join(secrets.choice(letters) for _ in range(LENGTH)))
    for instance in copies(run.request, run.id):
        run.world.restores.reset_password(instance, password, run.progress)
    run.secrets[COPY] = password
    run.secrets.pop(OWN, None)
