"""Who repairs the damage: we, the tools that people use by hand, and the floor that nobody can beat."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmark.costs import server_cpu
from benchmark.ring import ALL, DATABASE, INCIDENTS, POLICIES, TABLE, Ring
from mysql.site import GIVEN
from rdsrestore.domain.request.merge_policy import Merge

LOOK = 0.1
"""Seconds between two looks at how much memory a contender's programs have."""
STEPS = "steps.json"
PARTIAL = tuple(name for name in INCIDENTS if name != ALL)


@dataclass(frozen=True)
class Contender:
    """Repairs damage by `run`, which returns the largest memory of all its programs together, in MB.

    `tools` are the programs that have to be there, `incidents` those that it can repair. `ready` prepares it outside
    its time. One that is not `keeping` deletes rows that production alone has.
    """

    run: Callable[[Ring, str], float]
    tools: tuple[str, ...]
    incidents: tuple[str, ...] = tuple(INCIDENTS)
    ready: Callable[[Ring], None] = lambda _ring: None
    keeping: bool = True

    @property
    def missing(self) -> list[str]:
        """The programs that are not there."""
        return [tool for tool in self.tools if not shutil.which(tool)]


def program(name: str) -> str:
    """Find a program."""
    return shutil.which(name) or name


def memory(pids: Iterable[int]) -> float:
    """Add up what processes and their children have in memory now, in MB."""
    total = 0.0
    for pid in pids:
        try:
            kilobytes = Path(f"/proc/{pid}/smaps_rollup").read_text().split("Pss:")[1].split()[0]
            threads = Path(f"/proc/{pid}/task").iterdir()
            children = [word for each in threads for word in (each / "children").read_text().split()]
        except (OSError, IndexError):
            continue
        total += int(kilobytes) / 1024 + memory(map(int, children))
    return total


def peak(*commands: list[str], fine: frozenset[int] = frozenset({0}), **streams: Any) -> float:  # noqa: ANN401 - a benchmark's
    """Run programs joined by pipes to their end; returns their largest memory together."""
    processes: list[subprocess.Popen[bytes]] = []
    for place, command in enumerate(commands):
        more: dict[str, Any] = dict(streams) if place == len(commands) - 1 else {"stdout": subprocess.PIPE}
        if processes:
            more["stdin"] = processes[-1].stdout
        processes.append(subprocess.Popen(command, **more))
    for process in processes[:-1]:
        if process.stdout:
            process.stdout.close()
    found, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(LOOK):
            found.append(memory(each.pid for each in processes))

    watcher = threading.Thread(target=look)
    watcher.start()
    ended = [each.wait() for each in processes]
    over.set()
    watcher.join()
    for code, command in zip(ended, commands, strict=True):
        if code not in fine:
            raise SystemExit(f"error: {Path(command[0]).name} ended with {code}")
    return max(found)


def ours(ring: Ring, incident: str, more: Mapping[str, object] = {}) -> float:
    """The steps of a run from locate to verify, in a process of their own; with `--fast` where no `pace` is named."""
    wish = {
        "ports": ring.doors,
        "ca": str(ring.site.ca),
        "folder": str(ring.folder),
        "policy": POLICIES[incident].value,
        "steps": str(ring.folder / STEPS),
        **more,
    }
    return peak([sys.executable, "-m", "benchmark.ours", json.dumps(wish)], stdout=subprocess.DEVNULL)


def steps(ring: Ring) -> dict[str, tuple[float, float]]:
    """When each of our steps began and ended the last time."""
    found: dict[str, tuple[float, float]] = json.loads((ring.folder / STEPS).read_text())
    return found


def dump_words(ring: Ring, incident: str) -> list[str]:
    """The usual command line of mysqldump."""
    how = {Merge.MISSING: ["--insert-ignore"], Merge.OVERWRITE: ["--replace"]}[POLICIES[incident]]
    words = [program("mysqldump"), f"--defaults-file={ring.options('copy')}", "-t", "--single-transaction"]
    return [*words, "--hex-blob", "--tz-utc", *([] if incident == ALL else how), DATABASE, TABLE]


def load_words(ring: Ring) -> list[str]:
    """The usual command line of mysql."""
    return [program("mysql"), f"--defaults-file={ring.options('production')}", "--binary-mode", DATABASE]


def by_hand(ring: Ring, incident: str) -> float:
    """mysqldump into a file, and the file into mysql, rows that are there ignored or replaced."""
    path = ring.folder / "by-hand.sql"
    with path.open("wb") as file:
        first = peak(dump_words(ring, incident), stdout=file)
    with path.open("rb") as file:
        second = peak(load_words(ring), stdin=file)
    path.unlink()
    return max(first, second)


def piped(ring: Ring, incident: str) -> float:
    """mysqldump into mysql."""
    return peak(dump_words(ring, incident), load_words(ring))


def mydumper(ring: Ring, incident: str) -> float:
    """mydumper in chunks of 50,000 rows, then myloader; as many threads as we have writers."""
    del incident
    folder = ring.folder / "mydumper"
    secure = ["--ssl", f"--ca={ring.site.ca}"]
    dump = [program("mydumper"), f"--defaults-file={ring.options('copy')}", *secure, "-B", DATABASE, "-T", TABLE]
    first = peak([*dump, "-t", "2", "-r", "50000", "-m", "-o", str(folder), "-v", "0"])
    for path in folder.glob("*schema*"):
        path.unlink()
    load = [program("myloader"), f"--defaults-file={ring.options('production')}", *secure, "-t", "2", "-e"]
    second = peak([*load, "-d", str(folder), "-v", "0"], fine=frozenset({0, 1}))  # 1: its threads met in a deadlock
    shutil.rmtree(folder)
    return max(first, second)


def mydumper_checked(ring: Ring, incident: str) -> float:
    """The same, and CHECKSUM TABLE on both servers at the same time, as later versions of mydumper can."""
    most = mydumper(ring, incident)
    query = ["-N", "-e", f"CHECKSUM TABLE {TABLE}"]
    sides = [program("mysql"), f"--defaults-file={ring.options('copy')}", DATABASE, *query], [*load_words(ring), *query]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE) for words in sides]
    for process in running:
        process.communicate()
    return most


def prepare_text(ring: Ring) -> None:
    """Have the copy write its rows as LOAD DATA takes them; nobody counts the time for that."""
    path = ring.folder / "rows.tsv"
    if not path.exists():
        ring.site.copy.sql(f"SELECT * INTO OUTFILE '{path}' FROM {TABLE}", DATABASE)


COLUMNS = f"FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '{DATABASE}' AND TABLE_NAME = '{TABLE}' ORDER BY ORDINAL_POSITION"


def load_data(ring: Ring, incident: str) -> float:
    """LOAD DATA LOCAL of rows that lie ready: what the server needs alone."""
    del incident
    text = f"SET sql_mode = ''; LOAD DATA LOCAL INFILE '{ring.folder / 'rows.tsv'}' INTO TABLE {TABLE} CHARACTER SET binary"
    if GIVEN.engine == "mysql":  # which takes no document of bytes
        names = [name for (name,) in ring.site.copy.sql(f"SELECT COLUMN_NAME {COLUMNS}", DATABASE)]
        given = ", ".join("@extra" if name == "extra" else name for name in names)
        text += f" ({given}) SET extra = CONVERT(@extra USING utf8mb4)"
    return peak([*load_words(ring), "--local-infile=1", "-e", text])


def table_sync(ring: Ring, incident: str) -> float:
    """pt-table-sync from the copy to production; 2 says that differences were found and put right."""
    del incident
    sides = [f"F={ring.options(name)},D={DATABASE},t={TABLE}" for name in ("copy", "production")]
    words = [program("pt-table-sync"), "--execute", "--no-check-slave", *sides]
    return peak(words, fine=frozenset({0, 2}), stdout=subprocess.DEVNULL)


UNHEEDED = 10_000
"""Threads running: a limit that is never reached, but under which a load runs no long statement."""
OURS, OUR_TOOLS = "rdsrestore", ("mysqldump", "mysql", "python3")
PEERS: dict[str, Contender] = {
    OURS: Contender(ours, OUR_TOOLS),
    "rdsrestore, no --fast": Contender(partial(ours, more={"pace": "default"}), OUR_TOOLS),
    "rdsrestore --swap": Contender(partial(ours, more={"beside": True}), OUR_TOOLS, (ALL,)),
    "rdsrestore --in-place shadow": Contender(partial(ours, more={"shadow": True}), OUR_TOOLS, (ALL,)),
    "--swap, indexes first": Contender(partial(ours, more={"beside": True, "max_load": UNHEEDED}), OUR_TOOLS, (ALL,)),
    "mysqldump, mysql": Contender(by_hand, ("mysqldump", "mysql")),
    "mysqldump | mysql": Contender(piped, ("mysqldump", "mysql"), (ALL,)),
    "mydumper, myloader": Contender(mydumper, ("mydumper", "myloader"), (ALL,)),
    "mydumper, checked": Contender(mydumper_checked, ("mydumper", "myloader", "mysql"), (ALL,)),
    "LOAD DATA, the floor": Contender(load_data, ("mysql",), (ALL,), prepare_text),
    "pt-table-sync": Contender(table_sync, ("pt-table-sync",), PARTIAL, keeping=False),
}
COLD: dict[str, Contender] = {
    OURS: Contender(ours, OUR_TOOLS),
    "ours, none ahead": Contender(partial(ours, more={"readers": 1, "warmers": 0}), OUR_TOOLS),
    "mysqldump, mysql": PEERS["mysqldump, mysql"],
}
"""Who is of interest where the copy's first reads are slow."""


@dataclass(frozen=True)
class Figures:
    """What one repair took: seconds by the clock, MB of memory of all its programs, MB that both servers moved.

    `client`, `copy` and `production` are seconds of processor that each had, as the kernel counts them: the contender
    with all its programs, and both servers.
    """

    seconds: float
    memory: float
    moved: float
    client: float
    copy: float
    production: float


MACHINES = ("client", "copy", "production")


def timed(contender: Contender, ring: Ring, incident: str) -> Figures:
    """Let one repair; returns what it took."""
    before = [ring.moved(), *cpu(ring)]
    begun = time.monotonic()
    megabytes = contender.run(ring, incident)
    seconds = time.monotonic() - begun
    moved, *used = (after - then for after, then in zip([ring.moved(), *cpu(ring)], before, strict=True))
    return Figures(seconds, megabytes, moved / 1e6, *used)


def cpu(ring: Ring) -> list[float]:
    """Seconds of processor that programs of ours which have ended, the copy and production had so far."""
    programs = resource.getrusage(resource.RUSAGE_CHILDREN)
    servers = (server_cpu(server) for server in (ring.site.copy, ring.site.production))
    return [programs.ru_utime + programs.ru_stime, *servers]
