"""How cost grows with what a run has to do, and with what it has nothing to do with; prints exponents.

Run by scripts/bench --growth. The data path of a run, in this process, on two servers that are started for it. Each
result is checked. An exponent is the slope of the logarithm of a cost over that of a size: 0 where the cost stays, 1
where it grows as the size does. What grows faster than 1.1 is marked.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from benchmark import shapes
from benchmark.costs import COUNTS, FIGURES, Costs, counted
from benchmark.ring import door, secured
from benchmark.run import Repair, repair
from mysql.site import GIVEN, Server, Site, launch
from rdsrestore.lab.network.impairment import Network

USUAL = 100_000
"""The largest size, where none is given."""
STEEP = 1.1
"""Exponents above it are marked."""


@dataclass(frozen=True)
class Dimension:
    """Something that grows: its sizes in a short and in a long benchmark, and what makes a case of a size.

    `of_work` says whether more work is done with it; where it is not, no cost should grow at all.
    """

    make: Callable[[Site, int], Repair]
    quick: Sequence[int]
    sizes: Sequence[int]
    of_work: bool = True


ROWS = (10_000, 100_000, 1_000_000)
KEYS = (2_000, 20_000, 200_000)
DIMENSIONS: dict[str, Dimension] = {
    "rows, 100 of them changed": Dimension(shapes.rows, (500, 2_000, 8_000), ROWS),
    "rows, all of them deleted": Dimension(shapes.emptied, (500, 2_000, 8_000), (10_000, 100_000)),
    "changed rows of 40,000": Dimension(shapes.changed, (50, 200, 800), (100, 1_000, 10_000)),
    "missing rows of 40,000": Dimension(shapes.missing, (50, 200, 800), (100, 1_000, 10_000)),
    "conflicts, merged": Dimension(partial(shapes.conflicts, merged=True), (200, 800, 3_200), (100, 1_000, 10_000)),
    "conflicts, straight from the dump": Dimension(shapes.conflicts, (200, 800, 3_200), (100, 1_000, 10_000)),
    "tables in the run": Dimension(shapes.tables, (1, 2, 4), (1, 4, 16)),
    "tables in the instance": Dimension(shapes.instance, (20, 200), (100, 1_000, 10_000), of_work=False),
    "child tables": Dimension(shapes.children, (1, 4, 16), (1, 10, 100)),
    "dense keys": Dimension(partial(shapes.keys, kind="dense"), (500, 4_000), KEYS),
    "sparse keys of 64 bits": Dimension(partial(shapes.keys, kind="sparse"), (500, 4_000), KEYS),
    "keys of UUID text": Dimension(partial(shapes.keys, kind="uuid"), (500, 4_000), KEYS),
    "keys with one leading value": Dimension(partial(shapes.keys, kind="leading"), (500, 4_000), KEYS),
}
DELAYS = (0, 20, 80)
"""Milliseconds there and back."""


@dataclass
class Grown:
    """The costs of one dimension, by size."""

    costs: dict[int, Costs] = field(default_factory=dict)
    right: bool = True

    def exponent(self, figure: str) -> float | None:
        """The slope over all sizes, or the steeper one of the last two; None where a size is 0 or nothing is there."""
        points = [(size, getattr(costs, figure)) for size, costs in self.costs.items()]
        if len(points) < 2 or any(size <= 0 or cost <= 0 for size, cost in points):
            return None
        logs = [(math.log(size), math.log(cost)) for size, cost in points]
        return max(slope(logs), slope(logs[-2:]))


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the line that fits best."""
    middle = sum(x for x, _y in points) / len(points), sum(y for _x, y in points) / len(points)
    over = sum((x - middle[0]) ** 2 for x, _y in points)
    return sum((x - middle[0]) * (y - middle[1]) for x, y in points) / over


def grow(site: Callable[[], Iterator[Site]], dimension: Dimension, sizes: Sequence[int]) -> Grown:
    """Repair one case of each size, each on a database of its own."""
    grown = Grown()
    for size in sizes:
        with contextmanager(site)() as own:
            case = dimension.make(own, size)
            with counted((own.production, own.copy)) as costs:
                repair(own, case)
            grown.costs[size] = costs
            grown.right &= case.right(own)
    return grown


@contextmanager
def servers(delay: float = 0) -> Iterator[Callable[[], Iterator[Site]]]:
    """Start two servers, each so many milliseconds away; yields what gives a database of its own on both."""
    with tempfile.TemporaryDirectory(prefix="growth") as name:
        folder = Path(name)
        secure = secured(folder / "tls", "256M")
        binlog = ("--log-bin=binlog", "--server-id=1")
        production = launch(folder / "p", *secure, *binlog)
        copy = launch(folder / "c", *secure, *(("--skip-log-bin",) if GIVEN.engine == "mysql" else ()))
        both, network = (production, copy), Network(delay / 2000)
        doors = [door(server, network).port if delay else server.port for server in both]
        number = 0

        def give() -> Iterator[Site]:
            nonlocal number
            number += 1
            work = folder / f"w{number}"
            work.mkdir(mode=0o700)
            now, then = map(behind, both, doors)
            made = Site(now, then, folder / "tls" / "ca.pem", work, f"growth{number}")
            for server in both:
                server.sql(f"CREATE DATABASE {made.database} CHARACTER SET utf8mb4")
            yield made
            made.drop()

        try:
            yield give
        finally:
            for server in both:
                server.process.terminate()
            for server in both:
                server.process.wait(60)


def behind(server: Server, port: int) -> Server:
    """The server as it is reached by another port."""
    return Server(server.folder, port, server.process, server.words, server.programs)


def measure(*, quick: bool, chosen: Sequence[str], largest: int) -> dict[str, Grown]:
    """Let each dimension grow; prints each as it is there."""
    found: dict[str, Grown] = {}
    with servers() as site:
        for name, each in DIMENSIONS.items():
            if not chosen or name in chosen:
                sizes = each.quick if quick else [size for size in each.sizes if size <= largest]
                if name.startswith("rows") and largest > max(each.sizes) and not quick:
                    sizes = [*each.sizes, largest]
                found[name] = grow(site, each, sizes)
                report(name, found[name])
    if not chosen or "delay" in chosen:
        away = Grown()
        for delay in DELAYS[: 2 if quick else None]:
            with servers(delay) as site:
                once = grow(site, Dimension(shapes.missing, (), ()), (100,))
            away.costs[delay] = once.costs[100]
            away.right &= once.right
        found["delay"] = away
        report("delay", away)
    return found


def report(name: str, grown: Grown) -> None:
    """Print one dimension's costs, and the exponent of each."""
    print(f"\n{name}{'' if grown.right else ': WRONG'}")
    print(f"  {'size':>10}" + "".join(f"{figure:>12}" for figure in FIGURES))
    for size, costs in grown.costs.items():
        print(f"  {size:>10,}" + "".join(f"{getattr(costs, figure):>12,.{digits(figure)}f}" for figure in FIGURES))
    exponents = [grown.exponent(figure) for figure in FIGURES]
    print(f"  {'exponent':>10}" + "".join(f"{shown(each):>12}" for each in exponents), flush=True)


def digits(figure: str) -> int:
    """How many digits of a figure are worth reading."""
    return 0 if figure in COUNTS or figure == "memory" else 2


def shown(exponent: float | None) -> str:
    """Write an exponent, marked where it is steep."""
    return "-" if exponent is None else f"{exponent:.2f}{' !' if exponent > STEEP else ''}"


def main(*, quick: bool, chosen: Sequence[str], largest: int, path: Path | None) -> int:
    """Measure and print; ends with 1 where a result is wrong, or a count grows faster than the work."""
    found = measure(quick=quick, chosen=chosen, largest=largest)
    if path:
        path.write_text(json.dumps({"server": GIVEN.engine, "grown": {each: plain(found[each]) for each in found}}))
    steep = [
        f"{name}: {count}" for name, grown in found.items() for count in COUNTS if (grown.exponent(count) or 0) > STEEP
    ]
    print(f"\nfaster than the work: {', '.join(steep) or 'nothing'}")
    return 0 if all(each.right for each in found.values()) and not steep else 1


def plain(grown: Grown) -> Mapping[str, object]:
    """Write a dimension's figures for a file."""
    return {
        "right": grown.right,
        "costs": {str(size): asdict(costs) for size, costs in grown.costs.items()},
        "exponents": {figure: grown.exponent(figure) for figure in FIGURES},
    }
