"""Engines of RDS by the cloud's names for them, that this tool can restore from: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rdsrestore.domain.errors import CloudError


@dataclass(frozen=True)
class Engine:
    """What is particular to an engine; `sold_as` is its name in the price list."""

    sold_as: str


ENGINES: Mapping[str, Engine] = {"mariadb": Engine("MariaDB"), "mysql": Engine("MySQL")}


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
