"""The way to a server, as good or bad as is asked for: bytes late, packets lost, questions without an answer.

A way can also forget flows, as the cloud's NAT gateways, load balancers and tracked security groups do (350 seconds):
see `idle_flow.py`.
"""

from __future__ import annotations

import contextlib
import queue
import random
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field

from rdsrestore.lab.network.idle_flow import Flow

CHUNK = 1 << 16
PACKET = 1460
"""Bytes of a segment in a network as they usually are."""
RESENT = 0.2
"""Seconds after which the kernel sends a lost packet again, at the least."""
AHEAD = 64
"""Chunks under way at a time."""


@dataclass
class Network:
    """How late bytes arrive, in seconds one way, and which share of packets is lost; holds for new connections.

    Of the questions that clients ask over it, a login's steps among them, the `silent_at`th gets no answer and nothing
    else passes on its connection; with `everywhere` on no other connection to that server either, from then on.

    A flow without a packet for `forget_idle` seconds is forgotten, where that is not 0; `forgotten` counts them.
    """

    delay: float = 0.0
    loss: float = 0.0
    silent_at: int = 0
    everywhere: bool = False
    forget_idle: float = 0.0
    forgotten: int = 0
    asked: int = 0
    _silent: set[object] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fall_silent(self, at: int, *, everywhere: bool) -> int:
        """Count questions from now on, and leave that one without an answer; returns how many were asked before."""
        with self._lock:
            before, self.asked = self.asked, 0
            self.silent_at, self.everywhere = at, everywhere
            self._silent.clear()
        return before

    def passes(self, server: object) -> bool:
        """Count a question to a server; say whether it gets through."""
        with self._lock:
            self.asked += 1
            if self.asked == self.silent_at and self.everywhere:
                self._silent.add(server)
            return self.asked != self.silent_at and server not in self._silent

    def heard(self, server: object) -> bool:
        """Say whether a server has not fallen silent."""
        return server not in self._silent

    @property
    def calm(self) -> bool:
        """Whether nothing is held up."""
        return not self.delay and not self.loss

    def lateness(self, size: int) -> float:
        """Say how much later so many bytes arrive: a lost packet holds up all that come after it."""
        lost = random.random() > (1 - self.loss) ** (size / PACKET)  # noqa: S311 - no secret
        return self.delay + (max(RESENT, 2 * self.delay) if lost else 0)


def splice(one: socket.socket, other: socket.socket, network: Network) -> None:
    """Pass bytes both ways until one side ends."""
    for each in (one, other):
        each.settimeout(None)
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if network.calm:
        pass_on(one, other, network)
        return
    ended = threading.Semaphore(0)
    for source, target in ((one, other), (other, one)):
        threading.Thread(target=convey, args=(source, target, network, ended), daemon=True).start()
    ended.acquire()
    for each in (one, other):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
    ended.acquire()


def pass_on(one: socket.socket, other: socket.socket, network: Network) -> None:
    """Pass bytes both ways at once, until a question of the first gets no answer; then until one ends.

    A flow that is forgotten meanwhile goes on without either side hearing of the other.
    """
    server = other.getpeername()
    passes, answered = network.passes(server), False
    flow = Flow(one, network.forget_idle)
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            ready = selector.select(flow.tick)
            if flow.is_idle():
                network.forgotten += 1
                flow.forget(one, other)
                return
            for key, _events in ready:
                source = key.fileobj
                assert isinstance(source, socket.socket)  # noqa: S101 - for the type checker: only sockets are registered
                data = source.recv(CHUNK)
                if not data:
                    return
                if source is one and answered:
                    passes = passes and network.passes(server)
                answered = source is other
                if passes and network.heard(server):
                    key.data.sendall(data)


def convey(source: socket.socket, target: socket.socket, network: Network, ended: threading.Semaphore) -> None:
    """Pass bytes one way, in order, each chunk as late as the network has it."""
    under_way = queue.Queue[tuple[float, bytes]](AHEAD)

    def deliver() -> None:
        with contextlib.suppress(OSError):
            while (item := under_way.get())[1]:
                time.sleep(max(item[0] - time.monotonic(), 0))
                target.sendall(item[1])
        ended.release()
        while item[1]:  # nobody is there to take the rest
            item = under_way.get()

    threading.Thread(target=deliver, daemon=True).start()
    due, data = 0.0, b""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            due = max(due, time.monotonic() + network.lateness(len(data)))
            under_way.put((due, data))
    under_way.put((due, b""))
