"""`rdsrestore lab …`: a small RDS on this machine."""

from __future__ import annotations

import json as jsonlib
import os
import shlex
import textwrap
from enum import StrEnum
from typing import Annotated

import typer

from rdsrestore.domain.errors import UsageError
from rdsrestore.lab import account_commands
from rdsrestore.lab.account_commands import Dir, known, place
from rdsrestore.lab.directory import CONTAINERS, KINDS, Options
from rdsrestore.lab.surroundings import shut_out

app = typer.Typer(
    help="A small RDS on this machine, with real servers, backups and a firewall, to try everything on.",
    no_args_is_help=True,
    add_completion=False,  # the shell would look for it under this program's name, which is the tool's
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Deny(StrEnum):
    """What the firewall does with callers that no rule lets in."""

    DROP = "drop"
    RESET = "reset"


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
    kind: Annotated[str, typer.Option(help=f"What production is: {', '.join(KINDS)}.")] = "multi-az",
    settle: Annotated[float, typer.Option(help="Seconds until a copy's rule and password hold.", min=0)] = 0.0,
    binlog_kept: Annotated[
        float, typer.Option(help="Seconds until production purges a file of its binlog; 0 keeps all.", min=0)
    ] = 0.0,
    managed: Annotated[
        bool, typer.Option("--managed", help="RDS keeps production's password in Secrets Manager, and may rotate it.")
    ] = False,
    bastion: Annotated[
        bool, typer.Option("--bastion", help="Databases are reached from a bastion alone, over ssh.")
    ] = False,
    session_manager: Annotated[
        bool, typer.Option("--session-manager", help="Databases are reached over sessions of Systems Manager alone.")
    ] = False,
    iam: Annotated[bool, typer.Option("--iam", help="User by_token logs in by tokens of IAM.")] = False,
    customer_key: Annotated[
        bool, typer.Option("--customer-key", help="Production is encrypted with a key of the customer's own.")
    ] = False,
) -> None:
    """Start a lab, or say how to use the one that runs."""
    from rdsrestore.lab import launch

    known("a kind of production", kind, KINDS)
    where = place(folder)
    if image and binlog_kept:
        raise UsageError("--binlog-kept", "servers in containers keep their binlog", "leave out --image")
    options = Options(
        0 if empty else rows,
        restore_delay,
        lag,
        history,
        deny,
        image,
        server,
        behind_nat,
        settle,
        binlog_kept,
        kind,
        managed,
        bastion,
        session_manager,
        iam,
        customer_key,
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
    """List instances, clusters, security groups with their rules, schedules, and Slack's messages."""
    from rdsrestore.lab.status import status as read

    now = read(place(folder).running())
    if json:
        typer.echo(jsonlib.dumps(now))
        return
    for each in now["instances"]:
        typer.echo(f"instance        {each['id']}  {each['status']}  {each['endpoint'] or 'no endpoint yet'}")
    for each in now["clusters"]:
        typer.echo(f"cluster         {each['id']}  {each['status']}")
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


for command in (
    account_commands.snapshot,
    account_commands.next_restore,
    account_commands.fault,
    account_commands.network,
    account_commands.failover,
    account_commands.replace,
    account_commands.rotate,
    account_commands.policy,
):
    app.command(name=command.__name__.replace("_", "-"))(command)
