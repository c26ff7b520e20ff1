"""This machine's address, as the outside sees it."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError
from rdsrestore.http_client import NoAnswer, ask


def caller(url: str) -> str:
    """Ask a service that answers with the caller's address; returns it as a /32 or /128."""
    try:
        answer = ask(url, USUAL.address, proxied=False)
        return one_address(answer.body.decode("ascii") if answer.status == HTTPStatus.OK else "")
    except (NoAnswer, ValueError) as error:
        raise CloudError(
            "caller", f"{url} did not say our address", "give it with --my-ip ADDRESS", code="aws.caller-unknown"
        ) from error


def one_address(text: str) -> str:
    """Read one address, with or without its full prefix; ValueError where it is anything wider."""
    if "%" in text:
        raise ValueError(f"{text.strip()} is an address of one link alone")
    network = ipaddress.ip_network(text.strip())
    if network.num_addresses != 1:
        raise ValueError(f"{text.strip()} is more than one address")
    return str(network)
