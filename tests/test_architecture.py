"""The shape of the code: who may import whom, and how long a module or function may be."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "rdsrestore"
LONGEST_MODULE = 300
LONGEST_FUNCTION = 40

CORE = frozenset({"domain", "ports"})
LAYERS: dict[str, frozenset[str]] = {
    "domain": frozenset({"domain"}),
    "ports": CORE,
    "diff": CORE | {"diff"},
    "workflow": CORE | {"workflow"},
    "steps": CORE | {"diff", "steps", "workflow"},
    "http_client": frozenset(),
    "child_process": frozenset(),
    "aws": CORE | {"aws", "http_client"},
    "mysql": CORE | {"child_process", "diff", "mysql", "__version__"},
    "notify": CORE | {"notify", "http_client", "workflow"},
    "store": CORE | {"store", "workflow"},
    "config": frozenset({"domain", "config"}),
    "app": CORE | {"app", "aws", "config", "diff", "mysql", "notify", "steps", "store", "workflow", "__version__"},
    "lab": frozenset({"domain", "aws", "store", "lab", "child_process"}),
    "cli": frozenset({"domain", "config", "app", "cli", "lab", "__version__"}),
}
"""Whom each package may import."""
WITHIN_MYSQL = (
    "session",
    "schema",
    "pace",
    "checksum",
    "dump",
    "binlog",
    "rewind",
    "merge",
    "write",
    "compare",
    "verify",
)
"""Each may import those before it."""
HOMES: dict[str, frozenset[str]] = {
    "boto3": frozenset({"aws", "lab"}),
    "botocore": frozenset({"aws", "lab"}),
    "tenacity": frozenset({"aws", "lab", "mysql"}),
    "pymysql": frozenset({"lab", "mysql"}),
    "sqlglot": frozenset({"mysql"}),
    "sqlparse": frozenset({"mysql"}),
    "pyrage": frozenset({"mysql"}),
    "re2": frozenset({"mysql"}),
    "zstandard": frozenset({"mysql"}),
    "distributed": frozenset({"mysql"}),
    "rich": frozenset({"cli", "lab", "notify"}),
    "questionary": frozenset({"notify"}),
    "prompt_toolkit": frozenset({"notify"}),
    "jinja2": frozenset({"notify"}),
    "moto": frozenset({"lab"}),
    "typer": frozenset({"cli", "lab"}),
}
MOST_IN_A_PACKAGE = 10
"""Modules that a package may have besides its sub-packages; each step has a file of its own."""
MOST_IN_A_ROLE = 10
"""Methods that a protocol may ask for itself; an adapter may have several roles."""


def modules() -> Iterator[Path]:
    yield from sorted(SOURCE.rglob("*.py"))


def layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "rdsrestore")


def forbidden(path: Path) -> Iterator[str]:
    home = layer(path)
    if home in {"__init__", "__main__"}:
        return
    for name in imports(ast.parse(path.read_text())):
        first, *rest = name.split(".")
        if first == "rdsrestore" and rest and rest[0] not in LAYERS[home]:
            yield name
        if first in HOMES and home not in HOMES[first]:
            yield name


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    assert list(forbidden(path)) == []


@pytest.mark.parametrize(
    "path", list((SOURCE / "mysql").rglob("*/*.py")), ids=lambda path: str(path.relative_to(SOURCE))
)
def test_within_mysql_imports_go_one_way(path: Path) -> None:
    place = WITHIN_MYSQL.index(path.relative_to(SOURCE / "mysql").parts[0])
    parts = (name.split(".") for name in imports(ast.parse(path.read_text())) if name.startswith("rdsrestore.mysql."))
    assert [parts for parts in parts if parts[2] not in WITHIN_MYSQL[: place + 1]] == []


def test_no_package_holds_more_than_somebody_can_take_in() -> None:
    packages = {path.parent for path in modules()} - {SOURCE / "steps"}
    crowds = {str(each.relative_to(SOURCE)): len(list(each.glob("[!_]*.py"))) for each in packages}
    assert {name: number for name, number in crowds.items() if number > MOST_IN_A_PACKAGE} == {}


@pytest.mark.parametrize("package", ["domain", "ports", "diff", "workflow", "steps"])
def test_the_core_needs_the_standard_library_alone(package: str) -> None:
    outside = {
        name.split(".")[0] for path in (SOURCE / package).rglob("*.py") for name in imports(ast.parse(path.read_text()))
    } - {"rdsrestore"}
    assert outside <= sys.stdlib_module_names


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_and_functions_stay_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_MODULE
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    assert [f"{node.name}: {length(node)} lines" for node in functions if length(node) > LONGEST_FUNCTION] == []


def test_a_role_of_a_port_asks_for_no_more_than_ten_things() -> None:
    classes = [
        node
        for path in (SOURCE / "ports").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    ]
    assert classes
    sizes = {each.name: sum(isinstance(part, ast.FunctionDef) for part in each.body) for each in classes}
    assert {name: size for name, size in sizes.items() if size > MOST_IN_A_ROLE} == {}


def test_the_cloud_is_reached_by_its_roles_alone() -> None:
    assert [path.name for path in modules() if "world.cloud" in path.read_text("utf-8")] == []


def length(node: ast.FunctionDef) -> int:
    """Count the lines of a function's body: a command's options are its signature."""
    return (node.end_lineno or 0) - node.body[0].lineno + 1
