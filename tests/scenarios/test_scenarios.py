"""Incidents as folders: seed.sql, incident.sql, since.sql, request.toml, expected.sql, between.sql and undone.sql.

Adding a case is adding a folder. Every script runs on a real server in a database of the case's own. `expected.sql`
fills tables called `expected_<table>`; the restored tables have to hold the same rows. `request.toml` names the tables,
further options (`{case}` is the folder), the exit code, texts that the output has to contain, and the family of servers
that alone can play it, with the reason.

A run that is refused or only compares has to leave every table as it was. Every other run, also one that could not put
every row back, is undone, and then every table has to be as it was before; where something happens in between,
`undone.sql` fills tables called `undone_<table>`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mysql.programs import by_oracle
from rdsrestore.domain.outcome.exit_code import ExitCode
from tool import LabTool

OF_TYPES = {
    "all-types",
    "generated-and-hidden-columns",
    "key-is-text",
    "odd-names",
    "text-without-unicode-compared",
    "touched-timestamps",
    "zero-dates-and-id-zero",
}
"""Those that both families' dump programs have to serve."""
CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/request.toml"))


@dataclass(frozen=True)
class Wanted:
    """A case's request.toml."""

    tables: Sequence[str]
    options: Sequence[str] = ()
    command: str = "table"
    incident_end: bool = False
    exit_code: int = 0
    says: Sequence[str] = ()
    says_not: Sequence[str] = ()
    undo: bool = True
    undo_says: Sequence[str] = ()
    undo_exit_code: int = 0
    only: tuple[str, str] | tuple[()] = ()


@dataclass(frozen=True)
class Case:
    """A case in a database of its own."""

    folder: Path
    shop: LabTool

    @property
    def database(self) -> str:
        return f"case_{self.folder.name.replace('-', '_')}"

    def play(self, name: str) -> None:
        """Run one of the folder's scripts, where there is one."""
        path = self.folder / f"{name}.sql"
        if path.exists():
            self.shop.sql(f"USE {self.database}; {path.read_text('utf-8')}")

    def tables(self, like: str = "%") -> list[str]:
        known = "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}' AND table_name LIKE '{}'"
        return [row[0] for row in self.shop.sql(known.format(self.database, like))]

    def rows(self, table: str) -> list[list[str]]:
        """Read all of a table, hidden columns as well."""
        known = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = '{}' AND table_name = '{}' ORDER BY column_name"
        )
        names = [row[0] for row in self.shop.sql(known.format(self.database, table.replace("'", "''")))]
        listed = ", ".join(map(quoted, names))
        return sorted(self.shop.sql(f"SELECT {listed} FROM {self.database}.{quoted(table)}"))

    def everything(self) -> dict[str, list[list[str]]]:
        return {table: self.rows(table) for table in self.tables()}

    def check(self, prefix: str) -> None:
        """Compare every table that a script has filled with the one that it stands for."""
        wanted = self.tables(f"{prefix}\\_%")
        assert wanted
        for name in wanted:
            assert self.rows(name.removeprefix(f"{prefix}_")) == self.rows(name), name


def quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def wanted_of(folder: Path) -> Wanted:
    return Wanted(**tomllib.loads((folder / "request.toml").read_text("utf-8")))


def played(folder: Path) -> object:
    """A case, marked where one family alone can play it."""
    only = wanted_of(folder).only
    return pytest.param(folder, id=folder.name, marks=[pytest.mark.only(*only)] if only else [])


@pytest.mark.parametrize("folder", [played(folder) for folder in CASES])
def test_scenario(shop: LabTool, folder: Path) -> None:
    come_true(shop, folder)


@pytest.mark.parametrize("folder", [played(folder) for folder in CASES if folder.name in OF_TYPES])
def test_scenario_by_oracle_s_dump_program(shop: LabTool, folder: Path, tmp_path: Path) -> None:
    come_true(by_oracle(shop, tmp_path), folder)


def come_true(shop: LabTool, folder: Path) -> None:
    """Play a case to its end, and back."""
    wanted = wanted_of(folder)
    case = Case(folder, shop)
    shop.sql(f"CREATE DATABASE {case.database}")
    case.play("seed")
    words = [wanted.command, *wanted.tables, "--database", case.database, "--before", shop.moment()]
    case.play("incident")
    if wanted.incident_end:
        words += ["--incident-end", shop.moment()]
    case.play("since")
    words += [option.replace("{case}", str(folder)) for option in wanted.options]
    before = case.everything()

    ended = shop(*words, "--yes", check=wanted.exit_code)

    said = ended.stderr + ended.stdout
    for text in wanted.says:
        assert text in said
    for text in wanted.says_not:
        assert text not in said
    assert shop.ours() == []
    if wanted.exit_code not in {ExitCode.OK, ExitCode.INCOMPLETE} or wanted.command == "compare":
        assert case.everything() == before
    else:
        case.play("expected")
        case.check("expected")
        if wanted.undo:
            undo(case, wanted, said, before)
    shop.sql(f"DROP DATABASE {case.database}")


def undo(case: Case, wanted: Wanted, said: str, before: dict[str, list[list[str]]]) -> None:
    """Take the run back."""
    found = re.search(r"rdsrestore undo (\d{6}-\d{6}-\w{4})", said)
    assert found, said
    case.play("between")

    ended = case.shop("undo", found[1], "--yes", check=wanted.undo_exit_code)

    for text in wanted.undo_says:
        assert text in ended.stderr + ended.stdout
    case.play("undone")
    if case.tables("undone\\_%"):
        case.check("undone")
    else:
        assert {table: case.rows(table) for table in before} == before
    assert case.shop.ours() == []
