"""`rdsrestore lab …`: a small RDS on this machine."""

from __future__ import annotations

import json as jsonlib
import os
import shlex
import textwrap
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rdsrestore.domain.errors import UsageError
from rdsrestore.lab.directory import CONTAINERS, LabDirectory, Options, default_folder
from rdsrestore.lab.surroundings import shut_out

app = typer.Typer(
    help="A small RDS on this machine, with real servers, backups and a firewall, to try everything on.",
    no_args_is_help=True,
    add_completion=False,  # the shell would look for it under this program's name, which is the tool's
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Dir = Annotated[
    Path | None, typer.Option("--dir", help="Where the lab lives; several can run side by side.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Deny(StrEnum):
    """What the firewall does with callers that no rule lets in."""

    DROP = "drop"
    RESET = "reset"


def place(folder: Path | None) -> LabDirectory:
    """The lab's directory."""
    return LabDirectory((folder or default_folder()).resolve())


@app.callback()
def alone(context: typer.Context) -> None:
    """A small RDS on this machine, with real servers, backups and a firewall, to try everything on."""
    context.obj = shut_out(os.environ)


@app.command()
def up(
    folder: Dir = None,
    restore_delay: Annotated[float, typer.Option(help="Seconds from creating to available.", min=0)] = 3.0,
    lag: Annotated[float, typer.Option(help="Seconds by which the restore window is behind now.", min=0)] = 2.0,
    rows: Annotated[int, typer.Option(help="Rows in shop.billing.", min=1, max=5_000_000)] = 20_000,
    empty: Annotated[bool, typer.Option("--empty", help="Seed no tables.")] = False,
    history: Annotated[int, typer.Option(help="Seconds that the backups go back.", min=0)] = 3600,
    deny: Annotated[Deny, typer.Option(help="What the firewall does with callers.")] = Deny.DROP,
    image: Annotated[str | None, typer.Option(help="Run the servers in containers of this image.")] = None,
    server: Annotated[
        str, typer.Option(help="Which servers: mariadb, mysql, or a folder of unpacked packages.")
    ] = "mariadb",
    behind_nat: Annotated[
        bool, typer.Option("--behind-nat", help="The outside sees another address of this machine than databases do.")
    ] = False,
    settle: Annotated[float, typer.Option(help="Seconds until a copy's rule and password hold.", min=0)] = 0.0,
    managed: Annotated[
        bool, typer.Option("--managed", help="RDS keeps production's password in Secrets Manager, and may rotate it.")
    ] = False,
) -> None:
    """Start a lab, or say how to use the one that runs."""
    from rdsrestore.lab import launch

    where = place(folder)
    options = Options(
        0 if empty else rows, restore_delay, lag, history, deny, image, server, behind_nat, settle, managed
    )
    state, started = launch.up(where, options)
    option = f" --dir {shlex.quote(str(where.folder))}" if folder else ""
    typer.echo(
        textwrap.dedent(f"""\
        the lab is {"up" if started else "up already"} in {where.folder}
          production   {state.engine} at {state.host}:{state.port}, database shop
          cloud        {state.endpoint}, region {state.region}
          slack        {state.slack_channel}
        next:
          eval "$(rdsrestore lab env{option})"
          rdsrestore lab sql{option} "DELETE FROM shop.billing"
          rdsrestore table billing billing_lines --before "1 minute ago"
          rdsrestore lab down{option}""")
    )


@app.command()
def down(context: typer.Context, folder: Dir = None) -> None:
    """Stop the lab and remove everything that it made, also the tool's runs on it."""
    where = place(folder)
    gone = where.clear()
    typer.echo(f"the lab in {where.folder} is gone" if gone else f"there is no lab in {where.folder}")
    if gone and context.obj.get("RDSRESTORE_HOME") == str(where.home):
        typer.echo(f"this shell still has its settings: unset {' '.join(context.obj)}")


@app.command()
def env(context: typer.Context, folder: Dir = None) -> None:
    """Print the settings that point the tool and the mysql client at the lab, and at nothing else."""
    from rdsrestore.lab.status import exports

    where = place(folder)
    state = where.running()
    settings = exports(state, str(where.ca), str(where.home))
    others = [name for name in context.obj if name not in settings]
    if others:
        typer.echo(f"unset {' '.join(others)}")
    for name, value in settings.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    if where.bin.exists():
        typer.echo(f'export PATH={shlex.quote(f"{where.bin}:")}"$PATH"')
    if (where.folder / CONTAINERS).exists():
        typer.echo("# a server in a container sees Docker's own address:")
        typer.echo("export RDSRESTORE_CALLER=127.0.0.1")
    typer.echo(f"# mysql --user={state.user} --ssl-ca={shlex.quote(str(where.ca))} shop")
    typer.echo(f"# the password lies in Secrets Manager too: RDSRESTORE_PASSWORD_SECRET={state.secret_arn}")


@app.command()
def sql(statements: Annotated[str, typer.Argument(help="What to run on production.")], folder: Dir = None) -> None:
    """Run SQL on production as its master user."""
    from rdsrestore.lab.servers import console

    where = place(folder)
    for line in console.run(where.running(), where.ca, statements):
        typer.echo(line)


@app.command()
def status(folder: Dir = None, json: Json = False) -> None:
    """List instances, security groups with their rules, schedules, and Slack's messages."""
    from rdsrestore.lab.status import status as read

    now = read(place(folder).running())
    if json:
        typer.echo(jsonlib.dumps(now))
        return
    for each in now["instances"]:
        typer.echo(f"instance        {each['id']}  {each['status']}  {each['endpoint'] or 'no endpoint yet'}")
    for each in now["security_groups"]:
        typer.echo(f"security group  {each['name']} ({each['id']})  {', '.join(each['rules']) or 'lets nobody in'}")
    for name in now["schedules"]:
        typer.echo(f"schedule        {name}")
    typer.echo(f"slack           {now['slack']} messages")


@app.command()
def slack(
    folder: Dir = None,
    post: Annotated[str | None, typer.Option(help="Post a message, as a colleague would.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Make Slack fail from now on.")] = False,
    on: Annotated[bool, typer.Option("--on", help="Make Slack work again.")] = False,
    json: Json = False,
) -> None:
    """Show what Slack was told, threads under their first message."""
    from rdsrestore.lab.launch import control

    state = place(folder).running()
    wish = ({"down": off} if on or off else {}) | ({"text": post} if post else {})
    messages = control(state, "slack", wish)
    if json:
        typer.echo(jsonlib.dumps(messages))
    elif not wish:
        for head in (message for message in messages if not message["thread_ts"]):
            typer.echo(f"{state.slack_channel}  {head['text']}")
            for reply in (message for message in messages if message["thread_ts"] == head["ts"]):
                typer.echo(textwrap.indent(reply["text"], "    "))


@app.command()
def snapshot(name: str, folder: Dir = None) -> None:
    """Take a snapshot of production, as the console's button does."""
    from rdsrestore.lab.status import asked, client

    rds = client(place(folder).running(), "rds")
    with asked():
        rds.create_db_snapshot(DBInstanceIdentifier="production", DBSnapshotIdentifier=name)
    typer.echo(f"snapshot {name} is available")


@app.command(name="next-restore")
def next_restore(status: str, folder: Dir = None) -> None:
    """Make the next restore end in a status: failed, storage-initialization, …, stuck; with none it ends as usual."""
    from rdsrestore.lab.cloud.instance import ENDINGS
    from rdsrestore.lab.launch import control

    known("a status that a restore can end in", status, (*ENDINGS, "none"))
    control(place(folder).running(), "ending", {"status": status})
    typer.echo("restores end as usual" if status == "none" else f"the next restore ends in {status}")


@app.command()
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


@app.command()
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


@app.command()
def failover(instance: str = "production", folder: Dir = None) -> None:
    """Let an instance's server die and come back some seconds later, as in a failover."""
    from rdsrestore.lab.status import asked, client

    rds = client(place(folder).running(), "rds")
    with asked():
        rds.reboot_db_instance(DBInstanceIdentifier=instance, ForceFailover=True)
    typer.echo(f"{instance} fails over")


@app.command()
def rotate(folder: Dir = None) -> None:
    """Give production's master user another password, on the server and in its secret."""
    from rdsrestore.lab.launch import control

    control(place(folder).running(), "rotate")
    typer.echo("production's master user has another password, and its secret has it too")


@app.command()
def policy(
    file: Annotated[Path | None, typer.Argument(help="A policy's JSON; without one everything is allowed.")] = None,
    folder: Dir = None,
) -> None:
    """Allow only the actions that a policy names, whatever it says of resources and conditions."""
    from rdsrestore.lab.cloud.faults import actions_of
    from rdsrestore.lab.launch import control

    actions = actions_of(file) if file else None
    control(place(folder).running(), "policy", {"actions": actions})
    typer.echo(f"{len(actions)} actions are allowed" if actions is not None else "everything is allowed")


def known(what: str, word: str, words: Sequence[str]) -> None:
    """Refuse a word that is none of these; UsageError with those that are."""
    if word not in words:
        raise UsageError("lab", f"{word!r} is not {what}", f"one of {', '.join(words)}")
