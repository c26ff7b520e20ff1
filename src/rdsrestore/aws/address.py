"""This machine's address, as the outside sees it."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus

import urllib3

from rdsrestore.core.errors import CloudError

PATIENCE = 5.0


def caller(url: str) -> str:
    """Ask a service that answers with the caller's address; returns it as a /32 or /128."""
    try:
        answer = urllib3.request("GET", url, timeout=PATIENCE, retries=False)
        return one_address(answer.data.decode() if answer.status == HTTPStatus.OK else "")
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise CloudError(
            "caller", f"{url} did not say our address", "give it with --my-ip ADDRESS", code="aws.caller-unknown"
        ) from error


def one_address(text: str) -> str:
    """Read one address, with or without its full prefix; ValueError where it is anything wider."""
    network = ipaddress.ip_network(text.strip())
    if network.num_addresses != 1:
        raise ValueError(f"{text.strip()} is more than one address")
    return str(network)
