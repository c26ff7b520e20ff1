"""What the restore of a cluster is asked for, held against botocore's own model and what it says of each parameter."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from botocore.model import StructureShape
from botocore.session import get_session
from botocore.validate import ParamValidator

from fakes import BEFORE, NOW, SOURCE
from rdsrestore.aws.rds.cluster.parameters import FULL, given, member
from rdsrestore.domain.cloud.copy_attributes import CopyAttributes
from rdsrestore.domain.cloud.instance import Capacity, RestoreSpec, SourceCluster

RDS = get_session().get_service_model("rds")
CLUSTER = SourceCluster(
    "c", "cluster-1", "production", "c-params", "io1", 3000, "open-source-rds-extended-support", "IPV4"
)
AURORA = replace(CLUSTER, storage_type="aurora", iops=None)
SOURCES = {
    "multi-az-cluster": replace(SOURCE, engine="mysql", version="8.0.40", cluster="c", member_of=CLUSTER),
    "aurora": replace(
        SOURCE, engine="aurora-mysql", version="5.7.mysql_aurora.2.12.4", cluster="c", member_of=AURORA,
        instance_class="db.r6g.large",
    ),
    "serverless": replace(
        SOURCE, engine="aurora-mysql", version="8.0.mysql_aurora.3.10.0", cluster="c", instance_class="db.serverless",
        member_of=replace(AURORA, capacity=Capacity(0.5, 8.0, 300)),
    ),
}  # fmt: skip
KINDS = tuple(SOURCES)
FOR_AURORA = re.compile(r"Valid for: Aurora (MySQL )?DB clusters only")
FOR_MULTI_AZ = re.compile(r"Valid for: Multi-AZ DB clusters only")


def spec(kind: str, **changes: object) -> RestoreSpec:
    source = SOURCES[kind]
    base = RestoreSpec("rdsrestore-1", source, "sg-1", NOW, source.instance_class, BEFORE.utc, as_cluster=True)
    return replace(base, **changes)  # type: ignore[arg-type]  # a test names the fields it changes


def shape(operation: str) -> StructureShape:
    found = RDS.operation_model(operation).input_shape
    assert found is not None
    return found


def said(operation: str, parameter: str) -> str:
    """What the reference says of a parameter, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", str(shape(operation).members[parameter].documentation)))


def settings(wish: RestoreSpec) -> dict[str, Any]:
    cluster = wish.source.member_of
    assert cluster is not None
    return given(wish, cluster, "1")


@pytest.mark.parametrize("kind", KINDS)
def test_a_restore_to_a_moment_is_as_the_model_has_it(kind: str) -> None:
    wish = {"SourceDBClusterIdentifier": "c", "RestoreType": FULL, "RestoreToTime": BEFORE.utc, **settings(spec(kind))}
    report = ParamValidator().validate(wish, shape("RestoreDBClusterToPointInTime"))
    assert not report.has_errors(), report.generate_report()
    assert "Can't be specified if the RestoreType parameter is copy-on-write" in said(
        "RestoreDBClusterToPointInTime", "RestoreToTime"
    )


@pytest.mark.parametrize("kind", ["aurora", "serverless"])
def test_a_snapshot_is_restored_as_the_model_has_it(kind: str) -> None:
    wish = {"SnapshotIdentifier": "s", "Engine": "aurora-mysql", "EngineVersion": "5.7", **settings(spec(kind))}
    report = ParamValidator().validate(wish, shape("RestoreDBClusterFromSnapshot"))
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", ["RestoreDBClusterToPointInTime", "RestoreDBClusterFromSnapshot"])
def test_nothing_is_said_that_is_for_the_other_kind_of_cluster(kind: str, operation: str) -> None:
    other = FOR_AURORA if kind == "multi-az-cluster" else FOR_MULTI_AZ
    assert [name for name in settings(spec(kind)) if other.search(said(operation, name))] == []


@pytest.mark.parametrize("kind", ["aurora", "serverless"])
def test_the_instance_says_nothing_that_is_the_cluster_s_to_say(kind: str) -> None:
    wish = member(spec(kind), "1")
    report = ParamValidator().validate(wish, shape("CreateDBInstance"))
    assert not report.has_errors(), report.generate_report()
    assert [name for name in wish if "doesn't apply to Amazon Aurora" in said("CreateDBInstance", name)] == []
    assert wish["DBInstanceClass"] == SOURCES[kind].instance_class


def test_the_bounds_of_serverless_are_the_source_s() -> None:
    assert settings(spec("serverless"))["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0.5,
        "MaxCapacity": 8.0,
        "SecondsUntilAutoPause": 300,
    }
    assert "ServerlessV2ScalingConfiguration" not in settings(spec("aurora"))


def test_a_snapshot_of_another_release_gets_the_default_groups_of_its_own() -> None:
    older = spec("serverless", version="5.7.mysql_aurora.2.12.4")
    assert "DBClusterParameterGroupName" not in settings(older)
    assert "DBParameterGroupName" not in member(older, "1")
    assert settings(spec("serverless"))["DBClusterParameterGroupName"] == "c-params"


def test_what_was_chosen_for_the_copy_goes_to_the_cluster_and_to_its_instance() -> None:
    chosen = CopyAttributes(subnet_group="others", parameter_group="own", zone="eu-central-1b", tags=(("team", "x"),))
    wish = spec("aurora", attributes=chosen, beside=("sg-2",))
    cluster, instance = settings(wish), member(wish, "1")
    assert (cluster["DBSubnetGroupName"], cluster["VpcSecurityGroupIds"]) == ("others", ["sg-1", "sg-2"])
    assert (instance["DBParameterGroupName"], instance["AvailabilityZone"]) == ("own", "eu-central-1b")
    for made in (cluster, instance):
        assert {"Key": "team", "Value": "x"} in made["Tags"]
        assert {"Key": "rdsrestore:managed", "Value": "true"} in made["Tags"]


def test_a_multi_az_cluster_is_told_its_class_and_storage() -> None:
    told = settings(spec("multi-az-cluster"))
    assert (told["DBClusterInstanceClass"], told["StorageType"], told["Iops"]) == ("db.t3.medium", "io1", 3000)
