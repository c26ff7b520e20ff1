"""What is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from rdsrestore.domain.codec import written
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.merge_policy import Merge, Policy, Triggers
from rdsrestore.domain.request.restore_point import Moment, Snapshot


@written("Limits")
@dataclass(frozen=True)
class Limits:
    """When the load holds back: seconds a replica is behind, threads running on production; None for no limit.

    A `gentle` load writes little at a time, and rests in between.
    """

    max_lag: float | None = None
    max_load: int | None = None
    gentle: bool = False


@written("Invariant")
@dataclass(frozen=True)
class Invariant:
    """Something that has to be right, in the user's own words: one SELECT that gives one value.

    `expect` is `zero`, `restored` (what it was then), or empty where the value is only shown.
    """

    name: str
    query: str
    expect: str = ""


@written("Request")
@dataclass(frozen=True)
class Request:
    """What the operator asked for, complete and checked in form; nothing has been read yet.

    `point` is the state to bring back, `user` the login on production, `incident_end` a moment after the incident whose
    state tells what the incident did from what was done since. `into` names a new table beside the live ones (one
    table only); with `swap` it has a name of the run's own and takes the live one's place in the end. `undoes` names
    the run that is taken back, `taken_from` the one whose dumps are used instead of another restore. `caller` is the
    CIDR to open the firewall for, found out where absent. `recreate` is the
    operator's own yes to creating a dropped table again. `wait` bounds the wait for the temporary instance, in seconds.
    While the file `flag` exists the load is held. `switch_role` is the role by which the cloud deletes the temporary
    instance when `expires` seconds have passed without a sign of life; `keep` says for how many seconds the instance is
    left where the run fails, with `keep_always` also where it ends well; `keep_dump` that the dumps stay in the run's
    folder also where it succeeds.
    """

    instance: str
    database: str
    tables: tuple[str, ...]
    point: Moment | Snapshot
    operator: str
    user: str
    policy: Policy = Policy()
    incident_end: Moment | None = None
    into: str | None = None
    swap: bool = False
    undoes: str | None = None
    taken_from: str | None = None
    reason: str = ""
    caller: str | None = None
    instance_class: str | None = None
    recreate: bool = False
    with_parents: bool = False
    with_children: bool = False
    triggers: Triggers = Triggers.REFUSE
    wait: int = 6 * 3600
    limits: Limits = Limits()
    flag: str | None = None
    switch_role: str | None = None
    expires: int = 6 * 3600
    keep: int = 0
    keep_always: bool = False
    keep_dump: bool = False
    invariants: tuple[Invariant, ...] = ()

    @property
    def typed(self) -> str:
        """What somebody has to type before rows may go: the tables' names; empty where none is deleted or put aside."""
        deletes = self.policy.merge is Merge.EXACT and not self.into and not self.undoes
        return " ".join(self.tables) if self.swap or deletes else ""

    @property
    def restores(self) -> bool:
        """Whether a backup has to be restored for it."""
        return not (self.undoes or self.taken_from)

    @property
    def refs(self) -> tuple[TableRef, ...]:
        """The tables in the order they were given."""
        return tuple(TableRef(self.database, table) for table in self.tables)
