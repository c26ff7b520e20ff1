"""An application that works on production meanwhile, and how long each of its transactions takes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmark.ring import DATABASE, LIVE, Ring

THREADS = 2
PAUSE = 0.02
"""Seconds that each thread thinks between two transactions."""


@dataclass
class Latencies:
    """When each transaction began, and how long it took, in seconds."""

    found: list[tuple[float, float]] = field(default_factory=list)

    def within(self, first: float, last: float) -> Latencies:
        """Take those that began between two moments."""
        return Latencies([each for each in self.found if first <= each[0] <= last])

    def percentile(self, share: float) -> float:
        """The time within which this share of the transactions ended, in milliseconds."""
        ordered = sorted(seconds for _begun, seconds in self.found)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 if ordered else 0.0


@contextmanager
def busy(ring: Ring) -> Iterator[Latencies]:
    """Work until the end: each transaction writes a row, changes it, and reads another."""
    found, over = Latencies(), threading.Event()
    threads = [threading.Thread(target=work, args=(ring, number, found, over)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()


def work(ring: Ring, number: int, found: Latencies, over: threading.Event) -> None:
    """One thread of it."""
    chance, key = random.Random(number), LIVE + number + THREADS * (time.time_ns() // 1_000_000 % 500_000_000)  # noqa: S311 - no secret
    with ring.site.production.root(DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        while not over.wait(PAUSE):
            key += THREADS
            begun = time.monotonic()
            cursor.execute("START TRANSACTION")
            cursor.execute(
                "INSERT INTO billing (id, customer_id, invoice_no, amount, currency, status, name, created_at)"
                f" VALUES ({key}, 1, 'live-{key}', 1, 'EUR', 'open', 'live', NOW(6))"
            )
            cursor.execute(f"UPDATE billing SET amount = 2 WHERE id = {key}")
            cursor.execute(f"SELECT * FROM billing WHERE id = {chance.randrange(1, ring.rows)}")
            cursor.fetchall()
            cursor.execute("COMMIT")
            found.found.append((begun, time.monotonic() - begun))
