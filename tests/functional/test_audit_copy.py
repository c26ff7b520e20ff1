"""A copy of the audit log in a bucket whose objects nobody can change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rdsrestore.lab.status import client
from tool import LabTool

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType


@pytest.fixture
def bucket(shop: LabTool) -> S3Client:
    """A client of S3 and a bucket with object lock."""
    s3: S3Client = client(shop.place.running(), "s3")
    place: BucketLocationConstraintType = "eu-central-1"
    s3.create_bucket(
        Bucket="audit", ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": place}
    )
    s3.put_object_lock_configuration(
        Bucket="audit",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}},
        },
    )
    return s3


def test_the_journal_is_copied_when_a_run_ends(shop: LabTool, bucket: S3Client) -> None:
    before = shop.moment()
    shop.sql("DELETE FROM shop.billing_lines WHERE id = 1")
    shop("table", "billing_lines", "--before", before, "--yes", check=0, RDSRESTORE_AUDIT_BUCKET="audit")
    journal = max((shop.home / "runs").iterdir()) / "journal.jsonl"
    listed = bucket.list_objects_v2(Bucket="audit", Prefix=f"rdsrestore/{journal.parent.name}/")["Contents"]
    found = {each["Key"].rpartition("Z-")[2]: each["Key"] for each in listed}
    assert found.keys() == {"journal.jsonl", "audit-index.jsonl"}
    for name, here in (("journal.jsonl", journal), ("audit-index.jsonl", shop.home / "audit-index.jsonl")):
        kept = bucket.get_object(Bucket="audit", Key=found[name])
        assert kept["Body"].read() == here.read_bytes()
        assert kept["ObjectLockMode"] == "COMPLIANCE"


def test_a_bucket_that_is_not_there_is_said_and_does_not_fail_the_run(shop: LabTool) -> None:
    before = shop.moment()
    shop.sql("DELETE FROM shop.billing_lines WHERE id = 1")
    ended = shop("table", "billing_lines", "--before", before, "--yes", check=0, RDSRESTORE_AUDIT_BUCKET="nowhere")
    assert "the audit log is not in bucket nowhere" in ended.stdout
