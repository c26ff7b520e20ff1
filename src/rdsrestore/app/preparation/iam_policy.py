"""Which of the policies somebody wants to see."""

from __future__ import annotations

from typing import Any

from rdsrestore.aws.iam import policy as policies


def policy(
    switch_role: str | None, bucket: str | None, *, of_switch: bool, trust: bool, clusters: bool
) -> dict[str, Any]:
    """Choose between the operator's policy, that of the switch's role, and who may act as that role."""
    if trust:
        return policies.trust()
    return policies.switch_role() if of_switch else policies.operator(switch_role, bucket, clusters=clusters)
