"""The benchmarks, run by scripts/bench: us against the tools that people use by hand, or how our cost grows.

The servers are chosen first: what is imported then goes by them.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tool import SERVER


def read_options() -> argparse.Namespace:
    """Read the command line."""
    options = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    options.add_argument("--server", help="mariadb, mysql, or a folder of unpacked packages")
    options.add_argument("--rows", type=int, help="1,000,000 where not given; with --growth the most, 100,000")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--quick", action="store_true", help="5,000 rows at most, one round: that everything works")
    options.add_argument("--delay", type=float, default=0, help="milliseconds there and back on the way to the servers")
    options.add_argument(
        "--cold", type=float, default=0, help="milliseconds for the first read of each block of the copy"
    )
    options.add_argument("--busy", action="store_true", help="an application writes meanwhile: what it feels of us")
    options.add_argument("--binlog", action="store_true", help="rows from the binlog against rows from the backup")
    options.add_argument("--lock-mode", type=int, default=1, help="production's innodb_autoinc_lock_mode")
    options.add_argument("--incident", action="append", help="only this one")
    options.add_argument("--growth", action="store_true", help="how cost grows, in what servers count")
    options.add_argument("--only", action="append", default=[], help="only this dimension of growth")
    options.add_argument("--json", type=Path, help="write all figures here")
    options.add_argument("--keep", type=Path, help="keep the figures in this folder, by release, server and rows")
    options.add_argument("--draw", type=Path, help="only draw charts of the figures in this folder, and print tables")
    return options.parse_args()


def main() -> int:
    """Run what is asked for."""
    wanted = read_options()
    if wanted.server:
        os.environ[SERVER] = wanted.server
    if wanted.growth:
        from benchmark import growth  # noqa: PLC0415 - goes by the servers that were chosen

        largest = wanted.rows or growth.USUAL
        return growth.main(quick=wanted.quick, chosen=wanted.only, largest=largest, path=wanted.json)
    if wanted.draw:
        from benchmark import figures  # noqa: PLC0415 - likewise

        return figures.main(wanted.draw)
    from benchmark import contest  # noqa: PLC0415 - likewise

    return contest.main(wanted)


sys.exit(main())
