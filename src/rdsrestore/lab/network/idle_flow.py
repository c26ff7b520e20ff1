"""A flow that the network forgets once nothing has passed for long, as the cloud's does after 350 seconds.

The kernel counts the packets of an accepted connection (`tcp_info`), so a keepalive counts as life although it carries
no byte. A flow that is forgotten loses every packet from then on, without a reset: a filter that passes none is set
on both connections (Linux manual, socket(7), SO_ATTACH_FILTER), so nothing is acknowledged either.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import time

PACKETS = 136
"""Where the segments sent and received stand in Linux's `struct tcp_info`, as two numbers of 32 bits."""
SO_ATTACH_FILTER = 26
RETURN_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)
"""The one instruction of a packet filter that passes no packet: BPF_RET | BPF_K, 0 bytes."""
FORGOTTEN: list[socket.socket] = []
"""Held open for as long as the lab lives: closing one would tell the other side."""
LOOKS = 10
"""How often a flow is looked at until it may be forgotten."""


class Flow:
    """One caller's connection, forgotten after `idle` seconds without a packet; with 0 it never is."""

    def __init__(self, caller: socket.socket, idle: float) -> None:
        self._caller = caller
        self._idle = idle
        self.tick = idle / LOOKS if idle else None
        """Seconds until it is to be looked at again; None for never."""
        self._packets = packets(caller) if idle else 0
        self._since = time.monotonic()

    def is_idle(self) -> bool:
        """Whether it was without a packet for too long."""
        if not self._idle:
            return False
        now, seen = time.monotonic(), packets(self._caller)
        if seen != self._packets:
            self._packets, self._since = seen, now
        return now - self._since >= self._idle

    def forget(self, *ends: socket.socket) -> None:
        """Let nothing through any more, and nobody know of it."""
        for each in ends:
            program = ctypes.create_string_buffer(RETURN_NOTHING, len(RETURN_NOTHING))
            each.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
            FORGOTTEN.append(each.dup())


def packets(connection: socket.socket) -> int:
    """Count the packets of a connection, those that came and those that went."""
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, PACKETS + 8)
    sent, received = struct.unpack_from("II", told, PACKETS)
    return int(sent) + int(received)
