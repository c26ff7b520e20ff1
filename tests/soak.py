"""Random incidents under random faults and kills on the lab, with a fixed seed; the invariants are checked each round.

Run by scripts/soak. Ends with 1 where anything leaked or a row is wrong.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from rdsrestore.lab.launch import control
from rdsrestore.steps.recipe import RECIPE
from tool import LabTool, kill_at

ROLE = "arn:aws:iam::123456789012:role/rdsrestore-switch"
FAULTS = ("throttle", "error", "unavailable", "lost", "slow")
ACTIONS = ("rds:*", "ec2:*", "rds:RestoreDBInstanceToPointInTime", "rds:DeleteDBInstance", "scheduler:*", "ec2:Create*")
STEPS = tuple(step.name for step in RECIPE if step.name not in {"reach-moment", "landing", "swap"})
ROWS = 200
INCOMPLETE = 6
"""The exit code of a run that could not remove all it made."""
CHANGED = 5
"""The exit code of a cleanup after a run that had written some of its rows."""


@dataclass
class Score:
    """What happened so far."""

    rounds: int = 0
    kills: int = 0
    resumed: int = 0
    cleaned: int = 0
    leaks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Soak:
    """One lab. Each round has its own source of chance, so that it can be had again without those before it."""

    shop: LabTool
    seed: int
    first: int
    chance: random.Random = field(default_factory=random.Random)
    score: Score = field(default_factory=Score)

    def round(self) -> None:
        """Make an incident, spoil the cloud, run, kill, go on or clean up, and check."""
        number = self.first + self.score.rounds
        self.score.rounds += 1
        self.chance = random.Random(f"{self.seed} {number}")
        then = {key: f"row {self.chance.randrange(1000)}" for key in range(1, ROWS + 1)}
        rows = ", ".join(f"({key}, '{text}')" for key, text in then.items())
        self.shop.sql("DROP TABLE IF EXISTS shop.soak; CREATE TABLE shop.soak (id INT PRIMARY KEY, text VARCHAR(20))")
        self.shop.sql(f"INSERT INTO shop.soak VALUES {rows}")
        before = self.shop.moment()
        taken = set(self.chance.sample(sorted(then), self.chance.randrange(1, ROWS)))
        since = {ROWS + 1 + extra: "since" for extra in range(self.chance.randrange(5))}
        self.shop.sql(f"DELETE FROM shop.soak WHERE id IN ({', '.join(map(str, taken))})")
        if since:
            self.shop.sql(
                f"INSERT INTO shop.soak VALUES {', '.join(f'({key}, {text!r})' for key, text in since.items())}"
            )
        damaged = {key: text for key, text in then.items() if key not in taken} | since
        for _fault in range(self.chance.randrange(4)):
            kind, action = self.chance.choice(FAULTS), self.chance.choice(ACTIONS)
            control(self.shop.place.running(), "fault", {"kind": kind, "action": action, "times": 1})
        code, planned = self.attempt(before)
        control(self.shop.place.running(), "fault", {"kind": "none", "action": "*", "times": 0})
        if code == INCOMPLETE:  # it said so, and says what to type
            assert self.shop("cleanup").returncode in {0, CHANGED}
        self.judge(number, damaged, damaged | then, planned=planned)

    def attempt(self, before: str) -> tuple[int, bool]:
        """Run, perhaps killed at a step and perhaps again in the resume.

        Returns the exit code, and whether the rows have to be back.
        """
        words = ["table", "soak", "--before", before, "--yes"]
        killed = False
        while self.chance.random() < 0.6:
            step, event = self.chance.choice(STEPS), self.chance.choice(["step-started", "step-done"])
            with self.shop.started(*words) as process:
                killed = kill_at(process, event, step)
            if not killed:
                return process.returncode, process.returncode == 0
            self.score.kills += 1
            words = ["resume", "--yes"]
        if killed and self.chance.random() < 0.5:
            self.score.cleaned += 1
            return self.shop("cleanup").returncode, False
        ended = self.shop(*words)
        self.score.resumed += killed
        return ended.returncode, ended.returncode == 0

    def judge(self, number: int, damaged: dict[int, str], whole: dict[int, str], *, planned: bool) -> None:
        """Compare what is there with what has to be."""
        self.score.leaks += [f"round {number}: {name}" for name in self.shop.ours()]
        self.score.leaks += [f"round {number}: schedule {name}" for name in self.shop.status()["schedules"]]
        now = {int(key): text for key, text in self.shop.sql("SELECT id, text FROM shop.soak")}
        right = now == whole if planned else damaged.items() <= now.items() <= whole.items()
        if not right:
            self.score.wrong.append(f"round {number}: {len(whole.items() ^ now.items())} rows differ")


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
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        shop = LabTool(Path(folder) / "lab", Path(folder) / "state")
        try:
            shop.up("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "10")
            shop.env["RDSRESTORE_SWITCH_ROLE"] = ROLE
            soak = Soak(shop, wanted.seed, wanted.first)
            end = time.monotonic() + wanted.minutes * 60
            while soak.score.rounds < wanted.rounds if wanted.rounds else time.monotonic() < end:
                soak.round()
            faults = control(shop.place.running(), "faults", {})
        finally:
            shop.lab("down")
    score = soak.score
    print(f"seed {wanted.seed}: {score.rounds} rounds, {sum(faults.values())} faults injected {faults}")
    print(f"{score.kills} kills survived: {score.resumed} runs resumed, {score.cleaned} cleaned up")
    print(f"leaks: {len(score.leaks)}, wrong rows: {len(score.wrong)}")
    for problem in (*score.leaks, *score.wrong):
        print(f"  {problem}")
        print(f"    again: scripts/soak --seed {wanted.seed} --from {number_of(problem)} --rounds 1")
    print(f"on with it: scripts/soak --seed {wanted.seed} --from {wanted.first + score.rounds}")
    return 1 if score.leaks or score.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
