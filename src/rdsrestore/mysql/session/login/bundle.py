"""RDS's certificate authorities: where their file is, and whether a file is that."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import Endpoint

BUNDLES = {
    "us-gov": "https://truststore.pki.us-gov-west-1.rds.amazonaws.com/global/global-bundle.pem",
    "cn": "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem",
    "": "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
}
"""Where each partition's authorities are (RDS user guide, "Using SSL/TLS to encrypt a connection to a DB instance")."""
MAKER = "Amazon RDS"
BEGIN = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class Authority:
    """One certificate of a bundle: its common name, of which unit it is, and until when it holds, in UTC."""

    name: str
    unit: str
    until: datetime


def of_region(region: str) -> str:
    """Name the bundle of a region's partition."""
    return BUNDLES[next((start for start in BUNDLES if start and region.startswith(f"{start}-")), "")]


def of_endpoint(endpoint: Endpoint) -> str:
    """Name the bundle of an endpoint's partition: the region is a part of its name."""
    labels = endpoint.host.split(".")
    if labels[-1] == "cn":
        return BUNDLES["cn"]
    return BUNDLES["us-gov" if any(label.startswith("us-gov-") for label in labels) else ""]


def authorities(pem: str) -> tuple[Authority, ...]:
    """Read a file of certificates, those that end first first; ValueError where it is none, or not to its end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except ssl.SSLError as error:
        raise ValueError("it is no file of certificates") from error
    found = tuple(sorted(map(authority, context.get_ca_certs()), key=lambda each: each.until))
    if len(found) != pem.count(BEGIN):
        raise ValueError(f"of {pem.count(BEGIN)} certificates {len(found)} can be read as an authority's")
    return found


def authority(shown: dict[str, Any]) -> Authority:
    """Take what the library shows of a certificate."""
    names: dict[str, str] = dict(pair for part in shown["subject"] for pair in part)
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    return Authority(names.get("commonName", ""), names.get("organizationalUnitName", ""), until)


def checked(pem: str, now: datetime) -> tuple[Authority, ...]:
    """Read RDS's bundle; CloudError `aws.bundle` where it is anything else, or holds what has expired."""
    try:
        found = authorities(pem)
    except ValueError as error:
        raise wrong(str(error)) from error
    if not found:
        raise wrong("it holds no certificate")
    if strangers := [each.name for each in found if MAKER not in (each.unit, each.name[: len(MAKER)])]:
        raise wrong(f"it holds a certificate that is not Amazon RDS's: {strangers[0]}")
    if found[0].until <= now:
        raise wrong(f"{found[0].name} has expired on {found[0].until:%Y-%m-%d}")
    return found


def wrong(what: str) -> CloudError:
    """Say why a file is not used."""
    hint = "see who answers at that address: a proxy in between is the usual reason; nothing was written"
    return CloudError("ca", f"what came is not RDS's bundle: {what}", hint, code="aws.bundle")
