"""The ring: two servers with the same table, the incidents that can happen to it, and the way to either server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mysql.site import GIVEN, HOST, PASSWORD, USER, Server, Site, launch
from rdsrestore.domain.request.merge_policy import Merge
from rdsrestore.lab.network.gateway import Gateway
from rdsrestore.lab.network.impairment import Network
from rdsrestore.lab.servers import tls
from rdsrestore.lab.servers.servers import Address
from tool import counted

DATABASE, TABLE, FORMER = "bench", "billing", "billing_before"
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
INSERT INTO billing SELECT seq, 1 + CRC32(seq) % 50000, CONCAT(SUBSTR(SHA2(seq, 256), 1, 10), '-', seq), CRC32(seq) % 1000000 / 100,
  IF(seq % 3, NULL, seq % 100 / 8), ELT(1 + seq % 3, 'EUR', 'USD', 'CHF'), ELT(1 + seq % 3, 'open', 'paid', 'void'),
  CONCAT('Customer ', LEFT(SHA2(seq * 7, 256), 32)), CONCAT('Straße ', seq % 997), ELT(1 + seq % 4, 'Köln', 'Paris', 'Oslo', 'Łódź 🙈'),
  CONCAT('a note\\n\\twith "quotes" and ''more'' ', LEFT(SHA2(seq * 3, 256), 32)), CONCAT('{"n": ', seq, ', "tags": ["a", "b"]}'),
  '2017-01-01' + INTERVAL seq SECOND, '2017-02-01' + INTERVAL seq SECOND, '2017-03-01' + INTERVAL seq SECOND,
  UNHEX(SHA2(seq, 256)) FROM {numbers}
"""
NEWS = """
INSERT IGNORE INTO billing (id, customer_id, invoice_no, amount, currency, status, name, created_at, updated_at)
  SELECT 1000000000 + seq, 1, CONCAT('new-', seq), 1, 'EUR', 'open', 'since', '2018-01-01', '2018-01-01' FROM {numbers}
"""
LIVE = 2_000_000_000
"""Keys from here on are those of an application that writes meanwhile."""
DIGEST = f"""
SELECT COUNT(*), SUM(CAST(CONV(SUBSTR(SHA2(CONCAT_WS('|', id, customer_id, invoice_no, amount, IFNULL(discount, '~'), currency,
  status, name, IFNULL(street, '~'), IFNULL(city, '~'), IFNULL(note, '~'), IFNULL(extra, '~'), created_at, IFNULL(due_at, '~'),
  updated_at, IFNULL(HEX(token), '~')), 256), 1, 15), 16, 10) AS UNSIGNED)) FROM billing WHERE id < {LIVE}
"""
INCIDENTS = {
    "1 % deleted, scattered": "DELETE FROM billing WHERE id % 100 = 7 AND id <= {rows}",
    "1 % deleted, in one block": "DELETE FROM billing WHERE id BETWEEN {rows} / 2 AND {rows} / 2 + {rows} / 100 - 1",
    "1 % wrongly updated, scattered": "UPDATE billing SET amount = 0, updated_at = '2019-01-01' WHERE id % 100 = 7 AND id <= {rows}",
    "nothing wrong": "DO 1",
    "all deleted": "TRUNCATE billing",
}
HEAVY = {
    "a fifth wrongly updated": "UPDATE billing SET amount = 0, updated_at = '2019-01-01' WHERE id % 5 = 2 AND id <= {rows}",
    "a fifth deleted": "DELETE FROM billing WHERE id % 5 = 2 AND id <= {rows}",
}
"""What takes long enough to be felt by an application."""
ALL = "all deleted"
POLICIES = {
    name: Merge.OVERWRITE if "updated" in name or "nothing" in name else Merge.MISSING for name in (*INCIDENTS, *HEAVY)
}
Digest = list[tuple[object, ...]]
RESET = "RESET BINARY LOGS AND GTIDS" if GIVEN.engine == "mysql" else "RESET MASTER"


@dataclass
class Ring:
    """The two servers, how they are reached, and the state to come back to."""

    site: Site
    rows: int
    folder: Path
    doors: tuple[int, int]
    """The ports by which contenders reach production and the copy."""
    cool: Callable[[], None]
    """Has the copy forget what it read."""
    sound: bool = field(default=False, init=False)

    def prepare(self) -> None:
        """Fill both servers."""
        for server in (self.site.production, self.site.copy):
            self.quietly(server, f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4", None)
            self.quietly(server, f"{CREATE}; {FILL.replace('{numbers}', counted(self.rows))}")
        self.bare = self.site.copy.sql(DIGEST, DATABASE)
        self.news()
        self.whole = self.site.production.sql(DIGEST, DATABASE)
        self.sound = True

    def quietly(self, server: Server, text: str, database: str | None = DATABASE) -> None:
        """Run statements that leave no trace in the binlog."""
        server.sql(f"SET sql_log_bin = 0, sql_mode = ''; {text}", database)

    def news(self) -> None:
        """Write the rows that production alone has."""
        self.quietly(self.site.production, NEWS.format(numbers=counted(self.rows // 200)))

    def damage(self, incident: str) -> Digest:
        """Let the incident happen to a table that is whole; returns what the result has to be."""
        if not self.sound:
            self.quietly(self.site.production, f"TRUNCATE billing; {FILL.replace('{numbers}', counted(self.rows))}")
        self.news()
        self.quietly(self.site.production, f"DROP TABLE IF EXISTS {FORMER}")
        self.quietly(self.site.production, (INCIDENTS | HEAVY)[incident].format(rows=self.rows))
        self.site.production.sql(f"{RESET}; FLUSH TABLES")
        return self.bare if incident == ALL else self.whole

    def right(self, wanted: Digest) -> bool:
        """Whether the table is what it has to be; it is filled anew for the next contender where it is not."""
        self.quietly(self.site.production, f"DELETE FROM billing WHERE id >= {LIVE}")
        self.sound = self.site.production.sql(DIGEST, DATABASE) == wanted
        return self.sound

    def moved(self) -> int:
        """Bytes sent and received by both servers so far."""
        servers = self.site.production, self.site.copy
        found = (
            server.sql("SHOW GLOBAL STATUS WHERE Variable_name IN ('Bytes_sent', 'Bytes_received')")
            for server in servers
        )
        return sum(int(value) for rows in found for _name, value in rows)

    def options(self, name: str) -> Path:
        """Write an option file for `production` or `copy`."""
        path = self.folder / f"{name}.cnf"
        quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        port = self.doors[("production", "copy").index(name)]
        path.write_text(
            f'[client]\nuser={USER}\npassword="{quoted}"\nhost={HOST}\nport={port}\nprotocol=tcp\nssl-ca={self.site.ca}\n'
        )
        path.chmod(0o600)
        return path


def secured(folder: Path, pool: str = "1G") -> list[str]:
    """The servers' options; `pool` is how much each keeps in memory."""
    tls.make(folder)
    kinds = (("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server.key"))
    return [
        *(f"--ssl-{kind}={folder / name}" for kind, name in kinds),
        f"--innodb-buffer-pool-size={pool}",
        *(("--innodb-redo-log-capacity=512M",) if GIVEN.engine == "mysql" else ("--innodb-log-file-size=512M",)),
        "--innodb-flush-log-at-trx-commit=1",
        "--local-infile=ON",
        "--sql-mode=STRICT_TRANS_TABLES",
    ]


@contextmanager
def ring(rows: int, delay: float, cold: float, lock_mode: int) -> Iterator[Ring]:
    """Start the servers and fill them; `lock_mode` is production's for AUTO_INCREMENT.

    `delay` are milliseconds there and back on the way to either; `cold` are milliseconds for the first read of each
    block on the copy.
    """
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        (folder / "work").mkdir(mode=0o700)
        options = secured(folder / "tls")
        binlog = ("--log-bin=binlog", "--binlog-format=ROW", "--server-id=1", "--sync-binlog=1")
        production = launch(folder / "p", *options, *binlog, f"--innodb-autoinc-lock-mode={lock_mode}")
        with slow_reads(folder, cold) as more:
            none = ("--skip-log-bin",) if GIVEN.engine == "mysql" else ()  # MariaDB's has none unasked
            copy = launch(folder / "c", *options, *none, *more)

        def cool() -> None:
            if cold:
                with slow_reads(folder, cold):
                    copy.restart()

        servers = (production, copy)
        network = Network(delay / 2000)
        gateways = [door(server, network) for server in servers] if delay else []
        doors = (gateways[0].port, gateways[1].port) if gateways else (production.port, copy.port)
        try:
            site = Site(production, copy, folder / "tls" / "ca.pem", folder / "work", DATABASE)
            made = Ring(site, rows, folder / "work", doors, cool)
            made.prepare()
            yield made
        finally:
            for server in servers:
                server.process.terminate()
                server.process.wait(60)


def door(server: Server, network: Network) -> Gateway:
    """Put a network before a server."""
    address = Address(HOST, server.port, proxied=False)
    return Gateway(lambda: address, lambda _peer, _port: True, drop=False, network=network)


@contextmanager
def slow_reads(folder: Path, cold: float) -> Iterator[tuple[str, ...]]:
    """Have the server that is started meanwhile read slowly; yields its further options."""
    if not cold:
        yield ()
        return
    library = folder / "coldreads.so"
    source = Path(__file__).with_name("coldreads.c")
    subprocess.run([shutil.which("cc") or "cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    os.environ |= {"LD_PRELOAD": str(library), "COLD_MS": str(cold)}
    try:
        yield "--innodb-use-native-aio=0", "--innodb-flush-method=O_DIRECT"
    finally:
        for name in ("LD_PRELOAD", "COLD_MS"):
            del os.environ[name]
