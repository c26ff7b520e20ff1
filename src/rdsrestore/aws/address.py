"""This machine's address, as the outside sees it."""

from __future__ import annotations

import ipaddress

import httpx

from rdsrestore.core.errors import CloudError

PATIENCE = 5.0


def caller(url: str) -> str:
    """Ask a service that answers with the caller's address; returns it as a /32 or /128."""
    try:
        answer = httpx.get(url, timeout=PATIENCE, follow_redirects=True)
        answer.raise_for_status()
        return one_address(answer.text)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CloudError(
            "caller", f"{url} did not say our address", "give it with --my-ip ADDRESS", code="aws.caller-unknown"
        ) from error


def one_address(text: str) -> str:
    """Read one address, with or without its full prefix; ValueError where it is anything wider."""
    network = ipaddress.ip_network(text.strip())
    if network.num_addresses != 1:
        raise ValueError(f"{text.strip()} is more than one address")
    return str(network)
