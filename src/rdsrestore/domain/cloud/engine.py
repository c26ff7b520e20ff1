"""Engines of RDS by the cloud's names for them, that this tool can restore from: one table, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rdsrestore.domain.errors import CloudError


@dataclass(frozen=True)
class Engine:
    """What is particular to an engine.

    `sold_as` is its name in the price list. `adapter` says where its servers are logged in to: the module and the name
    of a function from `ports.databases.Access` to `ports.databases.Databases`.
    """

    sold_as: str
    adapter: str


ENGINES: Mapping[str, Engine] = {
    "mariadb": Engine("MariaDB", "rdsrestore.mysql.adapter:databases"),
    "mysql": Engine("MySQL", "rdsrestore.mysql.adapter:databases"),
    "aurora-mysql": Engine("Aurora MySQL", "rdsrestore.mysql.adapter:databases"),
}


def is_aurora(name: str) -> bool:
    """Whether an engine keeps its rows in the cluster's volume, and not in that of an instance."""
    return name.startswith("aurora")


def family(name: str, version: str) -> str:
    """Name the family that parameter groups are of: `mysql8.0`, `mariadb10.11`, `aurora-mysql8.0`."""
    return name + ".".join(version.split(".")[:2])


def engine(name: str, known: Mapping[str, Engine] = ENGINES) -> Engine:
    """Look up an engine; CloudError with code `aws.engine` for one that this tool can't restore from yet."""
    found = known.get(name)
    if found is None:
        raise CloudError(
            "--instance",
            f"engine {name} can't be restored from yet",
            f"use --instance with one of the engines {', '.join(known)}",
            code="aws.engine",
        )
    return found
