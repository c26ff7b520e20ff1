"""Us against the tools that people use by hand, in turn, on the same data; prints medians and ratios.

Run by scripts/bench. Two servers are started; each contender gets the same damaged table and its result is checked by
a digest of all rows. Ends with 1 where anybody's result is wrong. Only the data path is measured: no cloud.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from engines.mysql.site import PASSWORD, USER, Server, Site, launch, silent
from rdsrestore.core.bounds import Pace
from rdsrestore.core.model import Merge, Policy
from rdsrestore.engines.mysql import clients
from rdsrestore.lab import tls

DATABASE = "bench"
TABLE = "billing"
CREATE = """
CREATE TABLE billing (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, customer_id INT UNSIGNED NOT NULL, invoice_no VARCHAR(40) NOT NULL,
  amount DECIMAL(12,2) NOT NULL, discount DECIMAL(6,3) NULL, currency CHAR(3) NOT NULL,
  status ENUM('open','paid','void') NOT NULL, name VARCHAR(80) NOT NULL, street VARCHAR(80), city VARCHAR(60),
  note TEXT, extra JSON, created_at DATETIME(6) NOT NULL, due_at DATETIME(6),
  updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), token VARBINARY(64),
  UNIQUE KEY invoice (invoice_no), KEY customer (customer_id, created_at), KEY state (status, updated_at)
) DEFAULT CHARSET utf8mb4
"""
FILL = """
INSERT INTO billing SELECT seq, 1 + CRC32(seq) % 50000, CONCAT(SUBSTR(MD5(seq), 1, 10), '-', seq), CRC32(seq) % 1000000 / 100,
  IF(seq % 3, NULL, seq % 100 / 8), ELT(1 + seq % 3, 'EUR', 'USD', 'CHF'), ELT(1 + seq % 3, 'open', 'paid', 'void'),
  CONCAT('Customer ', MD5(seq * 7)), CONCAT('Straße ', seq % 997), ELT(1 + seq % 4, 'Köln', 'Paris', 'Oslo', 'Łódź 🙈'),
  CONCAT('a note\\n\\twith "quotes" and ''more'' ', MD5(seq * 3)), CONCAT('{"n": ', seq, ', "tags": ["a", "b"]}'),
  '2017-01-01' + INTERVAL seq SECOND, '2017-02-01' + INTERVAL seq SECOND, '2017-03-01' + INTERVAL seq SECOND,
  UNHEX(SHA2(seq, 256)) FROM seq_1_to_{rows}
"""
NEWS = """
INSERT INTO billing (id, customer_id, invoice_no, amount, currency, status, name, created_at, updated_at)
  SELECT 1000000000 + seq, 1, CONCAT('new-', seq), 1, 'EUR', 'open', 'since', '2018-01-01', '2018-01-01' FROM seq_1_to_{news}
"""
DIGEST = """
SELECT COUNT(*), SUM(CAST(CONV(SUBSTR(MD5(CONCAT_WS('|', id, customer_id, invoice_no, amount, IFNULL(discount, '~'), currency,
  status, name, IFNULL(street, '~'), IFNULL(city, '~'), IFNULL(note, '~'), IFNULL(extra, '~'), created_at, IFNULL(due_at, '~'),
  updated_at, IFNULL(HEX(token), '~'))), 1, 15), 16, 10) AS UNSIGNED)) FROM billing
"""
INCIDENTS = {
    "all deleted": "TRUNCATE billing",
    "1 % deleted, scattered": "DELETE FROM billing WHERE id % 100 = 7 AND id <= {rows}",
    "1 % deleted, in one block": "DELETE FROM billing WHERE id BETWEEN {rows} / 2 AND {rows} / 2 + {rows} / 100 - 1",
    "1 % wrongly updated, scattered": "UPDATE billing SET amount = 0, updated_at = '2019-01-01' WHERE id % 100 = 7 AND id <= {rows}",
    "nothing wrong": "DO 1",
}
POLICIES = {name: Merge.OVERWRITE if "updated" in name or "nothing" in name else Merge.MISSING for name in INCIDENTS}


@dataclass
class Result:
    """One contender's runs of one incident: seconds, and the largest resident size of its own process in MB."""

    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    right: bool = True

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass
class Ring:
    """The two servers and the state to come back to."""

    site: Site
    rows: int
    folder: Path

    def prepare(self) -> None:
        """Fill both servers."""
        news = NEWS.format(news=self.rows // 200)
        for server in (self.site.production, self.site.copy):
            server.sql(f"SET sql_log_bin = 0, sql_mode = ''; CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
            server.sql(
                f"SET sql_log_bin = 0, sql_mode = ''; {CREATE}; {FILL.replace('{rows}', str(self.rows))}", DATABASE
            )
        self.site.production.sql(f"SET sql_log_bin = 0, sql_mode = ''; {news}", DATABASE)
        self.whole = self.site.production.sql(DIGEST, DATABASE)
        self.bare = self.site.copy.sql(DIGEST, DATABASE)
        for number, text in enumerate(("CREATE TABLE spare LIKE billing", "INSERT INTO spare SELECT * FROM billing")):
            del number
            self.site.production.sql(f"SET sql_log_bin = 0, sql_mode = ''; {text}", DATABASE)

    def damage(self, incident: str) -> list[tuple[object, ...]]:
        """Bring production back to before, and let the incident happen; returns what the result has to be."""
        sql = INCIDENTS[incident].format(rows=self.rows)
        again = "TRUNCATE billing; INSERT INTO billing SELECT * FROM spare"
        self.site.production.sql(f"SET sql_log_bin = 0, sql_mode = ''; {again}; {sql}", DATABASE)
        self.site.production.sql("RESET MASTER; FLUSH TABLES")
        return self.bare if incident == "all deleted" else self.whole

    def options(self, server: Server, name: str) -> Path:
        """Write an option file for one of the servers."""
        path = self.folder / f"{name}.cnf"
        quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        path.write_text(
            f'[client]\nuser={USER}\npassword="{quoted}"\nhost=127.0.0.1\nport={server.port}\nprotocol=tcp\nssl-ca={self.site.ca}\n'
        )
        path.chmod(0o600)
        return path


Contender = Callable[[Ring, str], float]
"""Repairs the damage of an incident; returns its largest resident size in MB."""


def peak(command: list[str], **more: object) -> float:
    """Run a program to its end; returns its largest resident size in MB."""
    with subprocess.Popen(command, **more) as process:  # type: ignore[call-overload]  # a benchmark's streams
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"error: {Path(command[0]).name} ended with {process.returncode}")
    return float(usage.ru_maxrss) / 1024


def ours(ring: Ring, incident: str) -> float:
    """The steps of a run from locate to verify, in a process of their own."""
    site = ring.site
    wish = {
        "ports": [site.production.port, site.copy.port],
        "folders": [str(site.production.folder), str(site.copy.folder)],
    }
    wish |= {
        "ca": str(site.ca),
        "folder": str(ring.folder),
        "policy": POLICIES[incident].value,
        "empty": incident == "all deleted",
    }
    return peak([sys.executable, __file__, "--ours", json.dumps(wish)], stdout=subprocess.DEVNULL)


def steps(text: str) -> None:
    """Do what `ours` asks for."""
    wish = json.loads(text)
    production, copy = (
        Server(Path(folder), port, None)  # type: ignore[arg-type]  # another process has it
        for folder, port in zip(wish["folders"], wish["ports"], strict=True)
    )
    with tempfile.TemporaryDirectory(dir=wish["folder"]) as folder:
        site = Site(production, copy, Path(wish["ca"]), Path(folder), DATABASE)
        policy = Policy(Merge(wish["policy"]))
        if wish["empty"]:
            site.dump(TABLE)
        else:
            site.locate(TABLE, policy, content=policy.merge is not Merge.MISSING)
        repair(site, policy)


def repair(site: Site, policy: Policy) -> None:
    """The steps after the dump, as the recipe has them."""
    scratch, told = "rdsrestore_260101_000000_abcd", silent
    with site.live() as server:
        server.create_scratch(scratch, "260101-000000-abcd")
        target = site.target(TABLE, policy=policy)
        target = replace(target, whole=server.takes_whole(target))
        server.stage(scratch, target, site.folder, told)
        (difference,) = server.compare(scratch, [target], told)
        server.save(scratch, target, site.folder, told)
        untouched = server.rest(scratch, target)
        server.load(scratch, [target], site.folder, Pace(), told)
        ledger = server.ledger(scratch, target, site.folder, difference.live, untouched, told)
        assert ledger.matching == ledger.planned
        server.drop_scratch(scratch)


def by_hand(ring: Ring, incident: str) -> float:
    """mysqldump into a file, and the file into mysql, rows that are there ignored or replaced."""
    copy, production = ring.options(ring.site.copy, "copy"), ring.options(ring.site.production, "production")
    how = {Merge.MISSING: ["--insert-ignore"], Merge.OVERWRITE: ["--replace"]}[POLICIES[incident]]
    dump = [
        shutil.which("mysqldump") or "",
        f"--defaults-file={copy}",
        "-t",
        "--single-transaction",
        "--hex-blob",
        "--tz-utc",
    ]
    path = ring.folder / "by-hand.sql"
    with path.open("wb") as file:
        first = peak([*dump, *([] if incident == "all deleted" else how), DATABASE, TABLE], stdout=file)
    with path.open("rb") as file:
        words = [shutil.which("mysql") or "", f"--defaults-file={production}", "--binary-mode", DATABASE]
        second = peak(words, stdin=file)
    path.unlink()
    return max(first, second)


def table_sync(ring: Ring, incident: str) -> float:
    """pt-table-sync from the copy to production."""
    del incident
    copy, production = ring.options(ring.site.copy, "copy"), ring.options(ring.site.production, "production")
    words = [shutil.which("pt-table-sync") or "", "--execute", "--no-check-slave"]
    sides = [f"F={copy},D={DATABASE},t={TABLE}", f"F={production},D={DATABASE},t={TABLE}"]
    with subprocess.Popen([*words, *sides], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 2}:  # 2: differences were found, and put right
        raise SystemExit(f"error: pt-table-sync ended with {process.returncode}")
    return float(usage.ru_maxrss) / 1024


PEERS: dict[str, tuple[str, Contender]] = {
    "rdsrestore": ("python3", ours),
    "mysqldump + mysql": ("mysqldump", by_hand),
    "pt-table-sync": ("pt-table-sync", table_sync),
}


def contest(ring: Ring, rounds: int) -> dict[str, dict[str, Result]]:
    """Let everybody repair every incident, in turn, the order reversed every other round."""
    there = [name for name, (tool, _run) in PEERS.items() if shutil.which(tool)]
    found: dict[str, dict[str, Result]] = {}
    for incident in INCIDENTS:
        fit = [name for name in there if not (name == "pt-table-sync" and incident == "all deleted")]
        results = {name: Result() for name in fit}
        for number in range(rounds):
            for name in fit if number % 2 == 0 else reversed(fit):
                wanted = ring.bare if name == "pt-table-sync" else None
                wanted_now = ring.damage(incident)
                begun = time.monotonic()
                memory = PEERS[name][1](ring, incident)
                results[name].seconds.append(time.monotonic() - begun)
                results[name].megabytes.append(memory)
                results[name].right &= ring.site.production.sql(DIGEST, DATABASE) == (wanted or wanted_now)
        found[incident] = results
        report(incident, results)
    return found


def report(incident: str, results: dict[str, Result]) -> None:
    """Print one incident's medians, and how much longer the others take than we."""
    mine = results["rdsrestore"].median
    print(f"\n{incident}")
    for name, result in results.items():
        ratio = f"{result.median / mine:6.2f} x ours" if name != "rdsrestore" else ""
        print(
            f"  {name:20} {result.median:8.2f} s  {max(result.megabytes):6.0f} MB  {ratio:14}"
            f"  {'right' if result.right else 'WRONG'}"
        )


@contextmanager
def ring(rows: int) -> Iterator[Ring]:
    """Start the servers and fill them."""
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        (folder / "work").mkdir(mode=0o700)
        tls.make(folder / "tls")
        files = (
            f"--ssl-{kind}={folder / 'tls' / name}"
            for kind, name in (("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server.key"))
        )
        options = (
            *files,
            "--innodb-buffer-pool-size=1G",
            "--innodb-log-file-size=512M",
            "--innodb-flush-log-at-trx-commit=1",
            "--sql-mode=STRICT_TRANS_TABLES",
        )
        production = launch(
            folder / "p", *options, "--log-bin=binlog", "--binlog-format=ROW", "--server-id=1", "--sync-binlog=1"
        )
        copy = launch(folder / "c", *options)
        try:
            made = Ring(
                Site(production, copy, folder / "tls" / "ca.pem", folder / "work", DATABASE), rows, folder / "work"
            )
            made.prepare()
            yield made
        finally:
            for server in (production, copy):
                server.process.terminate()
                server.process.wait(60)


def main() -> int:
    """Let them run."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--quick", action="store_true", help="20,000 rows, one round: that everything works")
    options.add_argument("--json", type=Path, help="write all figures here")
    options.add_argument("--ours", help=argparse.SUPPRESS)
    wanted = options.parse_args()
    if wanted.ours:
        steps(wanted.ours)
        return 0
    rows, rounds = (20_000, 1) if wanted.quick else (wanted.rows, wanted.rounds)
    missing = [name for name, (tool, _run) in PEERS.items() if not shutil.which(tool)]
    print(
        f"{rows:,} rows, {rounds} rounds; {os.cpu_count()} cores, Python {platform.python_version()}, {clients.tools().dump_version}"
    )
    print(f"missing here: {', '.join(missing)}" if missing else "all peers are here")
    with ring(rows) as made:
        found = contest(made, rounds)
    if wanted.json:
        figures = {
            incident: {name: vars(result) for name, result in results.items()} for incident, results in found.items()
        }
        wanted.json.write_text(json.dumps({"rows": rows, "rounds": rounds, "figures": figures}, indent=1))
    return 0 if all(result.right for results in found.values() for result in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
