"""One HTTP request and its whole answer, within a deadline, from the very place that was asked and no other."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, UnknownHandler

MOST = 1 << 20
"""Bytes of an answer; who sends more has something else to say than we asked for."""
BLOCK = 1 << 16


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status; the names of `headers` are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Exception):  # noqa: N818 - what one hears
    """There was none, or none that ends; the words never hold an address, a header or what was sent."""


def ask(
    url: str,
    within: float,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    proxied: bool = True,
) -> Answer:
    """Send a request, a POST where there is a `body`, and read the answer for up to `within` seconds altogether.

    A redirect is an answer: it is never followed. The environment's proxy is used where `proxied`. Raises NoAnswer.
    """
    doors: list[Door | SecureDoor] = []
    found: queue.SimpleQueue[Answer | Exception] = queue.SimpleQueue()
    until = time.monotonic() + within

    def work() -> None:
        try:
            request = Request(url, body, dict(headers or {}))  # noqa: S310 - only HTTP has a handler here
            found.put(read(opener(doors, proxied=proxied).open(request, timeout=within), until))
        except Exception as error:  # noqa: BLE001 - whatever a stranger's answer makes of a library
            found.put(error)

    try:
        threading.Thread(target=work, name="web", daemon=True).start()
        answer = found.get(timeout=within)
    except (queue.Empty, RuntimeError):
        raise NoAnswer("no answer in time") from None
    finally:
        for door in doors:
            door.cut()
    if isinstance(answer, NoAnswer):
        raise answer
    if isinstance(answer, Exception):
        reason = answer.reason if isinstance(answer, URLError) else answer
        if isinstance(reason, TimeoutError):
            raise NoAnswer("no answer in time") from None
        raise NoAnswer(f"no connection: {type(reason).__name__}") from None
    return answer


class Cut:
    """A connection that another thread may end, also while its answer is read."""

    held: socket.socket | None = None

    def cut(self) -> None:
        """End it."""
        with suppress(OSError):
            if self.held is not None:
                socket.socket.shutdown(self.held, socket.SHUT_RDWR)


class Door(Cut, HTTPConnection):
    """A plain connection."""

    def connect(self) -> None:
        """Connect, and remember with what: the connection forgets it when the headers are there."""
        super().connect()
        self.held = self.sock


class SecureDoor(Cut, HTTPSConnection):
    """A connection over TLS."""

    def connect(self) -> None:
        """Connect, and remember with what."""
        super().connect()
        self.held = self.sock


class Doors(HTTPHandler, HTTPSHandler):
    """Opens connections, and lists them."""

    def __init__(self, doors: list[Door | SecureDoor]) -> None:
        super().__init__()
        self._doors = doors

    def http_open(self, req: Request) -> HTTPResponse:
        """Ask over a plain connection."""
        return self.do_open(self._plain, req)

    def https_open(self, req: Request) -> HTTPResponse:
        """Ask over TLS; the server has to prove who it is."""
        return self.do_open(self._secure, req)

    def _plain(self, host: str, **rest: Any) -> HTTPConnection:  # noqa: ANN401 - the library's own settings
        door = Door(host, **rest)
        self._doors.append(door)
        return door

    def _secure(self, host: str, **rest: Any) -> HTTPConnection:  # noqa: ANN401 - as above
        door = SecureDoor(host, context=ssl.create_default_context(), **rest)
        self._doors.append(door)
        return door


def opener(doors: list[Door | SecureDoor], *, proxied: bool) -> OpenerDirector:
    """Put together what a request needs: no redirect is followed, no file is read, no status is an exception."""
    made = OpenerDirector()
    for handler in (ProxyHandler(None if proxied else {}), Doors(doors), UnknownHandler()):
        made.add_handler(handler)
    return made


def read(response: HTTPResponse, until: float) -> Answer:
    """Read an answer to its end; NoAnswer where it is too long or takes too long."""
    body = b""
    with response:
        while block := response.read1(BLOCK):
            body += block
            if len(body) > MOST:
                raise NoAnswer("an answer without end")
            if time.monotonic() > until:
                raise NoAnswer("no answer in time")
    if response.length:
        raise NoAnswer("half an answer")
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
