"""What is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rdsrestore.domain.cloud import admission
from rdsrestore.domain.cloud.copy_attributes import CopyAttributes
from rdsrestore.domain.codec import written
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.request.invariants import Invariant
from rdsrestore.domain.request.merge_policy import Merge, Policy, Triggers
from rdsrestore.domain.request.option import LOADS, ROWS, Option, Section
from rdsrestore.domain.request.restore_point import Moment, RowsFrom, Snapshot
from rdsrestore.domain.request.throttle_rules import Limits
from rdsrestore.domain.tables.in_place import InPlace
from rdsrestore.domain.tables.transaction import LoggedTransaction

REACHING = (*ROWS, "doctor", "resume")
"""Commands that say who may reach the copy."""
LONGEST = 30 * 86400
"""Seconds that anything may be set to last."""


def absolute(path: Path) -> str:
    """Write a path so that it means the same from any folder."""
    return str(path.absolute())


@written("Request")
@dataclass(frozen=True)
class Request:
    """What the operator asked for, complete and checked in form; nothing has been read yet.

    `point` is the state to bring back, `user` the login on production, `incident_end` a moment after the incident
    whose state tells what the incident did from what was done since, `transaction` the one that alone is taken back,
    with the second that it began in as the `point`. `into` names a new table beside the live ones (one table only);
    with `swap` it has a name of the run's own and takes the live one's place in the end. `undoes` names
    the run that is taken back, `taken_from` the one whose dumps are used instead of another restore,
    `instance_of` the one whose kept instance is; a run that `looks` only asks that one, or a copy of its own.
    `replica` is the read replica that was named where `instance` is its primary, `via` how the servers are reached
    from a bastion. `backups_of` says whose backups hold the moment where these are not the instance's own. `caller` is
    the CIDR to open the firewall for, found out where absent, `allow` names who else is let in, or who alone where
    only it is given; with `same_groups` the copy gets production's own security groups too. `recreate` is the
    operator's own yes to creating a dropped table again. `wait` bounds the wait for the temporary instance, in
    seconds. While the file `flag` exists the load is held. `switch_role` is the role by which the cloud deletes the
    temporary instance when `expires` seconds have passed without a sign of life; `keep` says for how many seconds the
    instance is left where the run fails, with `keep_always` also where it ends well; `keep_dump` that the dumps stay
    in the run's folder also where it succeeds.
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
    instance_of: str | None = None
    transaction: LoggedTransaction | None = None
    backups_of: Annotated[
        str | None,
        Option(
            "Whose backups: an instance that was deleted or renamed, a resource id, the ARN of backups.",
            flag="--backups-of",
            metavar="NAME",
            commands=ROWS,
            settled=True,
            section=Section.STATE,
        ),
    ] = None
    rows_from: Annotated[
        RowsFrom,
        Option(
            "Where the rows come from: a backup (default), or within seconds production's binlog; auto asks both.",
            flag="--rows-from",
            typed=RowsFrom,
            read=RowsFrom,
            section=Section.STATE,
            settled=True,
        ),
    ] = RowsFrom.BACKUP
    reason: Annotated[
        str,
        Option(
            "Why, for Slack and the audit log.", flag="--reason", metavar="TEXT", commands=("table", "compare", "undo")
        ),
    ] = ""
    caller: Annotated[
        str | None,
        Option(
            "This machine's address as the database sees it, where not told.",
            flag="--my-ip",
            metavar="ADDRESS",
            commands=(*REACHING, "sql"),
            key=True,
            meaning="the address as which the database sees this machine, as it is let in to the copy: a private one"
            " within a VPC or over a VPN",
            default="the one that production sees",
            settled=True,
            section=Section.COPY,
        ),
    ] = None
    allow: Annotated[
        tuple[str, ...],
        Option(
            "Who is let in to the copy instead: a network, sg-… or pl-…; may be given several times.",
            flag="--allow",
            metavar="NETWORK",
            commands=REACHING,
            read=admission.read_all,
            settled=True,
            section=Section.COPY,
        ),
    ] = ()
    same_groups: Annotated[
        bool,
        Option(
            "Let in to the copy, too, whom production's own security groups let in.",
            flag="--same-groups",
            commands=(*ROWS, "doctor"),
            settled=True,
            section=Section.COPY,
        ),
    ] = False
    instance_class: Annotated[
        str | None,
        Option(
            "Class of the temporary instance (default: the source's).",
            flag="--class",
            metavar="CLASS",
            commands=ROWS,
            key=True,
            meaning="class of the temporary instance",
            default="the source's",
            settled=True,
            section=Section.COPY,
        ),
    ] = None
    recreate: Annotated[
        bool, Option("Create a dropped table again as it was.", flag="--recreate", section=Section.TARGET)
    ] = False
    in_place: Annotated[
        InPlace,
        Option(
            "How an emptied table's rows come back: into itself, or by a shadow that takes its place.",
            flag="--in-place",
            section=Section.TARGET,
        ),
    ] = InPlace.ROWS
    with_parents: Annotated[
        bool,
        Option(
            "Also restore missing rows that restored ones point to.",
            flag="--with-parents",
            commands=ROWS,
            settled=True,
            section=Section.ROWS,
        ),
    ] = False
    with_children: Annotated[
        bool,
        Option(
            "Also restore rows of other tables that went with restored ones.",
            flag="--with-children",
            commands=ROWS,
            settled=True,
            section=Section.ROWS,
        ),
    ] = False
    triggers: Annotated[
        Triggers,
        Option(
            "Whether the live table's triggers may fire for what is written.",
            flag="--triggers",
            commands=LOADS,
            section=Section.PACE,
        ),
    ] = Triggers.REFUSE
    wait: Annotated[
        int,
        Option(
            "Seconds to wait for the temporary instance.",
            flag="--wait",
            metavar="SECONDS",
            commands=ROWS,
            key=True,
            meaning="seconds to wait for the temporary instance, at most 30 days as for `expires`",
            default="6 hours",
            least=1,
            most=LONGEST,
            settled=True,
            section=Section.COPY,
        ),
    ] = 6 * 3600
    limits: Limits = Limits()
    flag: Annotated[
        str | None,
        Option(
            "Hold the load while this file exists.",
            flag="--pause-file",
            metavar="FILE",
            typed=Path,
            read=absolute,
            section=Section.PACE,
        ),
    ] = None
    switch_role: Annotated[
        str | None,
        Option(
            key=True,
            meaning="ARN of the role by which AWS itself deletes the copy where nobody here can any more"
            " (runbook, section 5)",
            default="no switch",
        ),
    ] = None
    expires: Annotated[
        int, Option(key=True, meaning="seconds after the last sign of life when that happens", default="6 hours")
    ] = 6 * 3600
    keep: int = 0
    keep_always: bool = False
    keep_dump: Annotated[
        bool,
        Option(
            "Leave the dumps in the run's folder also where all went well.", flag="--keep-dump", section=Section.COPY
        ),
    ] = False
    keep_binlog: Annotated[
        bool,
        Option(
            "Copy production's binlog of the incident first, and have it kept longer meanwhile.",
            flag="--keep-binlog",
            settled=True,
            section=Section.COPY,
        ),
    ] = False
    invariants: tuple[Invariant, ...] = ()
    skip_unfit: Annotated[
        bool,
        Option(
            "Restore the other tables where one of several can't be.",
            flag="--skip-unfit",
            commands=ROWS,
            section=Section.ROWS,
        ),
    ] = False
    skipped: tuple[str, ...] = ()
    attributes: CopyAttributes = CopyAttributes()
    replica: str | None = None
    looks: bool = False
    via: str | None = None

    @property
    def typed(self) -> str:
        """What somebody has to type before rows may go: the tables' names; empty where none is deleted or put aside."""
        deletes = self.policy.merge is Merge.EXACT and not self.into
        return " ".join(self.tables) if self.swap or deletes else ""

    @property
    def restores(self) -> bool:
        """Whether a backup has to be restored for it."""
        return not (self.undoes or self.taken_from or self.instance_of or self.rows_from is RowsFrom.BINLOG)

    @property
    def other_backups(self) -> str | None:
        """Whose backups the copy is of, where there is a copy and they are not the instance's own."""
        return None if self.undoes or self.taken_from else self.backups_of

    def holder(self, run: RunId) -> RunId:
        """Name the run whose temporary instance `run` uses: its own, or that of a run that has kept one."""
        return RunId(self.instance_of) if self.instance_of else run

    @property
    def refs(self) -> tuple[TableRef, ...]:
        """The tables in the order they were given."""
        return tuple(TableRef(self.database, table) for table in self.tables)
