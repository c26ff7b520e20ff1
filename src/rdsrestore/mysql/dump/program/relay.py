"""A server that is reached through a bastion, offered to client programs at a socket of this machine.

They check a certificate against the name that they connect to, and can't be told another one. So the check is ours: the
relay logs in over TLS in their name, with the server's own name verified as in every session of ours, and speaks to
the program in the clear within a folder that only we may enter (manual, "Connection Phase").
"""

from __future__ import annotations

import contextlib
import selectors
import shutil
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymysql.constants import CLIENT

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.mysql.session.login.connection import Login, connect_socket
from rdsrestore.mysql.session.login.tls import trust

PREFIX = "rdsrestore-relay-"
CHUNK = 1 << 18
OK, ERROR = 0x00, 0xFF
UNREACHABLE, UNTRUSTED = 1158, 3159
"""Servers' own numbers that say nearly that: of a server programs take no client's, such as 2003 and 2026."""
REQUEST = 32
"""Bytes of a client's answer that ask for TLS: capabilities, packet size, character set and a filler."""


@dataclass(frozen=True)
class Packet:
    """One packet of the protocol; both sides count them from a command's begin."""

    number: int
    content: bytes

    def written(self, later: int = 0) -> bytes:
        """Write it, counted so much later."""
        return struct.pack("<I", len(self.content))[:3] + bytes([(self.number + later) & 0xFF]) + self.content


@contextmanager
def relay(login: Login) -> Iterator[Path]:
    """Offer a login's server at a socket until the context ends."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder, socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder) / "s"
        listener.bind(f"{path}-")
        listener.listen(8)
        Path(f"{path}-").rename(path)  # so that what does not answer there is left over
        threading.Thread(target=accept, args=(listener, login), daemon=True, name="relay").start()
        try:
            yield path
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def sweep() -> None:
    """Remove the folders of processes that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(left / "s"))
            except ConnectionRefusedError:
                shutil.rmtree(left)


def accept(listener: socket.socket, login: Login) -> None:
    """Serve each program that connects."""
    with contextlib.suppress(OSError):
        while True:
            program, _address = listener.accept()
            threading.Thread(target=serve, args=(program, login), daemon=True, name="relay").start()


def serve(program: socket.socket, login: Login) -> None:
    """Lead a program to the server; what stops that is told to it in the server's own form."""
    with program, contextlib.suppress(OSError, EOFError):
        try:
            server = introduced(program, connect_socket(login, "dump"), login)
        except DatabaseError as error:
            program.sendall(refusal(UNREACHABLE, error.what))
            return
        except ssl.SSLError as error:
            program.sendall(refusal(UNTRUSTED, f"TLS/SSL error: {error}", 2))
            return
        if server:
            with server:
                logged_in = pass_login(program, server)
                program.settimeout(None)
                server.settimeout(None)
                if logged_in:
                    pass_on(program, server)


def introduced(program: socket.socket, server: socket.socket, login: Login) -> ssl.SSLSocket | None:
    """Let the server greet, and answer in the program's name over TLS; None where the server sends it away.

    SSLError where the server can't prove its name, or speaks no TLS.
    """
    with contextlib.ExitStack() as unless_trusted:
        unless_trusted.callback(server.close)
        greeting = read(server)
        if greeting.content[0] == ERROR:
            program.sendall(greeting.written())
            return None
        offers = greeting.content.index(0, 1) + 1 + 4 + 8 + 1  # version, thread, scramble and filler come before
        (able,) = struct.unpack_from("<H", greeting.content, offers)
        if not able & CLIENT.SSL:
            raise ssl.SSLError("the server does not speak TLS")
        clear = bytearray(greeting.content)
        struct.pack_into("<H", clear, offers, able & ~CLIENT.SSL)
        program.sendall(Packet(greeting.number, bytes(clear)).written())
        answer = read(program)
        (wanted,) = struct.unpack_from("<I", answer.content)
        over_tls = Packet(answer.number, struct.pack("<I", wanted | CLIENT.SSL) + answer.content[4:])
        server.sendall(Packet(answer.number, over_tls.content[:REQUEST]).written())
        trusted = trust(login.ca).wrap_socket(server, server_hostname=login.endpoint.host)
        unless_trusted.pop_all()
    trusted.sendall(over_tls.written(1))
    return trusted


def pass_login(program: socket.socket, server: ssl.SSLSocket) -> bool:
    """Pass the packets of a login, whose count is one more on the server's side; returns whether it ends well."""
    with selectors.DefaultSelector() as selector:
        selector.register(program, selectors.EVENT_READ)
        selector.register(server, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _events in ([] if server.pending() else selector.select())]
            if program in ready:
                server.sendall(read(program).written(1))
                continue
            packet = read(server)
            program.sendall(packet.written(-1))
            if packet.content[0] in {OK, ERROR}:
                return packet.content[0] == OK


def pass_on(program: socket.socket, server: ssl.SSLSocket) -> None:
    """Pass bytes both ways until one side ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(program, selectors.EVENT_READ)
        selector.register(server, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _events in selector.select()]
            if program in ready:
                if not (data := program.recv(CHUNK)):
                    return
                server.sendall(data)
            if server in ready:
                while True:
                    if not (data := server.recv(CHUNK)):
                        return
                    program.sendall(data)
                    if not server.pending():
                        break


def read(side: socket.socket) -> Packet:
    """Read one packet; EOFError where the side ends before it does."""
    head = exactly(side, 4)
    return Packet(head[3], exactly(side, int.from_bytes(head[:3], "little")))


def exactly(side: socket.socket, number: int) -> bytes:
    """Read so many bytes."""
    found = b""
    while len(found) < number:
        if not (data := side.recv(number - len(found))):
            raise EOFError
        found += data
    return found


def refusal(number: int, words: str, count: int = 0) -> bytes:
    """Write an error as a server does; the one in place of a greeting has no SQLSTATE."""
    state = b"#08S01" if count else b""
    return Packet(count, struct.pack("<BH", ERROR, number) + state + words.encode()[:400]).written()
