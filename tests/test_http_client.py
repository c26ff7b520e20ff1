"""One request: whoever answers, and however, it ends in time, and nobody else hears of it."""

from __future__ import annotations

import threading
import time

import pytest

from rdsrestore.http_client import MOST, NoAnswer, ask
from strangers import BROKEN, ENDLESS, Manner, said, stranger

WITHIN = 0.6
SECRET = {"Authorization": "Bearer hunter2"}


def name(manner: Manner) -> str:
    return manner.__name__


def test_an_answer_is_read_whole() -> None:
    with stranger(said(b"x" * MOST, "418 Teapot", "X-Kind: Green")) as there:
        answer = ask(f"{there.url}/a?b", 10.0, b"hello", SECRET)
    assert (answer.status, answer.headers["x-kind"], answer.body) == (418, "Green", b"x" * MOST)
    request = there.heard[0].decode()
    assert request.startswith("POST /a?b HTTP/1.1\r\n")
    assert "Authorization: Bearer hunter2" in request


@pytest.mark.parametrize("manner", ENDLESS, ids=name)
def test_an_answer_that_does_not_end_is_none_and_its_connection_is_cut(manner: Manner) -> None:
    began = time.monotonic()
    with stranger(manner) as there:
        with pytest.raises(NoAnswer, match=r"in time|without end"):
            ask(there.url, WITHIN)
        assert time.monotonic() - began < 2 * WITHIN
        for thread in threading.enumerate():
            if thread.name == "web":
                thread.join(2 * WITHIN)
                assert not thread.is_alive()


@pytest.mark.parametrize("manner", BROKEN, ids=name)
def test_an_answer_that_is_cut_short_or_no_http_is_none(manner: Manner) -> None:
    with stranger(manner) as there, pytest.raises(NoAnswer):
        ask(there.url, 10.0)


def test_too_long_an_answer_is_none() -> None:
    with stranger(said(b"x" * (MOST + 1))) as there, pytest.raises(NoAnswer, match="without end"):
        ask(there.url, 10.0)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("body", [None, b"{}"], ids=["get", "post"])
def test_a_redirect_is_never_followed(status: str, body: bytes | None) -> None:
    with stranger(said(b"ok")) as elsewhere, stranger(said(b"", status, f"Location: {elsewhere.url}/x")) as there:
        assert ask(there.url, 10.0, body, SECRET).status == int(status[:3])
        assert elsewhere.heard == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,ok", "hunter2", "", "http://[::1"])
def test_only_http_is_spoken_and_no_address_gets_into_words(url: str) -> None:
    with pytest.raises(NoAnswer) as heard:
        ask(url, 10.0)
    assert "hunter2" not in str(heard.value)


def test_a_server_that_can_not_prove_who_it_is_gets_nothing() -> None:
    with stranger(said(b"ok")) as there:
        with pytest.raises(NoAnswer, match="SSLError"):
            ask(there.url.replace("http:", "https:"), 10.0, b"x", SECRET)
        assert b"hunter2" not in b"".join(there.heard)


def test_a_header_that_can_not_be_sent_is_not_named() -> None:
    with stranger(said(b"ok")) as there, pytest.raises(NoAnswer) as heard:
        ask(there.url, 10.0, b"x", {"Authorization": "Bearer hunter2\r\nX-Evil: 1"})
    assert "hunter2" not in str(heard.value)
