"""Figures of a contest as they are kept, a file for each release, server and number of rows; charts and tables of them."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmark.contenders import OURS, Figures

DRAWN = (OURS, "mysqldump, mysql", "pt-table-sync", "mydumper, checked")
"""Whose bars the charts have; the tables name them all."""
BAR = 0.2
"""A bar's share of the height of an incident."""

Runs = dict[str, dict[str, dict[str, Any]]]
"""By incident and contender, each figure of every run that was right, how many were wrong, and how long our steps took."""


@dataclass(frozen=True)
class Record:
    """One contest: which release of ours, when (a day), on which server's version, with what data, and its figures."""

    release: str
    day: str
    server: str
    rows: int
    rounds: int
    delay: float
    figures: Runs

    @property
    def name(self) -> str:
        """Where it is kept: `0.1.0-mariadb-1000000`."""
        away = f"-{self.delay:g}ms" if self.delay else ""
        return f"{self.release}-{self.server.split()[0].lower()}-{self.rows}{away}"

    def seconds(self, incident: str, contender: str) -> float | None:
        """The median of how long one took; None where it did not take part, or was never right."""
        found = self.figures[incident].get(contender, {}).get("seconds")
        return statistics.median(found) if found else None

    def keep(self, folder: Path) -> None:
        """Write it; what was measured of the same before is replaced, incident by incident."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        before: Runs = json.loads(path.read_text())["figures"] if path.exists() else {}
        path.write_text(json.dumps({**asdict(self), "figures": before | self.figures}, indent=1) + "\n")


def kept(folder: Path) -> list[Record]:
    """Read all that are kept, in the order of their names."""
    return [Record(**json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def chart(record: Record, path: Path) -> None:
    """Draw how long each took as bars from nought: SVG, the same for the same figures."""
    incidents = list(record.figures)
    taking = [each for each in DRAWN if any(record.seconds(incident, each) for incident in incidents)]
    with mpl.rc_context({"svg.hashsalt": record.name, "svg.fonttype": "none"}):
        drawn = Figure(figsize=(9, 1.2 + 0.9 * len(incidents)), layout="constrained")
        axes = drawn.subplots()
        for place, contender in enumerate(taking):
            there = [
                (row + (place - (len(taking) - 1) / 2) * BAR, seconds)
                for row, incident in enumerate(incidents)
                if (seconds := record.seconds(incident, contender))
            ]
            bars = axes.barh([row for row, _ in there], [seconds for _, seconds in there], BAR, label=contender)
            axes.bar_label(bars, [f"{seconds:.3g} s" for _, seconds in there], padding=3)
        axes.set_yticks(range(len(incidents)), incidents)
        axes.invert_yaxis()
        axes.set_xlabel("seconds")
        axes.margins(x=0.1)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(f"{record.server}, {record.rows:,} rows: shorter is better")
        drawn.legend(loc="outside lower center", ncols=len(taking), frameon=False)
        drawn.savefig(path, metadata={"Date": None, "Creator": None})


def spread(values: Iterable[float]) -> str:
    """A median, and between what the runs lay."""
    found = sorted(values)
    between = f" ({found[0]:.3g} to {found[-1]:.3g})" if len(found) > 1 else ""
    return f"{statistics.median(found):.3g} s{between}"


def table(record: Record) -> Iterator[str]:
    """The rows of a table in Markdown: each contender in each incident, and how many times as long as ours it took."""
    yield "| incident | who | time | times ours | client, copy, production: µs of processor a row | memory | moved |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for incident, contenders in record.figures.items():
        ours = record.seconds(incident, OURS) or math.nan
        for name, found in contenders.items():
            if not found["seconds"]:
                yield f"| {incident} | {name} | never right | | | | |"
                continue
            median = {each.name: statistics.median(found[each.name]) for each in fields(Figures)}
            used = ", ".join(f"{median[each] / record.rows * 1e6:.2f}" for each in ("client", "copy", "production"))
            yield (
                f"| {incident} | {name} | {spread(found['seconds'])} | {median['seconds'] / ours:.2f} | {used} "
                f"| {max(found['memory']):.0f} MB | {median['moved']:.1f} MB |"
            )


def history(records: Iterable[Record]) -> Iterator[str]:
    """The rows of a table in Markdown: what each release took for each incident."""
    yield "| release | day | server | rows | incident | rdsrestore | mysqldump, mysql |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for each in records:
        for incident in each.figures:
            ours, theirs = each.seconds(incident, OURS), each.seconds(incident, "mysqldump, mysql")
            taken = f"{ours:.3g} s | {f'{theirs / ours:.2f} times' if theirs else ''}" if ours else "never right | "
            yield f"| {each.release} | {each.day} | {each.server} | {each.rows:,} | {incident} | {taken} |"


def main(folder: Path) -> int:
    """Draw a chart of each that is kept, beside it, and print the tables."""
    records = kept(folder)
    for each in records:
        chart(each, folder / f"{each.name}.svg")
        print(f"\n{each.server}, {each.rows:,} rows, {each.day}, rounds: {each.rounds}\n")
        print("\n".join(table(each)))
    print("\n" + "\n".join(history(records)))
    return 0
