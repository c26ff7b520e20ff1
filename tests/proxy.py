"""A wire to the cloud that a test can spoil: answers are lost, replaced or refused where it says so."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from rdsrestore.lab.cloud import query_protocol

SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
FORM = "application/x-www-form-urlencoded"


@dataclass
class Fault:
    """What happens to the next `times` calls of an action: with or without the effect, and which answer if any."""

    times: int
    effect: bool
    answer: tuple[int, bytes] | query_protocol.Fault | None


@dataclass
class Proxy:
    """Stands before a cloud at `upstream`; `page` is how many records a listing of RDS may have at once."""

    upstream: str
    url: str = ""
    page: int | None = None
    connections: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)
    queued: dict[str, list[Fault]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def lose(self, action: str, times: int = 1) -> None:
        """Let the calls have their effect, and cut the connection before the answer."""
        self.faults[action] = Fault(times, effect=True, answer=None)

    def cut(self, action: str, times: int = 1) -> None:
        """Cut the connection before the calls arrive."""
        self.faults[action] = Fault(times, effect=False, answer=None)

    def break_down(self, action: str, times: int = 1) -> None:
        """Let the calls have their effect, and answer as a broken load balancer does."""
        self.faults[action] = Fault(times, effect=True, answer=(503, b"<html>Service Unavailable</html>"))

    def refuse(self, action: str, code: str, message: str = "no", status: int = 400, times: int = 1) -> None:
        """Answer the calls with an error, without effect."""
        self.faults[action] = Fault(times, effect=False, answer=query_protocol.Fault(code, message, status))

    def say(self, action: str, body: bytes, times: int = 1) -> None:
        """Answer the calls with a body of the test's own, without effect."""
        self.faults[action] = Fault(times, effect=False, answer=(200, body))

    def show(self, service: str, action: str, answer: dict[str, Any], times: int = 1) -> None:
        """Answer the calls of the query protocol with a value of the test's own, without effect."""
        self.say(action, query_protocol.response(service, action, answer), times)

    def show_each(self, service: str, action: str, answers: Sequence[dict[str, Any]]) -> None:
        """Answer the next calls one after the other with values of the test's own, without effect."""
        self.queued[action] = [
            Fault(1, effect=False, answer=(200, query_protocol.response(service, action, each))) for each in answers
        ]

    def count(self, action: str) -> int:
        """How often an action was called since the last reset."""
        return Counter(name for name, _form in self.calls)[action]

    def form(self, action: str) -> dict[str, str]:
        """The fields of the last call of an action."""
        return next(form for name, form in reversed(self.calls) if name == action)

    def reset(self) -> None:
        """Forget calls and faults."""
        self.page, self.calls[:] = None, []
        self.faults.clear()
        self.queued.clear()

    def take_fault(self, action: str) -> Fault | None:
        if self.queued.get(action):
            return self.queued[action].pop(0)
        fault = self.faults.get(action)
        if fault:
            fault.times -= 1
            if not fault.times:
                del self.faults[action]
        return fault


class Handler(BaseHTTPRequestHandler):
    """Carries one request."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy
    client: httpx.Client

    def setup(self) -> None:
        super().setup()
        self.proxy.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        scope = SCOPE.search(self.headers.get("Authorization", ""))
        service = scope.group(1) if scope else ""
        form = dict(parse_qsl(body.decode())) if self.headers.get("Content-Type", "").startswith(FORM) else {}
        action = form.get("Action") or self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self.proxy.calls.append((action, form))
        fault = self.proxy.take_fault(action)
        if self.proxy.page and service == "rds" and action.startswith("Describe"):
            body = urlencode({**form, "MaxRecords": self.proxy.page}).encode()
        if fault is None:
            self.reply(*self.forward(body))
            return
        if fault.effect:
            self.forward(body)
        if fault.answer is None:
            self.close_connection = True
        elif isinstance(fault.answer, query_protocol.Fault):
            self.reply(fault.answer.status, query_protocol.fault(fault.answer, service))
        else:
            self.reply(*fault.answer)

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(*self.forward(body))

    do_PUT = do_GET  # noqa: N815 - the base class's name
    do_DELETE = do_GET  # noqa: N815 - the base class's name

    def forward(self, body: bytes) -> tuple[int, bytes]:
        headers = {key: value for key, value in self.headers.items() if key.lower() not in {"host", "content-length"}}
        answer = self.client.request(self.command, self.proxy.upstream + self.path, content=body, headers=headers)
        return answer.status_code, answer.content

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def standing_before(upstream: str) -> Iterator[Proxy]:
    """Start a proxy; its `url` is where to go."""
    proxy = Proxy(upstream)
    with httpx.Client(timeout=60, trust_env=False) as client:
        kind = type("BoundHandler", (Handler,), {"proxy": proxy, "client": client})
        server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        server.daemon_threads = True
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
