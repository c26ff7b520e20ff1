"""Our own contender, in a process of its own: the steps of a run from locate to verify, without the cloud."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.ring import DATABASE, FORMER, TABLE
from mysql.site import USER, Server, Site, silent
from rdsrestore.diff import parallel
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.throttle_rules import Limits, ThrottleRules
from rdsrestore.mysql.dump import chunks
from rdsrestore.mysql.merge.shadow import shadow_table

SCRATCH, RUN = "rdsrestore_260101_000000_abcd", "260101-000000-abcd"


STEPS: dict[str, tuple[float, float]] = {}
"""When each step began and ended."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """Note how long a step took."""
    begun = time.monotonic()
    yield
    STEPS[name] = begun, time.monotonic()


def find(site: Site, policy: Policy, moment: float | None, rest: float) -> None:
    """Have the rows that are to come back: of the backup, or where a moment is given, of the binlog since."""
    with site.live() as server:
        empty, definition = not server.count(site.ref(TABLE)), server.definition(site.ref(TABLE))
    if moment:
        assert definition
        then = datetime.fromtimestamp(moment, UTC)
        found = site.databases.rows_from_binlog(site.production.endpoint, USER, definition, then, site.folder, silent)
        site.dumps[TABLE], site.located[TABLE] = found.dump, found.located
    elif empty:
        site.dump(TABLE)
    else:
        site.locate(TABLE, policy, content=policy.merge is not Merge.MISSING, rest=rest)


def repair(wish: dict[str, Any], site: Site) -> None:
    """The steps as the recipe has them."""
    policy = Policy(Merge(wish["policy"]))
    chosen = wish.get("pace", "fast")
    pace = ThrottleRules(Limits(max_load=wish.get("max_load"), gentle=chosen == "gentle", fast=chosen == "fast"))
    rest = 1.0 if chosen == "gentle" else 0.0
    with step("locate and dump"):
        find(site, policy, wish.get("moment"), rest)
    beside = f"{TABLE}_then" if wish.get("beside") else None
    with site.live() as server:
        server.create_scratch(SCRATCH, RUN)
        if beside:
            server.create_target_table(SCRATCH, site.dumps[TABLE], site.ref(beside), with_foreign_keys=False)
        target = site.target(TABLE, beside, policy)
        shadow = bool(wish.get("shadow")) and not server.against_shadow(target.ref)
        target = replace(target, direct=server.takes_directly(target), shadow=shadow)
        with step("stage"):
            server.stage(SCRATCH, target, site.folder, silent)
        with step("compare"):
            (difference,) = server.compare(SCRATCH, [target], site.folder, silent, rest)
        with step("save"):
            server.save(SCRATCH, target, site.folder, silent)
            untouched = server.untouched_rows(SCRATCH, target)
        with step("load"):
            server.load(SCRATCH, [target], site.folder, pace, silent)
        with step("verify"):
            ledger = server.ledger(SCRATCH, target, site.folder, difference.live, untouched, silent)
        assert ledger.matching == ledger.planned
        assert not shadow or server.loaded(SCRATCH, target).how == shadow_table.BESIDE
        if beside:
            with step("swap"):
                server.swap(site.ref(TABLE), site.ref(beside), site.ref(FORMER))
        server.drop_scratch(SCRATCH)


def main() -> None:
    """Do what the first argument asks for."""
    wish = json.loads(sys.argv[1])
    chunks.READERS = wish.get("readers", chunks.READERS)
    parallel.WARMERS = wish.get("warmers", parallel.WARMERS)
    production, copy = (Server(Path(), port, None) for port in wish["ports"])  # type: ignore[arg-type]  # another has it
    with tempfile.TemporaryDirectory(dir=wish["folder"]) as folder:
        repair(wish, Site(production, copy, Path(wish["ca"]), Path(folder), DATABASE))
    Path(wish["steps"]).write_text(json.dumps(STEPS))


main()
