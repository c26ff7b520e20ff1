"""What RDS refuses of clusters, the lab refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rdsrestore.lab.cloud.clusters.cluster import Cluster
from rdsrestore.lab.cloud.clusters.rules import check_deletion, check_member, check_restore, check_time
from rdsrestore.lab.cloud.query_protocol import Fault

NOW = datetime(2031, 1, 1, tzinfo=UTC)
SKIP = {"SkipFinalSnapshot": True}
INSTANCE = {"Engine": "aurora-mysql", "DBInstanceClass": "db.r6g.large"}


def cluster(engine: str = "aurora-mysql", **changes: object) -> Cluster:
    shown = {"DBClusterIdentifier": "c", "Engine": engine, "Status": "available", "DeletionProtection": False}
    return Cluster({**shown, **changes})


@pytest.mark.parametrize(
    ("form", "engine"),
    [
        ({}, "aurora"),
        ({"RestoreToTime": NOW, "UseLatestRestorableTime": True}, "aurora"),
        ({"RestoreToTime": NOW, "RestoreType": "copy-on-write"}, "aurora"),
        ({"UseLatestRestorableTime": True, "RestoreType": "copy-on-write"}, "mysql"),
    ],
)
def test_a_restore_without_one_clear_moment_is_refused(form: dict[str, Any], engine: str) -> None:
    with pytest.raises(Fault) as raised:
        check_time(form, is_aurora=engine == "aurora")
    assert raised.value.code == "InvalidParameterCombination"
    check_time({"RestoreToTime": NOW, "RestoreType": "full-copy"}, is_aurora=engine == "aurora")


@pytest.mark.parametrize(
    ("form", "engine"),
    [
        ({"DBClusterInstanceClass": "db.m6gd.large"}, "aurora"),
        ({"PubliclyAccessible": False}, "aurora"),
        ({"NetworkType": "IPV4"}, "mysql"),
        ({"ServerlessV2ScalingConfiguration": {}}, "mysql"),
        ({"StorageType": "io1"}, "mysql"),
        ({"BackupRetentionPeriod": 0}, "aurora"),
    ],
)
def test_what_is_for_the_other_kind_of_cluster_is_refused(form: dict[str, Any], engine: str) -> None:
    with pytest.raises(Fault):
        check_restore(form, is_aurora=engine == "aurora")


@pytest.mark.parametrize(
    ("form", "held", "code"),
    [
        (INSTANCE, cluster("mysql"), "InvalidParameterCombination"),
        (INSTANCE, cluster(Status="creating"), "InvalidDBClusterStateFault"),
        ({**INSTANCE, "Engine": "mysql"}, cluster(), "InvalidParameterCombination"),
        ({**INSTANCE, "MasterUserPassword": "x"}, cluster(), "InvalidParameterCombination"),
        ({**INSTANCE, "DBInstanceClass": "db.serverless"}, cluster(), "InvalidParameterCombination"),
    ],
)
def test_an_instance_that_has_no_place_in_the_cluster_is_refused(
    form: dict[str, Any], held: Cluster, code: str
) -> None:
    with pytest.raises(Fault) as raised:
        check_member(form, held)
    assert raised.value.code == code
    check_member(INSTANCE, cluster())


@pytest.mark.parametrize(
    ("form", "held", "members", "code"),
    [
        ({}, cluster(), 0, "InvalidParameterCombination"),
        (SKIP, cluster(DeletionProtection=True), 0, "InvalidParameterCombination"),
        (SKIP, cluster(Status="deleting"), 0, "InvalidDBClusterStateFault"),
        (SKIP, cluster(), 1, "InvalidDBClusterStateFault"),
    ],
)
def test_what_is_protected_or_inhabited_is_not_deleted(
    form: dict[str, Any], held: Cluster, members: int, code: str
) -> None:
    with pytest.raises(Fault) as raised:
        check_deletion(form, held, inhabited=members > 0, creating=False)
    assert raised.value.code == code
    check_deletion(SKIP, cluster(), inhabited=False, creating=False)
