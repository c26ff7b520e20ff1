"""The straight road to a server: a connection that the networks in between don't forget."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol, TypeAlias

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.ids import Endpoint

Road: TypeAlias = Callable[[Endpoint, float], socket.socket]
"""Connects to an endpoint, within so many seconds: OSError or DatabaseError where it does not get there."""


class Tunnel(Protocol):
    """A road that is opened at its first use, opened again where it was lost, and closed."""

    def __call__(self, endpoint: Endpoint, patience: float) -> socket.socket:
        """Connect to an endpoint, as every road does."""
        ...

    def close(self) -> None:
        """End it for good."""
        ...


KEEPALIVE = {
    "TCP_KEEPIDLE": USUAL.keepalive,
    "TCP_KEEPALIVE": USUAL.keepalive,
    "TCP_KEEPINTVL": USUAL.keepalive_again,
    "TCP_KEEPCNT": 4,
}
"""Seconds until a silent server is asked, by Linux's name and by macOS's, between questions, and how many."""


def direct(endpoint: Endpoint, patience: float) -> socket.socket:
    """Connect from this machine itself."""
    opened = socket.create_connection((endpoint.host, endpoint.port), timeout=patience)
    try:
        stay_known(opened)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a statement's end waits for an ACK
    except OSError:
        opened.close()
        raise
    return opened


def stay_known(opened: socket.socket) -> None:
    """Have the system ask a silent server once a minute whether it is there, and give up after two.

    What is sent and not acknowledged ends the connection as soon, where the system can be told so: Linux.

    Gateways, load balancers and firewalls of the cloud forget a connection that is silent for 350 seconds, as it is
    during a long statement; what is asked on it then is never answered.
    """
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        if hasattr(socket, option):
            opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), max(1, round(value)))
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(USUAL.unread * 1000))
