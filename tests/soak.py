"""Random incidents under faults, kills, signals, silences, failovers and a second operator; each round is judged.

Run by scripts/soak. Every ending is held against the table's content, read by an outside login. Ends with 1 where an
ending was false, or anything was left: a row, a thing in the account, a schema, a process, a secret on the disk.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from rdsrestore.domain.deadlines import FACTOR
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.lab.launch import control
from rdsrestore.steps.recipe import RECIPE
from tool import SERVER, LabTool, events

ROLE = "arn:aws:iam::123456789012:role/rdsrestore-switch"
FAULTS = ("throttle", "error", "unavailable", "lost", "slow")
ACTIONS = ("rds:*", "ec2:*", "rds:RestoreDBInstanceToPointInTime", "rds:DeleteDBInstance", "scheduler:*", "ec2:Create*")
NOT_ALWAYS = {"raise-retention", "keep-binlog", "reach-moment", "make-after", "make-instance", "landing", "swap"}
STEPS = tuple(step.name for step in RECIPE if step.name not in NOT_ALWAYS)
ROWS = 200
SHORTER = "0.03"
"""Of each deadline: a silence that is waited out takes seconds."""
QUESTIONS = 420
"""About as many are asked in one run."""
AGAIN = 4
"""Times that a person cleans up where the answer is that somebody was silent: a busy machine is, at such deadlines."""
BOUND = 300.0
"""Seconds for a process to end, whatever befell it."""
BACK = 60.0
"""Seconds for production to be there after a failover."""
UNCHANGED = {ExitCode.USAGE, ExitCode.REFUSED, ExitCode.FAILED_CLEAN}
"""Whoever ends so has written nothing."""

Rows = dict[int, str]


@dataclass
class Score:
    """What happened so far."""

    rounds: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)


@dataclass
class Incident:
    """One table: as it was, as the accident left it, and when that was."""

    then: Rows
    damaged: Rows
    before: str

    @property
    def whole(self) -> Rows:
        """What is there when every row is back."""
        return self.damaged | self.then


@dataclass
class Soak:
    """One lab. Each round has its own source of chance, so that it can be had again without those before it."""

    shop: LabTool
    other: LabTool
    """A second operator on the same account, with a home of their own."""
    seed: int
    first: int
    chance: random.Random = field(default_factory=random.Random)
    score: Score = field(default_factory=Score)
    history: list[str] = field(default_factory=list)
    job: str = "table"
    """What a `resume` goes on with."""
    undoes: set[str] = field(default_factory=set)
    """The runs that took another one back."""

    @property
    def number(self) -> int:
        """The round that is under way."""
        return self.first + self.score.rounds - 1

    def round(self) -> None:
        """Make an incident, spoil what can be, run, go on, take back or clean up, and look."""
        self.score.rounds += 1
        self.chance = random.Random(f"{self.seed} {self.number}")
        self.history = []
        incident, earlier = self.accident(), self.newest()
        words = asked = ["table", "soak", "--before", incident.before, "--merge", "overwrite", "--yes"]
        for _attempt in range(self.chance.randrange(1, 5)):
            code = self.attempt(words, incident)
            if code == ExitCode.OK and words[0] != "cleanup":
                words = ["undo", self.newest(), "--yes"] if words[0] != "undo" and self.chance.random() < 0.5 else []
            elif code != ExitCode.OK:
                words = self.chance.choice([["resume", "--yes"], ["cleanup"], words])
                if (
                    words[0] == "resume" and self.newest() <= earlier
                ):  # refused before it began: the newest is another's
                    words = asked
            if not words or (code == ExitCode.OK and words[0] == "cleanup"):
                break
        self.finish(incident)

    def accident(self) -> Incident:
        """Delete some rows and change others; some were written since."""
        then = {key: f"row {self.chance.randrange(1000)}" for key in range(1, ROWS + 1)}
        self.shop.sql("DROP TABLE IF EXISTS shop.soak; CREATE TABLE shop.soak (id INT PRIMARY KEY, text VARCHAR(20))")
        self.shop.sql(f"INSERT INTO shop.soak VALUES {listed(then)}")
        before = self.shop.moment()
        taken = set(self.chance.sample(sorted(then), self.chance.randrange(1, ROWS + 1)))
        changed = self.chance.sample(sorted(then), self.chance.choice([0, 0, 5, 50]))
        since = {ROWS + 1 + extra: "since" for extra in range(self.chance.randrange(5))}
        self.shop.sql(f"DELETE FROM shop.soak WHERE id IN ({', '.join(map(str, taken))})")
        if changed:
            self.shop.sql(f"UPDATE shop.soak SET text = 'changed' WHERE id IN ({', '.join(map(str, changed))})")
        if since:
            self.shop.sql(f"INSERT INTO shop.soak VALUES {listed(since)}")
        return Incident(then, self.rows(), before)

    def attempt(self, words: list[str], incident: Incident) -> int:
        """Run a command while something befalls it, and hold its ending against the table."""
        before = self.rows()
        move = self.chance.choice(["none", "fault", "kill", "signal", "failover", "silence", "silence", "operator"])
        where = (self.chance.choice(["step-started", "step-done"]), self.chance.choice(STEPS))
        self.score.moves[move] += 1
        state = self.shop.place.running()
        if move == "fault":
            for _fault in range(self.chance.randrange(1, 5)):
                wish = {"kind": self.chance.choice(FAULTS), "action": self.chance.choice(ACTIONS), "times": 1}
                control(state, "fault", wish)
        if move == "silence":
            everywhere = self.chance.random() < 0.5
            at = self.chance.randrange(1, QUESTIONS if words[0] == "table" else QUESTIONS // 3)
            control(state, "network", {"silent_at": at, "everywhere": everywhere})
            where = (f"question {at}", "everywhere" if everywhere else "one connection")
        late = partial(self.false.append, self.told(f"{words[0]} [{move}] did not end within {BOUND:.0f} s"))
        place = " ".join(where) if move not in {"none", "fault"} else ""
        with bounded(self.shop, words, late) as process:
            for each in events(process):
                if (each.get("event"), each.get("step")) == where:
                    self.strike(move, process, words)
                    where = ("", "")
        code = process.returncode
        control(state, "fault", {"kind": "none", "action": "*", "times": 0})
        control(state, "network", {})
        self.history.append(f"{' '.join(words[:2])} [{f'{move} {place}'.strip()}] -> {code}")
        self.score.endings[f"{words[0]} {code}"] += 1
        if words[0] == "table":
            self.job = "table"
        if words[0] == "undo":  # the undo of an undo brings back what that took
            self.job = "table" if words[1] in self.undoes else "undo"
            self.undoes |= {self.newest()} - {words[1]} if self.job == "undo" else set()
        self.hold(words[0], code, before, incident)
        return code

    def strike(self, move: str, process: subprocess.Popen[str], words: list[str]) -> None:
        """Do what befalls a process that has come to the chosen place."""
        if move == "kill":
            process.kill()
        if move == "signal":
            process.send_signal(self.chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
        if move == "failover":
            self.shop.lab("failover")
        if move == "operator" and words[0] == "table":
            code = self.other(*words).returncode
            self.history.append(f"second operator -> {code}")
            self.score.endings[f"second operator {code}"] += 1

    def hold(self, command: str, code: int, before: Rows, incident: Incident) -> None:
        """Hold an ending against what is in the table."""
        now = self.rows()
        done = code == ExitCode.OK and command in {"table", "undo", "resume"}
        if done and self.job == "table" and now != incident.whole:
            self.false.append(self.told(f"{command} ended with 0, {apart(now, incident.whole)}"))
        if done and self.job == "undo" and now != incident.damaged and not self.shared:
            self.false.append(self.told(f"{command} of an undo ended with 0, {apart(now, incident.damaged)}"))
        if code in UNCHANGED and command == "table" and now != before and not self.shared:
            self.false.append(self.told(f"{command} ended with {code}, {apart(now, before)}"))
        if code in {ExitCode.BUG, ExitCode.JOURNAL}:
            self.false.append(self.told(f"{command} ended with {code}"))
        strange = {key for key, text in now.items() if text not in {incident.damaged.get(key), incident.whole[key]}}
        if strange or not incident.damaged.keys() <= now.keys():
            self.false.append(self.told("rows that never were, or that are gone"))

    @property
    def false(self) -> list[str]:
        """What was said and is not so."""
        return self.score.false

    @property
    def shared(self) -> bool:
        """Whether a second operator worked on the table in this round."""
        return any(each.startswith("second operator") for each in self.history)

    def finish(self, incident: Incident) -> None:
        """Clean up as a person would, as often as it says, and look for what is left."""
        for operator in (self.shop, self.other):
            for words in (["cleanup"], ["cleanup"], *[["cleanup", "--all", "--yes"]] * AGAIN):
                code = operator(*words).returncode
                self.history.append(f"{' '.join(words)} -> {code}")
                if "--all" in words and code == ExitCode.OK:  # one that found no answer says so, and is run again
                    break
        self.hold("cleanup", 0, incident.damaged, incident)
        left = self.shop.ours() + [f"schedule {name}" for name in self.shop.status()["schedules"]]
        left += processes(self.shop.home.parent) + secrets(self.shop)
        self.score.leaks += [self.told(each) for each in left]

    def new(self) -> list[str]:
        """List what the round that is under way has shown."""
        mine = f"round {self.number}: "
        return [each for each in (*self.score.leaks, *self.score.false) if each.startswith(mine)]

    def rows(self) -> Rows:
        """Read the table as somebody else would, once production is back from a failover."""
        deadline = time.monotonic() + BACK
        while True:
            try:
                return {int(key): text for key, text in self.shop.sql("SELECT id, text FROM shop.soak")}
            except DatabaseError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def newest(self) -> str:
        """Name the last run; empty where there is none."""
        runs = self.shop.home / "runs"
        return max((path.name for path in runs.iterdir()), default="") if runs.exists() else ""

    def told(self, what: str) -> str:
        """Say what is wrong, and after what."""
        return f"round {self.number}: {what}; " + ", ".join(self.history)


@contextmanager
def bounded(shop: LabTool, words: list[str], late: Callable[[], None]) -> Iterator[subprocess.Popen[str]]:
    """Start a command; one that does not end in time is ended, and told."""
    with shop.started(*words) as process:

        def end() -> None:
            late()
            process.kill()

        watchdog = threading.Timer(BOUND, end)
        watchdog.start()
        try:
            yield process
            process.wait()
        finally:
            watchdog.cancel()


def listed(rows: Rows) -> str:
    """Write rows as VALUES takes them."""
    return ", ".join(f"({key}, '{text}')" for key, text in rows.items())


def apart(now: Rows, wanted: Rows) -> str:
    """Say by how many rows two contents differ."""
    return f"and {len({key for key, _text in now.items() ^ wanted.items()})} rows are not as that says"


def processes(folder: Path) -> list[str]:
    """Name the tool's processes that still run, by their environment; Linux only."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            mine = f"RDSRESTORE_HOME={folder}".encode() in (each / "environ").read_bytes()
            words = (each / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended, or is not ours
            continue
        if mine and b"rdsrestore.lab" not in words:
            found.append(f"process {each.name}: {b' '.join(words[:6]).decode(errors='replace')}")
    return found


def secrets(shop: LabTool) -> list[str]:
    """Name files of the tool in which a secret can be read."""
    state = shop.place.running()
    words = [each.encode() for each in (state.password, state.secret_key, state.slack_token)]
    files = (each for each in shop.home.parent.rglob("*") if each.is_file() and shop.folder not in each.parents)
    return [f"secret in {each}" for each in files if any(word in each.read_bytes() for word in words)]


def number_of(problem: str) -> str:
    """Name the round in which something was found wrong."""
    return problem.removeprefix("round ").partition(":")[0]


def main() -> int:
    """Soak for a while and say how it went."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=3)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--from", dest="first", type=int, default=1, help="the round to begin with")
    options.add_argument("--rounds", type=int, help="how many rounds, in place of --minutes")
    options.add_argument("--server", default="mariadb", help="which servers, as lab up takes it")
    wanted = options.parse_args()
    os.environ[SERVER] = wanted.server
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        shop = LabTool(Path(folder) / "lab", Path(folder) / "state")
        try:
            shop.up("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "10")
            shop.env |= {"RDSRESTORE_SWITCH_ROLE": ROLE, FACTOR: SHORTER}
            elsewhere = Path(folder) / "state-of-another"
            other = replace(shop, home=elsewhere, env=shop.env | {"RDSRESTORE_HOME": str(elsewhere)})
            soak = Soak(shop, other, wanted.seed, wanted.first)
            end = time.monotonic() + wanted.minutes * 60
            while soak.score.rounds < wanted.rounds if wanted.rounds else time.monotonic() < end:
                soak.round()
                print(f"round {soak.number}: " + ", ".join(soak.history), flush=True)
                for problem in soak.new():
                    print(f"  WRONG: {problem}", flush=True)
        finally:
            shop.lab("down")
    return tell(soak.score, wanted)


def tell(score: Score, wanted: argparse.Namespace) -> int:
    """Say how it went; returns the exit code."""
    print(f"seed {wanted.seed} on {wanted.server}: {score.rounds} rounds")
    for name, counted in (("what befell them", score.moves), ("endings", score.endings)):
        print(f"{name}: " + ", ".join(f"{what} {times}" for what, times in sorted(counted.items())))
    print(f"leaks: {len(score.leaks)}, false endings: {len(score.false)}")
    again = f"scripts/soak --server {wanted.server} --seed {wanted.seed} --from"
    for problem in (*score.leaks, *score.false):
        print(f"  {problem}")
        print(f"    again: {again} {number_of(problem)} --rounds 1")
    print(f"on with it: {again} {wanted.first + score.rounds}")
    return 1 if score.leaks or score.false else 0


if __name__ == "__main__":
    sys.exit(main())
