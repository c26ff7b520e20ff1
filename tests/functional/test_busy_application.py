"""An application that writes hundreds of rows a second during a whole run: nothing of its work is lost, and no row is doubled."""

from __future__ import annotations

import random
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pymysql
import pytest
from pymysql.constants import ER
from pymysql.cursors import Cursor

from tiers import amount
from tool import LabTool, counted, events

ROUNDS = amount(1, long=10)
ROWS = 3000
WRITERS = 3
PAUSE = 0.002
"""Seconds between two of a writer's transactions: the run is what has to get on."""
SEEDED = 0
"""The version of rows as they were before; the application's own are larger, and each is written once."""


@dataclass(frozen=True)
class Last:
    """The last thing that was done to a row, and what was known when it began."""

    version: int | None
    seen: int | None
    planned: bool


@dataclass
class Writer:
    """A thread of the application; a row belongs to one of them, so that it knows what it wrote last."""

    shop: LabTool
    number: int
    planned: threading.Event
    stop: threading.Event
    rows: dict[int, Last] = field(default_factory=dict)
    logged: set[str] = field(default_factory=set)
    error: BaseException | None = None

    def run(self) -> None:
        chance = random.Random(self.number)  # noqa: S311 - not for secrets
        try:
            with connected(self.shop) as cursor:
                version = self.number
                while not self.stop.wait(PAUSE):
                    version += WRITERS
                    try:
                        self.act(cursor, chance, version)
                    except pymysql.IntegrityError as error:
                        if error.args[0] != ER.DUP_ENTRY:
                            raise
                        cursor.execute("ROLLBACK")  # the row came back between our look and our insert: it stays
        except BaseException as error:  # noqa: BLE001 - whoever joins the thread raises it again
            self.error = error

    def act(self, cursor: Cursor, chance: random.Random, version: int) -> None:
        """Write one row: a new one, or any of this writer's share, those that the incident took included."""
        planned = self.planned.is_set()
        key = version + ROWS if chance.random() < 0.2 else chance.randrange(ROWS // WRITERS) * WRITERS + self.number
        cursor.execute("START TRANSACTION")
        cursor.execute("SELECT version FROM account WHERE id = %s FOR UPDATE", (key,))
        found = cursor.fetchone()
        left: int | None = version
        if not found:
            cursor.execute("INSERT INTO account VALUES (%s, %s, %s)", (key, version, f"new {version}"))
            cursor.execute("INSERT INTO entry VALUES (%s)", (f"new {version}",))
        elif chance.random() < 0.7:
            cursor.execute("UPDATE account SET version = %s, text = 'mine' WHERE id = %s", (version, key))
        else:
            cursor.execute("DELETE FROM account WHERE id = %s", (key,))
            left = None
        cursor.execute("COMMIT")
        self.rows[key] = Last(left, found[0] if found else None, planned)
        if not found:
            self.logged.add(f"new {version}")


@contextmanager
def connected(shop: LabTool) -> Iterator[Cursor]:
    state = shop.place.running()
    connection = pymysql.connect(
        host=state.host,
        port=state.port,
        user=state.user,
        password=state.password,
        ssl=ssl.create_default_context(cafile=str(shop.place.ca)),
        database="busy",
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        yield cursor


@contextmanager
def busy(shop: LabTool, planned: threading.Event) -> Iterator[Sequence[Writer]]:
    """Let the application write; its errors are errors of the test."""
    stop = threading.Event()
    writers = [Writer(shop, number, planned, stop) for number in range(WRITERS)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for writer in writers:
        if writer.error:
            raise writer.error


@pytest.mark.parametrize("_round", range(ROUNDS))
@pytest.mark.parametrize("policy", ["missing", "overwrite", "exact"])
def test_what_an_application_writes_meanwhile_stays(own: LabTool, policy: str, _round: int) -> None:
    own.up("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--empty")
    own.sql(f"""
        CREATE DATABASE busy; USE busy;
        CREATE TABLE account (id INT PRIMARY KEY, version INT NOT NULL, text VARCHAR(20));
        CREATE TABLE entry (text VARCHAR(20));
        INSERT INTO account SELECT seq, {SEEDED}, CONCAT('was ', seq) FROM {counted(ROWS - 1, 0)};
        INSERT INTO entry SELECT CONCAT('was ', seq) FROM {counted(ROWS - 1, 0)};""")
    before = own.moment()
    own.sql("""
        USE busy; DELETE FROM account WHERE id % 5 < 2; UPDATE account SET version = -1 WHERE id % 5 = 2;
        DELETE FROM entry WHERE text LIKE '%7'""")
    tables = ["account", "entry"] if policy == "missing" else ["account"]
    words = ["table", *tables, "--database", "busy", "--before", before, "--merge", policy, "--yes"]
    words += ["--confirm", "account"] if policy == "exact" else []
    planned = threading.Event()

    with busy(own, planned) as writers, own.started(*words) as process:
        for each in events(process):
            if each.get("event") == "step-done" and each.get("step") == "compare":
                planned.set()
        assert process.wait() == (8 if each["not_back"] else 0)  # what the application took away or held is not back

    now = {
        int(key): (int(version), text) for key, version, text in own.sql("SELECT id, version, text FROM busy.account")
    }
    last = {key: each for writer in writers for key, each in writer.rows.items()}
    assert sum(each.planned for each in last.values()) > 100
    for key, done in last.items():
        assert fits(policy, key, done, now.get(key)), (key, done, now.get(key))
    for key in set(range(ROWS)) - set(last):
        damaged = key % 5 == 2 and policy == "missing"
        assert now[key] == (-1 if damaged else SEEDED, f"was {key}")
    assert set(now) <= {*range(ROWS), *last}
    entries = sorted(row[0] for row in own.sql("SELECT text FROM busy.entry"))
    logged = [text for writer in writers for text in writer.logged]
    kept = [f"was {number}" for number in range(ROWS) if "entry" in tables or number % 10 != 7]
    assert entries == sorted([*kept, *logged])
    assert own.ours() == []


def fits(policy: str, key: int, last: Last, now: tuple[int, str] | None) -> bool:
    """Whether a row is what it has to be after the last thing that the application did to it."""
    restored = now == (SEEDED, f"was {key}")
    if last.version is not None:
        kept = now is not None and now[0] == last.version
        if last.planned or policy == "missing":
            return kept
        return kept or restored or (policy == "exact" and key >= ROWS and now is None)
    if last.planned and last.seen is not None and last.seen <= SEEDED:
        return now is None
    return now is None or restored
