"""What the command line may say, before anybody is asked anything."""

from __future__ import annotations

import pytest

from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.request_builder import one_address, refuse_contradictions, refuse_two_paces
from rdsrestore.domain.errors import UsageError


@pytest.mark.parametrize(
    "text",
    ["fe80::1%eth0", "0.0.0.0/32", "::", "224.0.0.1", "ff02::1", "10.0.0.0/8", "127.1", "localhost", "\uff11.1.1.1"],
)
def test_what_is_the_address_of_no_machine_is_not_let_in(text: str) -> None:
    with pytest.raises(UsageError, match="--my-ip"):
        one_address(text)


@pytest.mark.parametrize("text", ["10.0.3.7", "203.0.113.7/32", "2001:db8::1"])
def test_one_machine_s_address_is(text: str) -> None:
    assert one_address(text).startswith(text)


@pytest.mark.parametrize("lag", [float("nan"), float("inf")])
def test_a_limit_that_would_never_hold_is_refused(lag: float) -> None:
    with pytest.raises(UsageError, match="--max-lag"):
        refuse_contradictions(CommandLine(plain={"max_lag": lag}))


@pytest.mark.parametrize("name", ["", "x" * 65, "t ", " t"])
def test_a_name_that_no_table_can_have_is_refused_at_once(name: str) -> None:
    with pytest.raises(UsageError, match="--into"):
        refuse_contradictions(CommandLine(tables=("t",), into=name))
    refuse_contradictions(CommandLine(tables=("t",), into="x" * 64))


def test_whoever_asks_for_both_paces_is_told_that_they_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="--fast: goes without --gentle"):
        refuse_contradictions(CommandLine(plain={"fast": True, "gentle": True}))
    for plain in ({"fast": True, "gentle": False}, {"fast": None, "gentle": True}, {}):
        refuse_two_paces(plain)
