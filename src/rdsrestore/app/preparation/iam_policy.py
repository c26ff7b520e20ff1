"""Which of the policies somebody wants to see."""

from __future__ import annotations

from typing import Any

from rdsrestore.aws.iam import policy as policies
from rdsrestore.domain.cloud import bastion


def policy(
    switch_role: str | None,
    bucket: str | None,
    *,
    of_switch: bool,
    trust: bool,
    clusters: bool,
    via: str | None = None,
    db_user: str | None = None,
) -> dict[str, Any]:
    """Choose between the operator's policy, that of the switch's role, and who may act as that role."""
    if trust:
        return policies.trust()
    if of_switch:
        return policies.switch_role()
    way = bastion.read(via) if via else None
    return policies.operator(switch_role, bucket, clusters=clusters, way=way, db_user=db_user)
