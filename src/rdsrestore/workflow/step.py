"""A step of the job: one object that the plan shows, the journal keeps, the runner applies and the teardown undoes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from rdsrestore.domain.facts import Fact
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.survey import Survey
from rdsrestore.ports.clock import Clock
from rdsrestore.ports.cloud import Account, AuditLogs, Cloud, ExpirySchedules, Firewall, Metrics, Restores, Sources
from rdsrestore.ports.databases import Databases, Engines
from rdsrestore.ports.operator import Operator
from rdsrestore.ports.progress import Progress


class Impact(StrEnum):
    """What a step touches."""

    READS = "reads"
    LOCAL = "local"
    TEMPORARY = "temporary"
    PRODUCTION = "production"


F = TypeVar("F", bound=Fact)


class Facts:
    """What has been found out so far, one of a kind."""

    def __init__(self) -> None:
        self._by_type: dict[type[Fact], Fact] = {}

    def put(self, fact: Fact) -> None:
        """Keep a fact in place of an earlier one of its kind."""
        self._by_type[type(fact)] = fact

    def get(self, kind: type[F]) -> F:
        """Return the fact of that kind; KeyError where no step gave it yet."""
        fact = self._by_type[kind]
        assert isinstance(fact, kind)  # noqa: S101 - for the type checker: put() files each fact under its own type
        return fact

    def find(self, kind: type[F]) -> F | None:
        """Return the fact of that kind, None where no step gave it."""
        return self.get(kind) if kind in self._by_type else None


@dataclass(frozen=True)
class World:
    """The adapters a run works through; the cloud is seen by its roles."""

    cloud: Cloud
    engines: Engines
    operator: Operator
    clock: Clock

    @property
    def account(self) -> Account:
        """Who we are to the cloud, and what was asked of it."""
        return self.cloud

    @property
    def sources(self) -> Sources:
        """The instances that can be restored."""
        return self.cloud

    @property
    def firewall(self) -> Firewall:
        """The run's own security group."""
        return self.cloud

    @property
    def restores(self) -> Restores:
        """The temporary instances, and whatever carries our tags."""
        return self.cloud

    @property
    def schedules(self) -> ExpirySchedules:
        """What deletes an instance when nobody puts it off any more."""
        return self.cloud

    @property
    def metrics(self) -> Metrics:
        """What an instance reports of itself."""
        return self.cloud

    @property
    def audit_logs(self) -> AuditLogs:
        """What an instance's audit log says."""
        return self.cloud


@dataclass(frozen=True)
class Run:
    """One run as its steps see it. `folder` is the run's own; `secrets` live in memory alone."""

    id: RunId
    request: Request
    survey: Survey
    world: World
    folder: Path
    progress: Progress
    facts: Facts = field(default_factory=Facts)
    secrets: dict[str, Secret] = field(default_factory=dict)

    @property
    def databases(self) -> Databases:
        """Where logins to the servers of this run's engine come from."""
        return self.world.engines.of(self.survey.source.engine)


@dataclass(frozen=True)
class Step(ABC):
    """One step; its fields are its intent, fixed before anything changes.

    A step never retries, prints, logs, sleeps or names a vendor.
    """

    name: ClassVar[str]
    impact: ClassVar[Impact]
    usual: ClassVar[timedelta] = timedelta(seconds=1)
    """How long it takes as a rule, where no earlier run says better."""
    afresh: ClassVar[bool] = False
    """Whether what an earlier process left of it is removed before it is done again; others adopt what they find."""

    keeps: ClassVar[bool] = False
    """Whether what it made may be left for a second look where the run fails."""

    asks: ClassVar[bool] = False
    """Whether it waits for the operator's answer."""

    sets: ClassVar[bool] = False
    """Whether what it changes on production is a setting, and no table."""

    on_production: ClassVar[bool] = False
    """Whether its undo needs production's answer: then nothing that costs money or lets somebody in waits for it."""

    @classmethod
    @abstractmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Fix the intent from what was asked and read; None where the step is not wanted."""

    @abstractmethod
    def describe(self) -> str:
        """Say what will be done, in one line."""

    @abstractmethod
    def apply(self, run: Run) -> Fact | None:
        """Do it. May raise any RdsRestoreError; must leave nothing that `undo` can't find from the intent alone."""

    def undo(self, run: Run) -> None:  # noqa: B027 - most steps leave nothing to take back
        """Take it back, from the intent alone; already gone counts as done."""

    def keep(self, run: Run, until: datetime) -> str:  # noqa: ARG002 - most steps have nothing to do for it
        """See that what it made stays until then and no longer; name it in a few words, empty where it goes unsaid."""
        return ""

    def prove_gone(self, run: Run) -> str:  # noqa: ARG002 - steps that make nothing have nothing to prove
        """Read the world again and say in a sentence that what was made is gone; CleanupIncomplete where it is not."""
        return ""

    def changed(self, run: Run) -> bool:  # noqa: ARG002 - most steps never change production
        """Say whether an applied, or half applied, step left production different."""
        return False

    def halfway(self, run: Run) -> Fact | None:  # noqa: ARG002 - most steps have done nothing that counts
        """Return what is known of what a failed step has done; None where that is nothing."""
        return None

    def interrupted(self) -> Fact | None:
        """What has to be assumed where a process died in it; None where nothing has."""
        return None

    def undo_text(self) -> str:
        """Say what `undo` does, in one line; empty where there is nothing to take back."""
        return ""

    def result(self, fact: Fact | None) -> str:  # noqa: ARG002 - steps without a fact ignore it
        """Say what came of it, in one line."""
        return "done"


@dataclass(frozen=True)
class Plan:
    """The steps of one run in order, for one request."""

    run: RunId
    request: Request
    steps: tuple[Step, ...]

    @property
    def headline(self) -> str:
        """Name the tables and the state that comes back."""
        names = ", ".join(str(ref) for ref in self.request.refs)
        if self.request.undoes:
            return f"{names} of {self.request.instance} as before run {self.request.undoes}"
        if self.request.taken_from:
            dumps = f"from the dumps of run {self.request.taken_from}"
            return f"{names} of {self.request.instance} as of {self.request.point}, {dumps}"
        if self.request.looks and not self.request.instance_of:
            return f"asks {self.request.instance} as of {self.request.point} about {names}"
        if self.request.looks:
            return f"looks at the rows that run {self.request.instance_of} has restored of {self.request.instance}"
        if self.request.transaction:
            return f"{names} of {self.request.instance} without transaction {self.request.transaction}"
        source = f", from the instance of run {self.request.instance_of}" if self.request.instance_of else ""
        source = source if self.request.rows_from is RowsFrom.BACKUP else ", from production's binlog"
        return f"{names} of {self.request.instance} as of {self.request.point}{source}"
