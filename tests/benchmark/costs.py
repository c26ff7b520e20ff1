"""What work costs its servers, counted by the servers themselves: none of it depends on how busy the machine is."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from mysql.site import USER, Server

COMMAND = re.compile(r"^(?:\S[^\t]*)?\t+ *(\d+) ([A-Z][A-Za-z ]*?)(?:\t(.*))?$")
"""A line of the general log that begins a command: connection, kind and text, in both families' form."""
PROGRAM = "/*!40100 SET @@SQL_MODE="
"""How a dump program's session begins."""
OF_A_LOGIN = 4
"""Ways there and back that a login takes before its first command: TCP, TLS, and two of the handshake."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Costs:
    """What some work cost, of all servers together.

    `queries` are all commands of our own sessions, `logins` these; `programs` are logins of client programs, whose
    commands are not counted. `rows` are rows that the servers read, of catalogues and scratch tables too. `cpu` and
    `server_cpu` are seconds of this process and of the servers, `memory` the largest that this process had, in MB.
    """

    queries: float = 0
    logins: float = 0
    programs: float = 0
    rows: float = 0
    cpu: float = 0
    server_cpu: float = 0
    memory: float = 0

    @property
    def trips(self) -> float:
        """Ways there and back, one after the other or not."""
        return self.queries + OF_A_LOGIN * self.logins


COUNTS = ("queries", "logins", "programs", "rows")
"""What is exact."""
FIGURES = tuple(each.name for each in fields(Costs))


@contextmanager
def counted(servers: Sequence[Server]) -> Iterator[Costs]:
    """Count what is done meanwhile."""
    found = Costs()
    logs = [server.folder / "general.log" for server in servers]
    for server, log in zip(servers, logs, strict=True):
        log.unlink(missing_ok=True)
        server.sql(f"SET GLOBAL general_log_file = '{log}'; SET GLOBAL general_log = ON")
    Path("/proc/self/clear_refs").write_text("5")  # the largest memory counts from here on
    before = sum(map(rows_read, servers)), own_cpu(), sum(map(server_cpu, servers))
    yield found
    found.server_cpu = sum(map(server_cpu, servers)) - before[2]
    found.cpu = own_cpu() - before[1]
    found.rows = sum(map(rows_read, servers)) - before[0]
    found.memory = largest_memory()
    for server, log in zip(servers, logs, strict=True):
        server.sql("SET GLOBAL general_log = OFF")
        for commands in sessions(log).values():
            if any(text.startswith(PROGRAM) for _kind, text in commands[:2]):
                found.programs += 1
            else:
                found.logins += 1
                found.queries += sum(kind not in {"Connect", "Quit"} for kind, _text in commands)


def sessions(log: Path) -> dict[int, list[tuple[str, str]]]:
    """Read from a general log the commands of each of our sessions: kind and the text's first line."""
    found: dict[int, list[tuple[str, str]]] = {}
    with log.open(errors="replace") as lines:
        for line in lines:
            command = COMMAND.match(line.rstrip("\n"))
            if command and command[2] == "Connect" and not (command[3] or "").startswith("root"):
                found[int(command[1])] = []
            if command and int(command[1]) in found:
                found[int(command[1])].append((command[2], command[3] or ""))
    return {number: commands for number, commands in found.items() if commands[0][1].startswith(USER)}


def rows_read(server: Server) -> int:
    """How many rows a server's handlers have read so far."""
    return sum(int(value) for _name, value in server.sql("SHOW GLOBAL STATUS LIKE 'Handler_read%'"))


def own_cpu() -> float:
    """Seconds of processor that this process and its ended children had."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def server_cpu(server: Server) -> float:
    """Seconds of processor that a server had."""
    words = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICKS


def largest_memory() -> float:
    """The largest memory of this process since it was last asked to begin anew, in MB."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
