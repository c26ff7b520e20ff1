"""How long a managed server keeps its binlog: the procedures that set it, and the purge.

As Amazon RDS's User Guide describes `mysql.rds_set_configuration` and `mysql.rds_show_configuration`: the value is a
number of hours, at most 168, and NULL, from where it starts, keeps nothing that is uploaded.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from rdsrestore.domain.errors import ToolError
from rdsrestore.lab.servers.binlog import logs, upload

HOUR = 3600
LOOKS = 5
"""Looks at the binlog in the time for which a file is kept."""
PROCEDURES = """
CREATE TABLE mysql.rds_configuration (
  name VARCHAR(100) NOT NULL PRIMARY KEY, value VARCHAR(100) NULL, description VARCHAR(300) NOT NULL
) ENGINE=InnoDB;
INSERT INTO mysql.rds_configuration VALUES ('binlog retention hours', NULL,
  'binlog retention hours specifies the duration in hours before binary logs are automatically deleted.');
DELIMITER //
CREATE PROCEDURE mysql.rds_show_configuration() SQL SECURITY DEFINER
  SELECT name, value, description FROM mysql.rds_configuration//
CREATE PROCEDURE mysql.rds_set_configuration(IN wanted VARCHAR(30), IN hours INT) SQL SECURITY DEFINER
BEGIN
  IF wanted <> 'binlog retention hours' OR hours NOT BETWEEN 1 AND 168 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'For binlog retention hours the value must be between 1 and 168 or NULL';
  END IF;
  UPDATE mysql.rds_configuration SET value = hours WHERE name = wanted;
END//
DELIMITER ;
"""
HOURS = "SELECT value FROM mysql.rds_configuration WHERE name = 'binlog retention hours'"


class Server(Protocol):
    """A server whose files lie on this machine."""

    @property
    def folder(self) -> Path:
        """Where its data are."""
        ...

    def sql(self, text: str) -> str:
        """Run statements as root."""
        ...


def purging(server: Server, uploads: Path, kept: float) -> threading.Thread:
    """Purge a server's binlog from now on, until its files are gone."""

    def work() -> None:
        while server.folder.exists():
            with suppress(ToolError, OSError):  # it is failing over, or the lab goes down
                purge(server, uploads, kept)
            time.sleep(kept / LOOKS)

    thread = threading.Thread(target=work, daemon=True, name="purge")
    thread.start()
    return thread


def purge(server: Server, uploads: Path, kept: float) -> None:
    """Begin a file anew where this one is old enough, upload all, and purge the older ones of what is kept no more."""
    data, now = server.folder / "data", time.time()
    hours = server.sql(HOURS).split()[-1]
    longest = kept if hours == "NULL" else int(hours) * HOUR
    if now - begun(logs(data)[-1]) >= kept:
        server.sql("FLUSH BINARY LOGS")
    upload(data, uploads)
    *closed, present = logs(data)
    young = next((path for path in closed if now - path.stat().st_mtime < longest), present)
    if young != logs(data)[0]:
        server.sql(f"PURGE BINARY LOGS TO '{young.name}'")


def begun(path: Path) -> int:
    """Read when a file was begun: its first event's header starts with it, after four bytes that say what it is."""
    with path.open("rb") as file:
        return int.from_bytes(file.read(8)[4:], "little")
