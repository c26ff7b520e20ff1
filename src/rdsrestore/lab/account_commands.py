"""Commands that act on a lab's account and its network: what AWS, others and mishaps do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rdsrestore.domain.errors import UsageError
from rdsrestore.lab.directory import LabDirectory, default_folder

Dir = Annotated[
    Path | None, typer.Option("--dir", help="Where the lab lives; several can run side by side.", show_default=False)
]


def place(folder: Path | None) -> LabDirectory:
    """The lab's directory."""
    return LabDirectory((folder or default_folder()).resolve())


def known(what: str, word: str, words: Sequence[str]) -> None:
    """Refuse a word that is none of these; UsageError with those that are."""
    if word not in words:
        raise UsageError("lab", f"{word!r} is not {what}", f"one of {', '.join(words)}")


def snapshot(
    name: str,
    kind: Annotated[str, typer.Option(help="Whose: manual, automated, awsbackup, shared, cluster.")] = "manual",
    engine_version: Annotated[str, typer.Option(help="Of which release it says to be.")] = "",
    folder: Dir = None,
) -> None:
    """Take a snapshot of production, as the console's button does, or as the service and others would."""
    from rdsrestore.lab.cloud.stored.snapshots import CLUSTER, MANUAL, NAMED
    from rdsrestore.lab.launch import control
    from rdsrestore.lab.status import asked, client

    known("a kind of snapshot", kind, (*NAMED, CLUSTER))
    state = place(folder).running()
    if kind == MANUAL and not engine_version:
        with asked():
            client(state, "rds").create_db_snapshot(DBInstanceIdentifier="production", DBSnapshotIdentifier=name)
    else:
        name = control(state, "snapshot", {"name": name, "kind": kind, "version": engine_version})["id"]
    typer.echo(f"snapshot {name} is available")


def next_restore(status: str, folder: Dir = None) -> None:
    """Make the next restore end in a status: failed, storage-initialization, …, stuck; with none it ends as usual."""
    from rdsrestore.lab.cloud.instance import ENDINGS
    from rdsrestore.lab.launch import control

    known("a status that a restore can end in", status, (*ENDINGS, "none"))
    control(place(folder).running(), "ending", {"status": status})
    typer.echo("restores end as usual" if status == "none" else f"the next restore ends in {status}")


def fault(
    kind: Annotated[
        str,
        typer.Argument(
            help="throttle, error, unavailable, lost, slow, expired, denied, quota, capacity, kms, …; none."
        ),
    ],
    action: Annotated[str, typer.Option(help="Of which calls: rds:DeleteDBInstance, ec2:*, *")] = "*",
    times: Annotated[int, typer.Option(min=1, help="How many calls.")] = 1,
    folder: Dir = None,
) -> None:
    """Let the next calls to the cloud go wrong; `lost` lets a call take effect and loses its answer."""
    from rdsrestore.lab.cloud.faults import KNOWN
    from rdsrestore.lab.launch import control

    known("a fault", kind, (*KNOWN, "none"))
    if action != "*" and ":" not in action:
        raise UsageError("--action", f"{action!r} names no service", f"as in rds:{action}")
    control(place(folder).running(), "fault", {"kind": kind, "action": action, "times": times})
    typer.echo("no more faults" if kind == "none" else f"the next {times} of {action}: {kind}")


def network(
    delay: Annotated[float, typer.Option(help="Milliseconds there and back.", min=0)] = 0.0,
    loss: Annotated[float, typer.Option(help="Percent of packets that get lost.", min=0, max=50)] = 0.0,
    silent_at: Annotated[int, typer.Option(help="The question from now on that gets no answer.", min=0)] = 0,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Nor does any other to that server then.")] = False,
    forget_idle: Annotated[float, typer.Option(help="Seconds without a packet that a connection survives.", min=0)] = 0,
    folder: Dir = None,
) -> None:
    """Make the way to the databases slow, lossy, silent or forgetful; without options it is good again.

    All but silence holds for new connections; only a way without delay and loss falls silent or forgets.
    """
    from rdsrestore.lab.launch import control

    wish = {"delay": delay / 2000, "loss": loss / 100, "silent_at": silent_at, "everywhere": everywhere}
    control(place(folder).running(), "network", wish | {"forget_idle": forget_idle})
    typer.echo(f"the way to the databases takes {delay:g} ms there and back, {loss:g} % of packets get lost")
    if silent_at:
        other = ", nor does any other to that server then" if everywhere else ""
        typer.echo(f"question {silent_at} from now on gets no answer{other}")
    if forget_idle:
        typer.echo(f"a new connection without a packet for {forget_idle:g} s is forgotten, and nobody is told")


def failover(instance: str = "production", folder: Dir = None) -> None:
    """Let an instance's server die and come back some seconds later, as in a failover."""
    from rdsrestore.lab.status import asked, client

    rds = client(place(folder).running(), "rds")
    with asked():
        rds.reboot_db_instance(DBInstanceIdentifier=instance, ForceFailover=True)
    typer.echo(f"{instance} fails over")


def replace(
    how: Annotated[str, typer.Argument(help="deleted: with its backups retained; switched: renamed production-old1.")],
    folder: Dir = None,
) -> None:
    """Put a new instance in production's place, restored from it: what was before lies in the old one's backups."""
    from rdsrestore.lab import replacing

    known("a way", how, ("deleted", "switched"))
    old = replacing.replace(place(folder).running(), renamed=how == "switched")
    typer.echo(f"production is another instance now; the backups of the one before are those of {old}")


def rotate(folder: Dir = None) -> None:
    """Give production's master user another password, on the server and in its secret."""
    from rdsrestore.lab.launch import control

    control(place(folder).running(), "rotate")
    typer.echo("production's master user has another password, and its secret has it too")


def policy(
    file: Annotated[Path | None, typer.Argument(help="A policy's JSON; without one everything is allowed.")] = None,
    folder: Dir = None,
) -> None:
    """Allow only what a policy allows: its actions, on its resources, under its conditions."""
    from rdsrestore.lab.cloud.access.policy import read
    from rdsrestore.lab.launch import control

    found = read(file) if file else None
    control(place(folder).running(), "policy", {"statements": found.statements if found else None})
    typer.echo(f"{found.actions} actions are allowed" if found else "everything is allowed")
