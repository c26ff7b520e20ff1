"""HTTP servers that misbehave, each in one way; what they were sent is kept."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PAUSE = 0.05
"""Seconds between two bytes of a slow answer."""
Manner = Callable[["Stranger"], Iterable[bytes]]


@dataclass
class Stranger:
    """A server at `url`; `heard` is what it was sent, and `over` is set when its time is up."""

    url: str
    heard: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def said(body: bytes, status: str = "200 OK", *headers: str) -> Manner:
    """Answer at once with that."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda _here: ["\r\n".join(lines).encode() + body]


def slowly(here: Stranger, each: Iterable[bytes]) -> Iterator[bytes]:
    """Say one thing after the other."""
    for part in each:
        yield part
        if here.over.wait(PAUSE):
            return


def drips_its_headers(here: Stranger) -> Iterable[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Long: "
    yield from slowly(here, itertools.repeat(b"x"))


def drips_its_body(here: Stranger) -> Iterable[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    yield from slowly(here, itertools.repeat(b"x"))


def drips_a_chunks_size(here: Stranger) -> Iterable[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield from slowly(here, itertools.repeat(b"0"))


def goes_on_and_on(here: Stranger) -> Iterable[bytes]:
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    while not here.over.is_set():
        yield b" " * 65536


def hangs_at_once(here: Stranger) -> Iterable[bytes]:
    here.over.wait()
    return ()


def hangs_after_its_headers(here: Stranger) -> Iterable[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    here.over.wait()


def goes_on_saying_continue(here: Stranger) -> Iterable[bytes]:
    yield from slowly(here, itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"))


def breaks_off(_here: Stranger) -> Iterable[bytes]:
    return [b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"ok": true}']


def speaks_something_else(_here: Stranger) -> Iterable[bytes]:
    return [b"220 mail.example ESMTP\r\n"]


ENDLESS = (
    drips_its_headers, drips_its_body, drips_a_chunks_size, goes_on_and_on, hangs_at_once, hangs_after_its_headers,
    goes_on_saying_continue,
)  # fmt: skip
BROKEN = (breaks_off, speaks_something_else)


def request(caller: socket.socket) -> bytes:
    """Read a whole request: a connection that is closed before is reset, and the answer may be lost with it."""
    data = caller.recv(65536)
    while data.startswith((b"GET ", b"POST ")) and not whole(data) and (more := caller.recv(65536)):
        data += more
    return data


def whole(data: bytes) -> bool:
    """Whether a request has arrived to its last byte."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


@contextmanager
def stranger(manner: Manner) -> Iterator[Stranger]:
    """Start a server with those manners."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = Stranger(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def serve(caller: socket.socket) -> None:
            with caller, contextlib.suppress(OSError):
                here.heard.append(request(caller))
                for part in manner(here):
                    caller.sendall(part)

        def listen() -> None:
            with contextlib.suppress(OSError):
                while not here.over.is_set():
                    caller, _address = listener.accept()
                    threading.Thread(target=serve, args=(caller,), daemon=True).start()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield here
        finally:
            here.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
