"""Rows from the binlog against rows from the backup that is restored already, and our parser against the server's own.

Seconds from the command to verified rows, of the same job in both ways; the half hour of a restore is not in them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmark.contenders import Contender, ours, timed
from benchmark.ring import DATABASE, Digest, Ring
from mysql.site import GIVEN, USER
from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.binlog import fetch, log_events
from rdsrestore.mysql.rewind.log_walk import LogWalk, Sought
from tool import pause_until_next_second

ONE_BLOCK = "1 % deleted, in one block"
"""Stands for any deletion: what is asked of us is the same."""
PARTS = (100, 5)
"""One row of so many is deleted: 10,000 and 200,000 of a million."""
COLUMNS = 16


def lose(ring: Ring, part: int) -> tuple[Digest, datetime]:
    """Delete rows of a whole table, this time as the binlog tells; returns what has to be, and the moment before."""
    ring.sound = ring.sound and ring.right(ring.whole)
    wanted = ring.damage("nothing wrong")
    moment = pause_until_next_second()
    ring.site.production.sql(f"DELETE FROM billing WHERE id % {part} = 2 AND id <= {ring.rows}", DATABASE)
    return wanted, moment


def compare(ring: Ring, rounds: int) -> bool:
    """Repair each loss in both ways, the order reversed every other round; prints medians, and the ratio of pairs."""
    ring.site.production.sql(f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {USER}@'%'")
    GIVEN.lend(ring.folder / "lent")
    os.environ["PATH"] = f"{ring.folder / 'lent'}:{os.environ['PATH']}"
    right = True
    for part in PARTS:
        seconds: dict[str, list[float]] = {"backup": [], "binlog": []}
        for number in range(rounds):
            for way in ("backup", "binlog") if number % 2 == 0 else ("binlog", "backup"):
                wanted, moment = lose(ring, part)
                more = {"moment": moment.timestamp()} if way == "binlog" else {}
                seconds[way].append(timed(Contender(partial(ours, more=more), ()), ring, ONE_BLOCK).seconds)
                right &= ring.right(wanted)
        told(f"{ring.rows // part:,} of {ring.rows:,} rows deleted", "backup", "binlog", seconds)
    lose(ring, PARTS[-1])
    parsers(ring, rounds)
    return right


def parsers(ring: Ring, rounds: int) -> None:
    """Read the last loss's file by our parser, rows kept, and by the server's program, to nowhere: processor time."""
    ((name, *_more), *_others) = reversed(ring.site.production.sql("SHOW BINARY LOGS"))
    file = Path(ring.site.production.folder) / "data" / name
    program = fetch.program(GIVEN.engine).path

    def theirs() -> None:
        words = [program, "-v", "--base64-output=DECODE-ROWS", str(file)]
        subprocess.run(words, stdout=subprocess.DEVNULL, check=True)

    def own() -> None:
        walk = LogWalk(Sought(TableRef(DATABASE, "billing"), COLUMNS, datetime.now(UTC).timestamp() - 3600))
        walk.take(name, log_events.read(file, name))
        assert walk.changes

    seconds: dict[str, list[float]] = {"theirs": [], "ours": []}
    ways: dict[str, Callable[[], None]] = {"theirs": theirs, "ours": own}
    for number in range(rounds):
        for way in ways if number % 2 == 0 else reversed(ways):
            begun = processor()
            ways[way]()
            seconds[way].append(processor() - begun)
    told(f"a file of {file.stat().st_size / 1e6:,.1f} MB, by {Path(program).name} -v", "theirs", "ours", seconds)


def processor() -> float:
    """Seconds of processor that this process and its children that ended have had."""
    return sum(os.times()[:4])


def told(what: str, other: str, own: str, seconds: dict[str, Sequence[float]] | dict[str, list[float]]) -> None:
    """Print both medians, and how many times as long the other one took, pair by pair."""
    pairs = [theirs / mine for theirs, mine in zip(seconds[other], seconds[own], strict=True)]
    ratios = ", ".join(f"{each:.2f}" for each in pairs)
    medians = ", ".join(f"{way} {statistics.median(taken):.2f} s" for way, taken in seconds.items())
    print(f"{what}: {medians}; {other} / {own} {ratios} x in {len(pairs)} rounds", flush=True)
