"""This machine's address is one address, or an error that names the flag to give it with."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rdsrestore.aws.network.caller_address import caller, one_address
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError
from strangers import BROKEN, ENDLESS, Manner, said, stranger


@contextmanager
def answering(status: int, text: str) -> Iterator[str]:
    """A service that answers everything with that."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_it_is_asked_past_a_proxy_whose_own_address_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with answering(200, "203.0.113.7") as url:
        assert caller(url) == "203.0.113.7/32"


@pytest.mark.parametrize(("text", "cidr"), [("203.0.113.7\n", "203.0.113.7/32"), ("2001:DB8:0::7", "2001:db8::7/128")])
def test_an_address_becomes_a_network_of_one(text: str, cidr: str) -> None:
    with answering(200, text) as url:
        assert caller(url) == cidr


@pytest.mark.parametrize(
    ("status", "text"),
    [(200, "<html>Please log in</html>"), (200, ""), (200, "0.0.0.0/0"), (200, "10.0.0.0/8"), (500, "203.0.113.7")],
)
def test_anything_else_is_an_error_that_names_the_flag(status: int, text: str) -> None:
    with answering(status, text) as url, pytest.raises(CloudError) as raised:
        caller(url)
    assert raised.value.code == "aws.caller-unknown"
    assert "--my-ip" in raised.value.hint


@pytest.mark.parametrize("manner", [*ENDLESS, *BROKEN], ids=lambda manner: manner.__name__)
def test_who_never_comes_to_an_end_is_not_waited_for(manner: Manner) -> None:
    began = time.monotonic()
    with stranger(manner) as there, pytest.raises(CloudError) as raised:
        caller(there.url)
    assert raised.value.code == "aws.caller-unknown"
    assert time.monotonic() - began < USUAL.address + 2


def test_the_address_that_another_place_sees_is_not_asked_for() -> None:
    with (
        stranger(said(b"203.0.113.7")) as elsewhere,
        stranger(said(b"", "302 Found", f"Location: {elsewhere.url}")) as it,
    ):
        with pytest.raises(CloudError):
            caller(it.url)
        assert elsewhere.heard == []


@pytest.mark.parametrize(
    "text", ["fe80::1%eth0", "203.0.113.7 203.0.113.8", "3405803783", "203.0.113.7\x00", "\u0661.2.3.4"]
)
def test_what_only_looks_like_an_address_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|network"):
        one_address(text)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "not a url", "http://[::1"])
def test_nobody_answering_is_the_same_error(url: str) -> None:
    with pytest.raises(CloudError) as raised:
        caller(url)
    assert raised.value.code == "aws.caller-unknown"


def test_a_full_prefix_may_be_given_with_the_address() -> None:
    assert one_address("203.0.113.7/32") == "203.0.113.7/32"
    with pytest.raises(ValueError, match="more than one"):
        one_address("203.0.113.0/24")
