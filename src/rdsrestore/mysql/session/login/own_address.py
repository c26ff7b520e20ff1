"""As which address a server sees this machine: the one that a firewall before its copy has to let in."""

from __future__ import annotations

import ipaddress
import socket
from typing import TypeAlias

from rdsrestore.domain.ids import Endpoint
from rdsrestore.mysql.session.login.connection import Session

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def caller(session: Session, endpoint: Endpoint | None) -> tuple[str | None, str]:
    """Return this machine's address as the server sees it, a /32 or /128, and the name where it is not certain.

    A server that resolves names (`skip_name_resolve=OFF`) shows only the name. That leads to an address from here as
    well, which is certain where it is this machine's own on the road to the server. A name that leads nowhere leaves
    this machine's own address where the server is in the same network, and else None. Without an endpoint it is the
    bastion that the server sees, whose name is known in its own network.
    """
    (said,) = session.one("SELECT USER()")
    host = str(said).rpartition("@")[2]
    address = read(host)
    if address or endpoint is None:
        return (network(address), "") if address else (None, host)
    return named(host, endpoint)


def named(name: str, endpoint: Endpoint) -> tuple[str | None, str]:
    """Find the address behind a name; one of another kind than the server's is another network's answer."""
    road = between(endpoint)
    if road is None:
        return None, name
    here, there = road
    found = {each for each in resolved(name) if kind(each) == kind(there)}
    if here in found:
        return network(here), ""
    if len(found) == 1:
        return network(found.pop()), name
    return (None if there.is_global else network(here)), name


def kind(address: Address) -> tuple[int, bool]:
    """Say of which family an address is, and whether it is a public one."""
    return address.version, address.is_global


def between(endpoint: Endpoint) -> tuple[Address, Address] | None:
    """Return this machine's own address on the road to a server, and the server's; None where there is no road.

    Connecting a datagram socket looks the road up and sends nothing.
    """
    try:
        for family, kind_, _protocol, _name, place in addresses(endpoint.host, endpoint.port):
            with socket.socket(family, kind_) as probe:
                probe.connect(place)
                here, there = read(probe.getsockname()[0]), read(probe.getpeername()[0])
            return (here, there) if here and there else None
    except OSError:
        return None
    return None


def resolved(name: str) -> set[Address]:
    """Look a name up; nothing where nobody knows it."""
    try:
        return {found for each in addresses(name, 0) if (found := read(str(each[4][0])))}
    except (OSError, UnicodeError):
        return set()


def addresses(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]]:
    """Ask the system's resolver."""
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM))  # type: ignore[arg-type]  # addresses are text


def read(text: str) -> Address | None:
    """Read an address, an IPv4 one also where it is written as IPv6; None for a name."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def network(address: Address) -> str:
    """Write an address as a network of one."""
    return str(ipaddress.ip_network(address))
