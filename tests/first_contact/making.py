"""The questions that make something: a group, two restored copies, a schedule; all of it is removed at the end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial

from first_contact.account import Account
from first_contact.findings import Answer, Findings
from rdsrestore.aws.rds.instances import RdsInstances
from rdsrestore.aws.retrying import until
from rdsrestore.domain.cloud.instance import ExpirySpec, GroupSpec, RestoreSpec
from rdsrestore.domain.errors import CloudError, UsageError
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.schema import server_info
from rdsrestore.mysql.session.login.first_login import reach

DEAREST = Decimal("0.50")
"""What an hour of one copy may cost in USD, so that two for an hour stay below a dollar."""
SMALLEST = {"instance": "db.t4g.micro", "aurora": "db.t4g.medium", "multi-az": "db.c6gd.medium"}
"""Classes to propose: the smallest that is offered for a kind of copy, as a rule."""
LASTS = timedelta(hours=2)
AVAILABLE_WITHIN = 2 * 3600.0
LET_IN_WITHIN = 300.0
SOON = timedelta(seconds=70)
"""After which the schedule fires: the scheduler knows minutes."""
FIRED_WITHIN = 600.0
OFTEN = 2.0
"""Seconds between two looks: finer than a run's, since how long each status lasts is asked."""


def price(at: Account, instance_class: str) -> str:
    """Say what it costs; UsageError where that is too much."""
    hourly = at.cloud.hourly_cost(at.source, instance_class)
    if hourly is not None and hourly > DEAREST:
        what = f"an hour of {instance_class} costs {hourly} USD"
        kind = "instance" if at.source.cluster is None else "aurora" if at.source.is_aurora else "multi-az"
        hint = f"name the smallest class that is offered, such as --class {SMALLEST[kind]}"
        raise UsageError("--class", what, hint)
    cost = f"about {2 * hourly:.2f} USD" if hourly is not None else "the price is not known, below a dollar if small"
    return (
        f"two {'instances' if at.source.cluster is None else 'clusters'} of {instance_class} for up to an hour: {cost}"
    )


@dataclass
class Course:
    """The statuses that something went through, each with the seconds after which it was first seen."""

    began: float = field(default_factory=time.monotonic)
    seen: list[str] = field(default_factory=list)
    _last: str = field(default="", init=False)

    def __call__(self, text: str, _share: float | None = None) -> None:
        if text != self._last:
            self.seen.append(f"{text} {self.seconds:.0f} s")
            self._last = text

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def __str__(self) -> str:
        return f": {', '.join(self.seen)}" if self.seen else ""


@dataclass
class Trial:
    """A restore without a run: what it makes has a run's names and tags, so that `cleanup --all` finds it."""

    at: Account
    findings: Findings
    instance_class: str
    switch_role: str | None
    run: RunId = field(default_factory=lambda: RunId.new(datetime.now(UTC), secrets.token_hex(2)))
    password: Secret = field(default_factory=lambda: Secret(secrets.token_urlsafe(24)))

    def make(self) -> None:
        """Ask everything in turn until a refusal, and remove what was made whatever happens."""
        if self.switch_role:
            self.findings.ask("what CloudTrail shows of the switch's trial", partial(self.prove, self.switch_role))
        copy, early = self.spec(self.run.resource), self.spec(self.run.after)
        with ExitStack() as removal:
            removal.callback(self.findings.ask, "nothing of it is left", self.left)
            removal.callback(self.timed, "deleting the group", partial(self.cloud.delete_group, copy.name))
            spec = GroupSpec(copy.name, self.at.source.vpc, self.expires)
            if not self.timed("making a group", lambda _: self.cloud.create_group(spec, self.run.value)):
                return
            for each in (early, copy):
                removal.callback(self.timed, f"deleting {each.kind} {each.name}", partial(self.delete, each))
                if not self.timed(f"asking for {each.kind} {each.name}", partial(self.restore, each)):
                    return
            self.timed(f"deleting {a(early)} that is being made", partial(self.delete, early))
            if self.grow(copy, removal) and self.reach(copy, removal) and self.switch_role:
                expiry = self.expiry(copy, self.switch_role)
                removal.callback(self.cloud.disarm, expiry.schedules)
                self.timed(f"the scheduler deletes {a(copy)} by itself", partial(self.fire, expiry))

    def prove(self, role: str) -> Answer:
        """Have the switch's role delete what does not exist, as `doctor --prove-switch` does."""
        course = Course()
        call = self.cloud.try_switch(role, course)
        return Answer(f"{call.error or 'no error'} after {course.seconds:.0f} s", call.allowed)

    def spec(self, name: str) -> RestoreSpec:
        """Describe a copy as a run does: of what is in a cluster it is a cluster."""
        source, clustered = self.at.source, self.at.source.cluster is not None
        return RestoreSpec(
            name, source, "", self.expires, self.instance_class, moment=source.latest, as_cluster=clustered
        )

    def delete(self, spec: RestoreSpec, told: Course) -> None:
        (self.cloud.delete_cluster if spec.as_cluster else self.cloud.delete_instance)(spec.name, told)

    def grow(self, spec: RestoreSpec, removal: ExitStack) -> bool:
        """Wait for the copy, and make an instance in one that has none."""
        if not self.timed("its statuses until it is available", partial(self.await_available, spec.name)):
            return False
        if not spec.comes_empty:
            return True
        deletion = partial(self.cloud.delete_instance, spec.name)
        removal.callback(self.timed, f"deleting instance {spec.name}", deletion)
        ask = partial(self.cloud.create_instance, spec, self.run.value)
        return self.timed("asking for its instance", lambda _: ask()) and self.timed(
            "its instance's statuses until it is available", partial(self.await_available, spec.name)
        )

    def reach(self, spec: RestoreSpec, removal: ExitStack) -> bool:
        """Log in to the copy with a password of its own."""
        cloud, set_ = self.cloud, partial(self.cloud.reset_password, spec.name, self.password)
        where, group = cloud.await_available(spec.name, AVAILABLE_WITHIN, Course()), str(cloud.find_group(spec.name))
        removal.callback(cloud.close_rules, group)
        seen = server_info.facts(self.at.production, self.at.source.endpoint).caller or cloud.caller()
        opened = partial(cloud.open_rule, group, seen, where.port, self.run.value)
        login = self.at.login(where, self.at.source.master_user, self.password)
        return (
            self.timed("giving it a password", set_)
            and self.timed(f"letting {seen} in", lambda _: opened())
            and self.timed("the first login", partial(reach, login, "the copy", OFTEN, LET_IN_WITHIN))
            and self.timed("closing the rule", lambda _: cloud.close_rules(group))
        )

    @property
    def cloud(self) -> RdsInstances:
        """The tool's own adapter, looking more often than it does by itself."""
        return RdsInstances(
            self.at.clients, self.at.log, min(self.at.settings.poll, OFTEN), self.at.settings.checkip_url
        )

    @cached_property
    def expires(self) -> datetime:
        return datetime.now(UTC) + LASTS

    def timed(self, asked: str, act: Callable[[Course], object]) -> bool:
        """Ask for something, and tell how long it took and through what it went; returns whether it was done."""

        def look() -> Answer:
            course = Course()
            act(course)
            return Answer(f"{course.seconds:.1f} s{course}", supposed=True)

        return self.findings.ask(asked, look).supposed is True

    def restore(self, spec: RestoreSpec, _told: Course) -> None:
        """Ask for a copy by the very call that a run makes."""
        group = str(self.cloud.find_group(self.run.resource))
        self.cloud.restore(replace(spec, group=group), self.run.value)

    def await_available(self, name: str, told: Course) -> None:
        self.cloud.await_available(name, AVAILABLE_WITHIN, told)

    def expiry(self, spec: RestoreSpec, role: str) -> ExpirySpec:
        """Describe the switch as a run does: an instance goes before its cluster."""
        instances = () if spec.as_cluster and not spec.comes_empty else (spec.name,)
        clusters = (spec.name,) if spec.as_cluster else ()
        return ExpirySpec(instances, role, datetime.now(UTC) + SOON, clusters)

    def fire(self, expiry: ExpirySpec, told: Course) -> None:
        """Have the switch delete the copy, in the words that a run uses; CloudError where it does not."""
        self.cloud.arm(expiry)
        names = {*expiry.instances, *expiry.clusters}

        def deleted() -> bool | None:
            found = [each for each in self.cloud.leftovers(self.run.value) if each.is_copy and each.id in names]
            told(", ".join(f"{each.kind} {each.status}" for each in found) or "gone")
            return None if any(each.holds for each in found) else True

        late = CloudError("switch", f"{expiry} was not deleted", "see the scheduler's metrics", code="aws.timeout")
        until(deleted, OFTEN, FIRED_WITHIN, late)

    def left(self) -> Answer:
        found = [f"{each.kind} {each.id}" for each in self.cloud.leftovers(self.run.value)]
        return Answer(f"left: {', '.join(found)}; rdsrestore cleanup --all" if found else "nothing", not found)


def a(spec: RestoreSpec) -> str:
    """Name what a copy is."""
    return "a cluster" if spec.as_cluster else "an instance"
