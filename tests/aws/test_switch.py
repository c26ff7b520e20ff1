"""The switch's schedule as the service wants it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rdsrestore.aws.rds.expiry_schedule import schedule
from rdsrestore.domain.cloud.instance import ExpirySpec


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_target_lies_in_the_role_s_partition(partition: str) -> None:
    role = f"arn:{partition}:iam::123456789012:role/switch"
    made = schedule("rdsrestore-1", ExpirySpec(("rdsrestore-1",), role, datetime(2031, 1, 1, tzinfo=UTC)))
    assert made["Target"]["Arn"] == f"arn:{partition}:scheduler:::aws-sdk:rds:deleteDBInstance"
