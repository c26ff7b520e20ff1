"""Who may be let in to a copy: one address, a network, a security group or a prefix list."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import UsageError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
ID = re.compile(r"(sg|pl)-[0-9a-f]{8,17}")
WIDEST = {4: 8, 6: 32}
"""Shortest prefix that is let in: 10.0.0.0/8 is the widest private network, and what is wider is everybody."""
KINDS = {"sg-": "whoever carries security group", "pl-": "the networks of prefix list"}
EXAMPLES = "give an address, a network like 10.0.0.0/16, a security group sg-… or a prefix list pl-…"


@written("Reference")
@dataclass(frozen=True)
class Reference:
    """A security group or prefix list as the cloud knows it.

    `problem` says why it can't be let in, `unseen` why that could not be found out.
    """

    id: str
    name: str = ""
    problem: str = ""
    unseen: str = ""


def read(text: str) -> str:
    """Write what was named as EC2 does; UsageError for what is none, for more than a network, and for everybody."""
    word = text.strip()
    if word[:3] in KINDS:
        if not ID.fullmatch(word):
            raise UsageError(
                "--allow", f"{word} is no id that EC2 gives", "copy the whole id, like sg-0123456789abcdef0"
            )
        return word
    try:
        network, address = ipaddress.ip_network(word, strict=False), ipaddress.ip_interface(word).ip
    except ValueError as error:
        raise UsageError("--allow", f"{word} names nobody who can be let in", EXAMPLES) from error
    if "%" in word or (network.num_addresses == 1 and (address.is_unspecified or address.is_multicast)):
        raise UsageError("--allow", f"{word} is no machine's address", EXAMPLES)
    if too_wide(network):
        raise UsageError(
            "--allow",
            f"{network} would open a copy of production to everybody",
            f"name the networks that need it, none wider than /{WIDEST[network.version]}",
        )
    if address != network.network_address:
        raise UsageError(
            "--allow", f"{word} is an address within a network", f"give {network} for all of it, {address} for that one"
        )
    return str(network)


def read_all(names: Sequence[str]) -> tuple[str, ...]:
    """Read several, each once."""
    return tuple(dict.fromkeys(map(read, names)))


def too_wide(network: Network) -> bool:
    """Whether a network is nobody's own."""
    return network.prefixlen < WIDEST[network.version]


def as_network(name: str) -> Network | None:
    """Take what was named as a network; None for a group and a list."""
    return None if name[:3] in KINDS else ipaddress.ip_network(name)


def single(name: str) -> bool:
    """Whether it is one address."""
    network = as_network(name)
    return network is not None and network.num_addresses == 1


def lets_in(names: Sequence[str], caller: str) -> bool:
    """Whether an address is among what is named; who is in a group or a list is not known here, so it may be."""
    address = ipaddress.ip_network(caller).network_address
    return any(network is None or address in network for network in map(as_network, names))


def whom(groups: Sequence[str]) -> str:
    """Say whom an instance's own groups let in."""
    return f"whoever production's own security groups let in ({', '.join(groups) or 'it has none'})"


def described(name: str) -> str:
    """Say who that is."""
    network = as_network(name)
    if network is None:
        return f"{KINDS[name[:3]]} {name}"
    return name if network.num_addresses == 1 else f"{name} ({network.num_addresses:,} addresses)"
