"""The certificates of RDS's authorities, as they come from where AWS publishes them."""

from __future__ import annotations

from http import HTTPStatus

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError
from rdsrestore.http_client import NoAnswer, ask


def fetch(url: str, place: str) -> bytes:
    """Ask for them, through the environment's proxy; CloudError `aws.bundle` says where they are and belong."""
    try:
        answer = ask(url, USUAL.bundle)
    except NoAnswer as error:
        raise unfetched(url, place, str(error)) from error
    if answer.status != HTTPStatus.OK:
        raise unfetched(url, place, f"it answers with {answer.status}")
    return answer.body


def unfetched(url: str, place: str, why: str) -> CloudError:
    """Say where the file is and where it belongs."""
    hint = f"fetch it on a machine that can, with curl -O {url}, and put it here as {place}"
    return CloudError("ca", f"{url} can't be fetched: {why}", hint, code="aws.bundle")
