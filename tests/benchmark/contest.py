"""Us against the tools that people use by hand, in turn, on the same data; prints medians and ratios.

Two servers are started; each contender gets the same damaged table and its result is checked by
a digest of all rows. Ends with 1 where anybody's result is wrong. Only the data path is measured: no cloud.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from functools import partial
from itertools import product

from benchmark.application import Latencies, busy
from benchmark.binlog import compare
from benchmark.contenders import COLD, MACHINES, OUR_TOOLS, OURS, PEERS, Contender, Figures, ours, steps, timed
from benchmark.figures import Record
from benchmark.ring import ALL, HEAVY, INCIDENTS, Ring, ring
from mysql.site import GIVEN
from rdsrestore import __version__
from rdsrestore.mysql.dump.program import client_programs

CALM = 10.0
"""Seconds for which the application is watched alone."""


@dataclass
class Result:
    """One contender's runs of one incident. Of runs whose result was wrong there are no figures, only their number."""

    runs: list[Figures] = field(default_factory=list)
    wrong: int = 0
    steps: dict[str, list[float]] = field(default_factory=dict)

    def all(self, figure: str) -> list[float]:
        """One figure of every run."""
        return [getattr(run, figure) for run in self.runs]

    def median(self, figure: str) -> float:
        """The median of one figure; not a number where there is no run."""
        return statistics.median(self.all(figure) or [math.nan])

    def plain(self) -> dict[str, object]:
        """Write it for a file."""
        figures = {each.name: self.all(each.name) for each in fields(Figures)}
        return {**figures, "wrong": self.wrong, "steps": self.steps}


Results = dict[str, dict[str, Result]]


def contest(ring: Ring, rounds: int, contenders: Mapping[str, Contender], incidents: list[str]) -> Results:
    """Let everybody repair every incident, in turn, the order reversed every other round."""
    found: Results = {}
    for incident in incidents:
        fit = [name for name, each in contenders.items() if incident in each.incidents and not each.missing]
        results = {name: Result() for name in fit}
        for number in range(rounds):
            for name in fit if number % 2 == 0 else reversed(fit):
                one = contenders[name]
                one.ready(ring)
                wanted = ring.damage(incident)
                ring.cool()
                result, figures = results[name], timed(one, ring, incident)
                if not ring.right(wanted if one.keeping else ring.bare):
                    result.wrong += 1
                    continue
                result.runs.append(figures)
                if one.tools == OUR_TOOLS:
                    for step, (first, last) in steps(ring).items():
                        result.steps.setdefault(step, []).append(last - first)
        found[incident] = results
        report(incident, results, ring.rows)
    return found


def report(incident: str, results: Mapping[str, Result], rows: int) -> None:
    """Print one incident's medians, how much longer the others take than we, and who had the processors.

    Where each machine has cores of its own, nothing is over before the busiest of them is through.
    """
    print(f"\n{incident}")
    for name, result in results.items():
        if not result.runs:
            print(f"  {name:20} WRONG", flush=True)
            continue
        seconds = result.all("seconds")
        ratio = f"{result.median('seconds') / results[OURS].median('seconds'):6.2f} x ours" if name != OURS else ""
        print(
            f"  {name:20} {result.median('seconds'):8.2f} s  ({min(seconds):.2f} to {max(seconds):.2f})"
            f"  {max(result.all('memory')):5.0f} MB  moved {result.median('moved'):7.1f} MB  {ratio:14}"
            f"  {f'WRONG {result.wrong} times' if result.wrong else 'right'}",
            flush=True,
        )
        used = {machine: result.median(machine) for machine in MACHINES}
        shares = (f"{machine} {each:.2f} s ({each / rows * 1e6:.2f} us a row)" for machine, each in used.items())
        print(f"  {'':20} processor: {', '.join(shares)}; {max(used, key=used.__getitem__)} is the busiest", flush=True)
        if result.steps:
            said = (f"{step} {statistics.median(taken):.2f}" for step, taken in result.steps.items())
            print(f"  {'':20} {', '.join(said)}", flush=True)


PACES = ("default", "fast", "gentle")


def kindness(ring: Ring, rounds: int, incidents: list[str]) -> bool:
    """Watch an application while we repair at each pace; prints its latencies while we read and while we load."""
    print("\nan application meanwhile: milliseconds of its transactions, half and 99 of 100")
    right = True
    for incident, number in product(incidents, range(rounds)):
        for pace in PACES if number % 2 == 0 else reversed(PACES):
            wanted = ring.damage(incident)
            with busy(ring) as alone:
                time.sleep(CALM)
            one = Contender(partial(ours, more={"pace": pace}), ())
            with busy(ring) as meanwhile:
                timed(one, ring, incident)
            right &= ring.right(wanted)
            for step in ("locate and dump", "compare", "load"):
                told(f"{incident:32} {pace:8} {step:15}", alone, meanwhile, *steps(ring)[step])
    return right


def told(what: str, alone: Latencies, meanwhile: Latencies, first: float, last: float) -> None:
    """Print how an application's latencies were in one of our steps, against those that it has alone."""
    during = meanwhile.within(first, last)
    print(
        f"  {what} {last - first:6.1f} s"
        f"  alone {alone.percentile(0.5):5.1f} {alone.percentile(0.99):6.1f}"
        f"  during it {during.percentile(0.5):5.1f} {during.percentile(0.99):6.1f}"
        f"  {during.percentile(0.99) / alone.percentile(0.99):6.2f} x  of {len(during.found)}",
        flush=True,
    )


def version_of(program: str | None) -> str:
    """What the dump program says of itself."""
    return client_programs.probe(program).version if program else "no dump program"


def main(wanted: argparse.Namespace) -> int:
    """Let them run."""
    rows, rounds = (5_000, 1) if wanted.quick else (wanted.rows or 1_000_000, wanted.rounds)
    contenders = COLD if wanted.cold else PEERS
    incidents = wanted.incident or list(INCIDENTS)
    print(
        f"{rows:,} rows, {rounds} rounds, {wanted.delay:g} ms away, first reads {wanted.cold:g} ms; "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {version_of(client_programs.tools().dump)}"
    )
    missing = sorted({tool for each in contenders.values() for tool in each.missing})
    print(f"missing here: {', '.join(missing)}" if missing else "all peers are here")
    with ring(rows, wanted.delay, wanted.cold, wanted.lock_mode) as made:
        if wanted.binlog:
            return 0 if compare(made, rounds) else 1
        if wanted.busy:
            return 0 if kindness(made, rounds, wanted.incident or [ALL, *HEAVY]) else 1
        found = contest(made, rounds, contenders, incidents)
        ((version,),) = made.site.production.sql("SELECT VERSION()")
    figures = {incident: {name: each.plain() for name, each in one.items()} for incident, one in found.items()}
    record = Record(
        release=__version__.split(".dev")[0],
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        server=f"{'MariaDB' if GIVEN.engine == 'mariadb' else 'MySQL'} {str(version).split('-')[0]}",
        rows=rows,
        rounds=rounds,
        delay=wanted.delay,
        figures=figures,
    )
    if wanted.json:
        wanted.json.write_text(json.dumps(asdict(record), indent=1))
    if wanted.keep:
        record.keep(wanted.keep)
    return 0 if all(each.runs for one in found.values() for each in one.values()) and sound(found) else 1


def sound(found: Results) -> bool:
    """Whether no run of ours was wrong."""
    return not any(results[OURS].wrong for results in found.values())
