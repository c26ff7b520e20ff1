"""Us against the tools that people use by hand, in turn, on the same data; prints medians and ratios.

Two servers are started; each contender gets the same damaged table and its result is checked by
a digest of all rows. Ends with 1 where anybody's result is wrong. Only the data path is measured: no cloud.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product

from benchmark.application import busy
from benchmark.binlog import compare
from benchmark.contenders import COLD, OUR_TOOLS, OURS, PEERS, Contender, ours, steps, timed
from benchmark.ring import ALL, HEAVY, INCIDENTS, Ring, ring
from rdsrestore.mysql.dump.program import client_programs

CALM = 10.0
"""Seconds for which the application is watched alone."""


@dataclass
class Result:
    """One contender's runs of one incident: seconds, MB of memory of all its programs, MB moved by the servers.

    Of runs whose result was wrong there are no figures, only their number.
    """

    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    wrong: int = 0
    steps: dict[str, list[float]] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


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
                for known, figure in zip((result.seconds, result.memory, result.moved), figures, strict=True):
                    known.append(figure)
                if one.tools == OUR_TOOLS:
                    for step, (first, last) in steps(ring).items():
                        result.steps.setdefault(step, []).append(last - first)
        found[incident] = results
        report(incident, results)
    return found


def report(incident: str, results: Mapping[str, Result]) -> None:
    """Print one incident's medians, and how much longer the others take than we."""
    mine = results[OURS].median if results[OURS].seconds else float("nan")
    print(f"\n{incident}")
    for name, result in results.items():
        if not result.seconds:
            print(f"  {name:20} WRONG", flush=True)
            continue
        ratio = f"{result.median / mine:6.2f} x ours" if name != OURS else ""
        print(
            f"  {name:20} {result.median:8.2f} s  ({min(result.seconds):.2f} to {max(result.seconds):.2f})"
            f"  {max(result.memory):5.0f} MB  moved {statistics.median(result.moved):7.1f} MB  {ratio:14}"
            f"  {f'WRONG {result.wrong} times' if result.wrong else 'right'}",
            flush=True,
        )
        if result.steps:
            said = (f"{step} {statistics.median(seconds):.2f}" for step, seconds in result.steps.items())
            print(f"  {'':20} {', '.join(said)}", flush=True)


def kindness(ring: Ring, rounds: int, incidents: list[str]) -> bool:
    """Watch an application while we repair, as always and gently; prints its latencies during the load."""
    print("\nan application meanwhile: milliseconds of its transactions, half and 99 of 100")
    right = True
    for incident, number in product(incidents, range(rounds)):
        for gentle in (False, True) if number % 2 == 0 else (True, False):
            wanted = ring.damage(incident)
            with busy(ring) as alone:
                time.sleep(CALM)
            one = Contender(partial(ours, more={"gentle": gentle}), ())
            with busy(ring) as meanwhile:
                timed(one, ring, incident)
            right &= ring.right(wanted)
            first, last = steps(ring)["load"]
            during = meanwhile.within(first, last)
            print(
                f"  {incident:32} {'gentle' if gentle else 'as always':10} load {last - first:6.1f} s"
                f"  alone {alone.percentile(0.5):5.1f} {alone.percentile(0.99):6.1f}"
                f"  during it {during.percentile(0.5):5.1f} {during.percentile(0.99):6.1f}"
                f"  {during.percentile(0.99) / alone.percentile(0.99):6.2f} x  of {len(during.found)}",
                flush=True,
            )
    return right


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
    if wanted.json:
        figures = {
            incident: {name: vars(result) for name, result in results.items()} for incident, results in found.items()
        }
        wanted.json.write_text(json.dumps({"rows": rows, "rounds": rounds, "figures": figures}, indent=1))
    return 0 if all(each.seconds for one in found.values() for each in one.values()) and sound(found) else 1


def sound(found: Results) -> bool:
    """Whether no run of ours was wrong."""
    return not any(results[OURS].wrong for results in found.values())
