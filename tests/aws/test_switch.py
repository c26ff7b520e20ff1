"""The switch's schedule as the service wants it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from botocore.session import get_session

from rdsrestore.aws.rds.expiry_schedule import schedules
from rdsrestore.domain.cloud.instance import ExpirySpec

RDS = get_session().get_service_model("rds")


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_target_lies_in_the_role_s_partition(partition: str) -> None:
    role = f"arn:{partition}:iam::123456789012:role/switch"
    (made,) = schedules(ExpirySpec(("rdsrestore-1",), role, datetime(2031, 1, 1, tzinfo=UTC)))
    assert made["Target"]["Arn"] == f"arn:{partition}:scheduler:::aws-sdk:rds:deleteDBInstance"


def test_a_cluster_is_deleted_by_a_schedule_of_its_own_after_its_instance() -> None:
    spec = ExpirySpec(
        ("rdsrestore-1",), "arn:aws:iam::1:role/switch", datetime(2031, 1, 1, tzinfo=UTC), ("rdsrestore-1",)
    )
    instance, cluster = schedules(spec)
    assert (instance["Name"], cluster["Name"]) == spec.schedules
    assert cluster["Target"]["Arn"].endswith(":rds:deleteDBCluster")
    assert instance["ScheduleExpression"] < cluster["ScheduleExpression"]
    assert "DeleteAutomatedBackups" not in instance["Target"]["Input"], "they are the cluster's"
    for made, operation, member in (
        (instance, "DeleteDBInstance", "DBInstanceIdentifier"),
        (cluster, "DeleteDBCluster", "DBClusterIdentifier"),
    ):
        given = json.loads(made["Target"]["Input"])
        shape = RDS.operation_model(operation).input_shape
        assert shape is not None
        assert {key.replace("Db", "DB") for key in given} <= set(shape.members)
        assert given[member.replace("DB", "Db")] == "rdsrestore-1"
