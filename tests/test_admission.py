"""Who may be let in: what is named is read exactly, and everybody is nobody who can be named."""

from __future__ import annotations

import pytest

from rdsrestore.domain.cloud import admission
from rdsrestore.domain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("10.20.0.0/16", "10.20.0.0/16"),
        ("10.20.0.0/255.255.0.0", "10.20.0.0/16"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("2001:DB8::7", "2001:db8::7/128"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("sg-0123456789abcdef0", "sg-0123456789abcdef0"),
        ("pl-01234567", "pl-01234567"),
    ],
)
def test_what_is_named_is_written_as_ec2_writes_it(text: str, meant: str) -> None:
    assert admission.read(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.0.0.0/0", "to everybody"),
        ("::/0", "to everybody"),
        ("128.0.0.0/1", "to everybody"),
        ("8.0.0.0/7", "to everybody"),
        ("2000::/3", "to everybody"),
        ("10.20.3.7/16", "give 10.20.0.0/16 for all of it, 10.20.3.7 for that one"),
        ("2001:db8::7/64", "give 2001:db8::/64 for all of it"),
        ("10.20.0.0/33", "names nobody"),
        ("office", "names nobody"),
        ("sg-office", "no id"),
        ("pl-", "no id"),
        ("0.0.0.0/32", "no machine's address"),
        ("224.0.0.1", "no machine's address"),
        ("fe80::1%eth0", "no machine's address"),
    ],
)
def test_what_can_not_be_let_in_is_refused_with_what_may_be_meant(text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        admission.read(text)
    assert said in f"{raised.value} {raised.value.hint}"


def test_a_name_given_twice_counts_once_and_only_one_address_is_single() -> None:
    names = admission.read_all(["10.0.0.7", "10.0.0.7/32", "10.0.0.0/24", "sg-0123456789abcdef0"])
    assert names == ("10.0.0.7/32", "10.0.0.0/24", "sg-0123456789abcdef0")
    assert [admission.single(each) for each in names] == [True, False, False]


def test_who_is_among_those_who_are_named() -> None:
    assert admission.lets_in(("10.0.0.0/24",), "10.0.0.9/32")
    assert not admission.lets_in(("10.0.0.0/24", "2001:db8::/64"), "10.0.1.9/32")
    assert admission.lets_in(("10.0.0.0/24", "pl-01234567"), "10.0.1.9/32")
