"""The table of engines, and what the cloud's descriptions become."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from rdsrestore.core.errors import CloudError
from rdsrestore.engines import ENGINES, Engine, described, engine


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_an_engine_names_parts_that_exist(name: str) -> None:
    found = engine(name)
    assert isinstance(found, Engine)
    assert find_spec(f"rdsrestore.engines.{found.platform}")
    assert find_spec(f"rdsrestore.engines.{found.dialect}")


@pytest.mark.parametrize("name", ["aurora-mysql", "postgres", "docdb", ""])
def test_another_engine_is_an_error_that_says_which_are_supported(name: str) -> None:
    with pytest.raises(CloudError) as raised:
        engine(name)
    assert raised.value.code == "aws.engine"
    assert "mariadb, mysql" in raised.value.hint


def test_an_instance_without_an_endpoint_can_not_be_restored_from() -> None:
    with pytest.raises(CloudError, match="production is stopped") as raised:
        described.source({"DBInstanceIdentifier": "production", "DBInstanceStatus": "stopped"}, ())
    assert raised.value.code == "aws.no-endpoint"
