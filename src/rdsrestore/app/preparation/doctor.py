"""Before the day: whether a restore would find all that it needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rdsrestore.app.context import Context
from rdsrestore.app.preparation.ca import trusted
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.request_builder import ask_instance
from rdsrestore.domain.cloud import bastion
from rdsrestore.domain.errors import RdsRestoreError, UsageError
from rdsrestore.domain.health import Check, State, verdict
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.option import filled
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.mysql.session.road import ssm
from rdsrestore.notify import health_view
from rdsrestore.workflow.checkup import Surroundings, examine, prove_switch
from rdsrestore.workflow.step import World

PROVE = (
    "Have AWS's scheduler ask RDS to delete an instance that does not exist? It costs nothing, changes nothing, and may"
    " take twenty minutes to be seen."
)


def doctor(asked: CommandLine, context: Context, *, everything: bool, prove: bool = False) -> ExitCode:
    """Look at one instance, or with `everything` at all of the region; nothing is changed and nobody is told.

    With `prove` a schedule acts as the switch's role, after a yes where somebody can be asked.

    Returns REFUSED where a restore would be. UsageError where no instance is named and nobody can be asked, CloudError
    where the instances can't be listed.
    """
    world = context.world()
    asked = asked.over(context.settings.given)
    names = world.sources.instances() if everything else (asked.instance or ask_instance(context, world),)
    certificates = trusted(context.settings.ssl_ca, datetime.now(UTC))
    seen = (certificates, *way(context.settings.via), *(proof(context, world) if prove else ()))
    around = Surroundings(context.runs.prepare(), context.listener_checks(), seen)
    checks: list[Check] = []
    for name in names:
        found = tuple(examine(request(name, asked, context, world), world, around))
        show(name, found, context)
        checks += found
    return verdict(checks)


def proof(context: Context, world: World) -> Iterator[Check]:
    """Prove that the switch's role works; UsageError where none is set."""
    role = context.settings.given.get("switch_role")
    if role is None:
        raise UsageError("--prove-switch", "no switch_role is set", "rdsrestore help a switch says how it is made")
    if context.prompts is None or context.confirm(PROVE):
        yield prove_switch(role, world, lambda text, _share: context.errors.print(text, soft_wrap=True))


def way(via: str | None) -> Iterator[Check]:
    """Say whether the program is there that the way to the servers takes; whether it leads there is seen by a login."""
    if via is None:
        return
    plain = isinstance(bastion.read(via), bastion.Bastion)
    program = "ssh" if plain else ssm.PLUGIN
    trouble = ("" if shutil.which(program) else "ssh is not installed") if plain else ssm.unusable()
    if trouble:
        yield Check("the way", State.FAILED, trouble, "install openssh-client" if plain else ssm.INSTALL, "via.closed")
    else:
        yield Check("the way", State.OK, f"{program} is there, to go {bastion.described(via)}")


def request(instance: str, asked: CommandLine, context: Context, world: World) -> Request:
    """Ask for no table and no moment."""
    settings, now = context.settings, datetime.now(UTC)
    return Request(
        instance=instance,
        database=asked.database or "",
        tables=(),
        point=Moment(now, "now"),
        operator=settings.operator,
        user=settings.user or world.engines.user() or master_user(instance, world),
        **filled(Request, settings.given, asked.plain),
    )


def master_user(instance: str, world: World) -> str:
    """Name the instance's master user; empty where that can't be read, which is a finding of its own."""
    try:
        return world.sources.source(instance).master_user
    except RdsRestoreError:
        return ""


def show(instance: str, found: Sequence[Check], context: Context) -> None:
    """Show an instance's page to whoever reads it."""
    if context.stream:
        for line in health_view.lines(instance, found):
            context.stream.write(line)
    else:
        health_view.show(context.screen, instance, found)
