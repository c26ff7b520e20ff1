"""Signs of life: while a run is at work, the switch that would delete its instances is put off again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from rdsrestore.domain.cloud.instance import ExpirySpec
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.step import World

SHARE = 3
"""How often the switch is put off before its time would be up."""


@contextmanager
def prolonged(run: RunId, request: Request, read: Survey, world: World) -> Iterator[None]:
    """Put the run's switch off from a thread until the context ends; a switch that is not set stays so."""
    if request.switch_role is None:
        yield
        return
    ended = threading.Event()
    owner = request.holder(run)
    role, names = request.switch_role, (owner.resource, owner.after)
    clusters = names if read.source.cluster else ()

    def put_off() -> None:
        while not ended.wait(request.expires / SHARE):
            try:
                at = world.clock.now() + timedelta(seconds=request.expires)
                world.schedules.put_off(ExpirySpec(names, role, at, clusters))
            except RdsRestoreError:
                continue  # it is asked again, long before the time is up

    thread = threading.Thread(target=put_off, daemon=True, name="signs of life")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(USUAL.call_under_way)
