"""This machine's address is one address, or an error that names the flag to give it with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rdsrestore.aws.address import caller, one_address
from rdsrestore.core.errors import CloudError


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


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "not a url", "http://[::1"])
def test_nobody_answering_is_the_same_error(url: str) -> None:
    with pytest.raises(CloudError) as raised:
        caller(url)
    assert raised.value.code == "aws.caller-unknown"


def test_a_full_prefix_may_be_given_with_the_address() -> None:
    assert one_address("203.0.113.7/32") == "203.0.113.7/32"
    with pytest.raises(ValueError, match="more than one"):
        one_address("203.0.113.0/24")
