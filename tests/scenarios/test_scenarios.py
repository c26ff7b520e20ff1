"""Incidents as folders: seed.sql, incident.sql, since.sql, request.toml, and expected.sql.

Adding a case is adding a folder. Every script runs on a real server in a database of the case's own. `expected.sql`
fills tables called `expected_<table>`; the restored tables have to hold the same rows. `request.toml` names the tables,
further options, the exit code, and a text that a failure has to contain.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tool import LabTool

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/request.toml"))


@dataclass(frozen=True)
class Wanted:
    """A case's request.toml."""

    tables: Sequence[str]
    options: Sequence[str] = ()
    exit_code: int = 0
    says: Sequence[str] = field(default=())


def script(case: Path, name: str) -> str:
    path = case / f"{name}.sql"
    return path.read_text("utf-8") if path.exists() else ""


def rows(shop: LabTool, database: str, table: str) -> list[list[str]]:
    quoted = table.replace("`", "``")
    return sorted(shop.sql(f"SELECT * FROM `{database}`.`{quoted}`"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_scenario(shop: LabTool, case: Path) -> None:
    wanted = Wanted(**tomllib.loads((case / "request.toml").read_text("utf-8")))
    database = f"case_{case.name.replace('-', '_')}"
    shop.sql(f"CREATE DATABASE {database}; USE {database}; {script(case, 'seed')}")
    before = shop.moment()
    shop.sql(f"USE {database}; {script(case, 'incident')}")
    shop.sql(f"USE {database}; SELECT 1; {script(case, 'since')}")

    ended = shop(
        "table",
        *wanted.tables,
        "--database",
        database,
        "--before",
        before,
        *wanted.options,
        "--yes",
        check=wanted.exit_code,
    )

    for text in wanted.says:
        assert text in ended.stderr + ended.stdout
    shop.sql(f"USE {database}; {script(case, 'expected')}")
    expected = [row[0] for row in shop.sql(f"SHOW TABLES FROM {database} LIKE 'expected\\_%'")]
    assert expected
    for name in expected:
        assert rows(shop, database, name.removeprefix("expected_")) == rows(shop, database, name)
    assert shop.ours() == []
    shop.sql(f"DROP DATABASE {database}")
