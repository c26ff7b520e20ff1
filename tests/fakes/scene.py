"""What the fakes start from: one instance, two tables, one request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rdsrestore.domain.cloud.instance import (
    SourceInstance,
)
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.tables.definition import Column, TableDefinition

NOW = datetime(2017, 6, 1, 10, 30, tzinfo=UTC)
BEFORE = Moment(datetime(2017, 6, 1, 10, 14, tzinfo=UTC), "2017-06-01T10:14Z")
BILLING = TableRef("shop", "billing")
LINES = TableRef("shop", "billing_lines")

SOURCE = SourceInstance(
    id="production",
    resource_id="db-SOURCE",
    engine="mariadb",
    version="10.11.8",
    status="available",
    endpoint=Endpoint("production.example", 3306),
    instance_class="db.t3.medium",
    storage=20,
    storage_type="gp3",
    vpc="vpc-1",
    subnet_group="private",
    parameter_group="production-params",
    option_group=None,
    ca_certificate=None,
    publicly_accessible=False,
    master_user="admin",
    retention_days=7,
    earliest=NOW - timedelta(days=7),
    latest=NOW - timedelta(minutes=3),
)


def request(**changes: object) -> Request:
    base = Request(
        instance="production",
        database="shop",
        tables=("billing",),
        point=BEFORE,
        operator="ada",
        user="admin",
        switch_role="arn:aws:iam::123456789012:role/switch",
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # a test names the fields it changes


def definition(ref: TableRef = BILLING, **changes: object) -> TableDefinition:
    columns = (
        Column("id", "bigint", "bigint", nullable=False),
        Column("amount", "decimal(12,2)", "decimal", nullable=True),
    )
    base = TableDefinition(ref, "BASE TABLE", "InnoDB", columns, ("id",), rows=3, bytes=300)
    return replace(base, **changes)  # type: ignore[arg-type]  # a test names the fields it changes
