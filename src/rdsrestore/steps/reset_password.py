"""The copy has the master password of the restored moment: production's own, unless it was changed since."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.facts import AfterInstance, CopyPassword, Fact, TempInstance
from rdsrestore.domain.ids import Endpoint, RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.step import Impact, Run, Step

COPY = "copy"
"""The password that copies are logged in to with."""
DENIED = "db.denied"
LENGTH = 40


@written("OwnPassword")
@dataclass(frozen=True)
class OwnPassword(Step):
    """Know a master password of the temporary instances: production's own, or a new one, which is set there.

    Production's own is tried first, once the rule lets us in: to set another one takes RDS a minute.
    """

    name: ClassVar[str] = "own-password"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=2)

    instances: tuple[str, ...]

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the run's own instances, or the one that it uses."""
        del survey
        return cls((run.resource, run.after) if request.incident_end else (request.holder(run).resource,))

    def describe(self) -> str:
        """Name the instances."""
        instances = " and ".join(self.instances)
        return f"log in to {instances} with production's password; where that is not theirs, set a one-time one"

    def apply(self, run: Run) -> Fact:
        """Take production's own where every copy does; else set one, and wait until it holds."""
        own = production_s(run)
        if own and all(accepts(run, endpoint, own) for endpoint in endpoints(run)):
            run.secrets[COPY] = own
            return CopyPassword(one_time=False)
        if own:
            run.progress("its password was another one then: it gets a one-time one", None)
        password = one_time()
        for instance in self.instances:
            run.world.restores.reset_password(instance, password, run.progress)
        for endpoint in endpoints(run):
            knock(run, endpoint, password, USUAL.first_login, certain=False)
        run.secrets[COPY] = password
        return CopyPassword(one_time=True)

    def result(self, fact: Fact | None) -> str:
        """Say whose it is."""
        if isinstance(fact, CopyPassword) and fact.one_time:
            return "a one-time password was set, and is kept in memory alone"
        return "production's own holds; none was set"


def endpoints(run: Run) -> tuple[Endpoint, ...]:
    """Say where the copies answer."""
    after = run.facts.find(AfterInstance)
    return (run.facts.get(TempInstance).endpoint, *([after.endpoint] if after and after.endpoint else []))


def production_s(run: Run) -> Secret | None:
    """Give production's own password where it is the master user's, as the copy's is; else None."""
    return run.world.engines.password() if run.request.user == run.survey.copied.master_user else None


def one_time() -> Secret:
    """Make a password."""
    letters = string.ascii_letters + string.digits
    return Secret("".join(secrets.choice(letters) for _ in range(LENGTH)))


def accepts(run: Run, endpoint: Endpoint, password: Secret, within: float = USUAL.first_login) -> bool:
    """Whether a copy takes a password, once it answers; raises what stops every login."""
    try:
        knock(run, endpoint, password, within)
    except DatabaseError as error:
        if error.code != DENIED:
            raise
        return False
    return True


def knock(run: Run, endpoint: Endpoint, password: Secret, within: float, *, certain: bool = True) -> None:
    """Log in to a copy, waiting for its answer; a refusal is waited out only of a password that was just set."""
    user, within = run.survey.copied.master_user, min(within, float(run.request.wait))
    run.databases.reach(endpoint, user, password, within, run.progress, certain=certain)
