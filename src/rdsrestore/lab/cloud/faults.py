"""Faults on request: the next calls of an action go wrong in a chosen way, before or after they took effect."""

from __future__ import annotations

import fnmatch
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rdsrestore.lab.cloud.access.policy import Asked, Policy
from rdsrestore.lab.cloud.query_protocol import Fault

KINDS: dict[str, Callable[[str], Fault]] = {
    "throttle": lambda action: Fault("Throttling", f"Rate exceeded for {action}"),
    "error": lambda action: Fault("InternalFailure", f"{action} failed inside the service", 500),
    "unavailable": lambda action: Fault("ServiceUnavailable", f"{action} is unavailable", 503),
    "expired": lambda action: Fault("ExpiredToken", f"The security token in the request for {action} is expired", 403),
    "denied": lambda action: Fault("AccessDenied", f"not authorized to perform {action}", 403),
    "quota": lambda _action: Fault("InstanceQuotaExceeded", "The request would exceed your quota of DB instances"),
    "capacity": lambda _action: Fault("InsufficientDBInstanceCapacity", "No capacity of that class in these zones"),
    "kms": lambda _action: Fault("KMSKeyNotAccessibleFault", "The key can't be accessed"),
}
LOST = "lost"
"""The call takes effect, and its answer never arrives as such."""
SLOW = "slow"
HANGS_BEFORE, HANGS_AFTER = "hang-before", "hang-after"
"""The call is never answered: before it takes effect, or once it has."""
HANGING = "hanging"
"""Counts the calls that have begun to hang."""
HANGS_FOR = 120.0
SLOWLY = 3.0
"""Seconds that a slow answer takes longer."""


FREE = frozenset({"sts"})
"""Saying who one is takes no permission (STS API reference, GetCallerIdentity)."""
KNOWN = (*KINDS, LOST, SLOW, HANGS_BEFORE, HANGS_AFTER)


@dataclass
class Planned:
    """Faults that are still to happen; `action` is a pattern."""

    kind: str
    action: str
    times: int


@dataclass
class Faults:
    """The plan, and how many of which kind have happened. `policy` limits all calls."""

    planned: list[Planned] = field(default_factory=list)
    happened: dict[str, int] = field(default_factory=dict)
    policy: Policy | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _free: threading.Event = field(default_factory=threading.Event)

    def plan(self, kind: str, action: str, times: int) -> None:
        """Let the next calls of an action go wrong, with `none` no more of them; Fault for an unknown kind."""
        if kind == "none":
            self.planned.clear()
            self._free.set()
            return
        self._free.clear()
        if kind not in KNOWN:
            raise Fault("InvalidParameterValue", f"a fault is one of {', '.join(KNOWN)}")
        self.planned.append(Planned(kind, action, times))

    def before(
        self, service: str, action: str, asked: Sequence[Asked] = (), *, trial: bool = False
    ) -> Callable[[], None]:
        """Raise what the call ends with before it takes effect; else return what is to be done after it.

        `asked` is all that it asks leave for.
        A trial has no effect, and no faults but a policy's.
        """
        for each in asked if service not in FREE else ():
            if not self.allows(each):
                raise denied(service, each)
        kind = "" if trial else self.take(f"{service}:{action}")
        if kind in KINDS:
            raise KINDS[kind](action)
        if kind == SLOW:
            time.sleep(SLOWLY)
        if kind == HANGS_BEFORE:
            self.hang()
            raise KINDS["error"](action)
        return {LOST: lost, HANGS_AFTER: self.hang}.get(kind, nothing)

    def hang(self) -> None:
        """Give no answer until somebody asks for no more faults."""
        with self._lock:
            self.happened[HANGING] = self.happened.get(HANGING, 0) + 1
        self._free.wait(HANGS_FOR)

    def take(self, call: str) -> str:
        """Take the first planned fault that fits a call; empty where none does."""
        with self._lock:
            for each in self.planned:
                if each.times > 0 and fnmatch.fnmatchcase(call, each.action):
                    each.times -= 1
                    self.happened[each.kind] = self.happened.get(each.kind, 0) + 1
                    return each.kind
        return ""

    def simulate(self, form: dict[str, Any]) -> dict[str, Any]:
        """Say of actions whether they would be allowed, on resources and under conditions as they are given."""
        context = {each["ContextKeyName"]: each["ContextKeyValues"][0] for each in form.get("ContextEntries", ())}
        resources = form.get("ResourceArns") or ["*"]
        results = []
        for name in form["ActionNames"]:
            allowed = all(self.allows(Asked(name, each, context)) for each in resources)
            results.append({"EvalActionName": name, "EvalDecision": "allowed" if allowed else "implicitDeny"})
        return {"EvaluationResults": results, "IsTruncated": False}

    def allows(self, asked: Asked) -> bool:
        """Whether the policy allows it; without one everything is allowed."""
        return self.policy is None or self.policy.allows(asked)


def denied(service: str, asked: Asked) -> Fault:
    """Refuse a call as the services do; RDS, which asks for the key in the caller's name, has a word of its own."""
    if asked.action.startswith("kms:"):
        return Fault(
            "KMSKeyNotAccessibleFault", f"The specified KMS key [{asked.resource}] does not exist or can't be used"
        )
    code = "UnauthorizedOperation" if service == "ec2" else "AccessDenied"
    where = f" on resource: {asked.resource}" if asked.resource != "*" else ""
    return Fault(code, f"User is not authorized to perform: {asked.action}{where}", 403)


def lost() -> None:
    """Lose an answer."""
    raise Fault("InternalFailure", "the answer was lost", 500)


def nothing() -> None:
    """Do nothing more."""
