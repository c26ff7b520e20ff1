"""The table of engines, and what the cloud's descriptions become."""

from __future__ import annotations

import pytest

from rdsrestore.aws.rds import describe
from rdsrestore.domain.cloud.engine import engine
from rdsrestore.domain.errors import CloudError


@pytest.mark.parametrize("name", ["aurora-mysql", "postgres", "docdb", ""])
def test_another_engine_is_an_error_that_says_which_are_supported(name: str) -> None:
    with pytest.raises(CloudError) as raised:
        engine(name)
    assert raised.value.code == "aws.engine"
    assert "mariadb, mysql" in raised.value.hint


def test_an_instance_without_an_endpoint_can_not_be_restored_from() -> None:
    with pytest.raises(CloudError, match="production is stopped") as raised:
        describe.source({"DBInstanceIdentifier": "production", "DBInstanceStatus": "stopped"}, ())
    assert raised.value.code == "aws.no-endpoint"
