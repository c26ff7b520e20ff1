"""Engines of RDS by the cloud's names for them, and what knows how to restore from each: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rdsrestore.core.errors import CloudError


@dataclass(frozen=True)
class Engine:
    """Where an engine's parts are: modules of this package that restore instances and that speak its SQL.

    `sold_as` is its name in the price list.
    """

    platform: str
    dialect: str
    sold_as: str


ENGINES: Mapping[str, Engine] = {
    "mariadb": Engine("rds_instance", "mysql", "MariaDB"),
    "mysql": Engine("rds_instance", "mysql", "MySQL"),
}


def engine(name: str) -> Engine:
    """Look up an engine; CloudError with code `aws.engine` for one that this tool can't restore from yet."""
    found = ENGINES.get(name)
    if found is None:
        raise CloudError(
            "--instance",
            f"engine {name} can't be restored from yet",
            f"use --instance with one of the engines {', '.join(ENGINES)}",
            code="aws.engine",
        )
    return found
