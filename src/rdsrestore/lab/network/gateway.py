"""The firewall: a TCP gateway before each server that asks for every caller whether a rule lets it in."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

from rdsrestore.lab.network.iam_auth import Front
from rdsrestore.lab.network.impairment import Network, splice
from rdsrestore.lab.servers.servers import Address

RESET = struct.pack("ii", 1, 0)


class Gateway:
    """Listens on 127.0.0.1 and passes on what `allows(caller, port)` lets in.

    A refused caller is reset, or left unanswered with `drop`. `sees(address, port)` is the address as which a caller is
    known within the network. `front` checks who logs in by a token; the network is as good as it can be then.

    As with the cloud's connection tracking, an established connection outlives the rule that let it in.
    """

    def __init__(
        self,
        upstream: Callable[[], Address],
        allows: Callable[[str, int], bool],
        *,
        drop: bool,
        network: Network,
        port: int = 0,
        sees: Callable[[str, int], str] = lambda caller, _port: caller,
        front: Front | None = None,
    ) -> None:
        self._upstream = upstream
        self._allows = allows
        self._drop = drop
        self._network = network
        self._sees = sees
        self._front = front
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True, name=f"gateway-{self.port}").start()

    def close(self) -> None:
        """Stop listening; callers left unanswered are let go."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._held:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller, address), daemon=True).start()

    def _serve(self, caller: socket.socket, address: tuple[str, int]) -> None:
        seen = self._sees(address[0], self.port)
        if not self._allows(seen, self.port):
            self._refuse(caller)
            return
        upstream = self._upstream()
        try:
            server = socket.create_connection((upstream.host, upstream.port), timeout=10)
        except OSError:
            caller.close()
            return
        with caller, server, contextlib.suppress(OSError):
            if upstream.proxied:
                line = f"PROXY TCP4 {seen} 127.0.0.1 {address[1]} {self.port}\r\n"
                server.sendall(line.encode())
            if self._front:
                self._front.serve(caller, server)
            else:
                splice(caller, server, self._network)

    def _refuse(self, caller: socket.socket) -> None:
        if self._drop:
            self._held.append(caller)
            return
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        caller.close()
