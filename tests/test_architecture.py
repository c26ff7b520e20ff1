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

LAYERS: dict[str, frozenset[str]] = {
    "core": frozenset({"core"}),
    "steps": frozenset({"core", "steps"}),
    "web": frozenset(),
    "aws": frozenset({"core", "aws", "web"}),
    "engines": frozenset({"core", "aws", "engines", "__version__"}),
    "store": frozenset({"core", "store"}),
    "outlets": frozenset({"core", "outlets", "web"}),
    "moments": frozenset({"core"}),
    "tomlfile": frozenset({"core"}),
    "expectations": frozenset({"core", "tomlfile"}),
    "config": frozenset({"core", "expectations", "tomlfile"}),
    "guide": frozenset({"core", "moments", "outlets"}),
    "wiring": frozenset({"core", "aws", "engines", "config"}),
    "front": frozenset({"core", "config", "guide", "outlets", "store", "wiring"}),
    "asking": frozenset({"core", "front", "guide", "moments"}),
    "prolonging": frozenset({"core"}),
    "keeping": frozenset({"core", "store"}),
    "restoring": frozenset({"core", "asking", "front", "keeping", "prolonging", "steps", "store", "__version__"}),
    "resuming": frozenset({"core", "front", "restoring", "steps", "store", "__version__"}),
    "sweeping": frozenset({"core", "cleaning", "front", "store", "__version__"}),
    "granting": frozenset({"aws"}),
    "cleaning": frozenset({"core", "front", "keeping", "steps", "store"}),
    "auditing": frozenset({"core", "front", "outlets", "store"}),
    "options": frozenset({"core"}),
    "ending": frozenset({"core", "front"}),
    "aftercare": frozenset({"auditing", "cleaning", "ending", "granting", "options", "resuming", "sweeping"}),
    "cli": frozenset({"core", "aftercare", "asking", "ending", "lab", "options", "restoring", "__version__"}),
    "lab": frozenset({"core", "aws", "store", "lab"}),
}
HOMES: dict[str, frozenset[str]] = {
    "boto3": frozenset({"aws", "engines", "lab"}),
    "botocore": frozenset({"aws", "engines", "lab"}),
    "tenacity": frozenset({"aws", "engines", "lab"}),
    "pymysql": frozenset({"engines", "lab"}),
    "sqlparse": frozenset({"engines"}),
    "pyrage": frozenset({"engines"}),
    "re2": frozenset({"engines"}),
    "distributed": frozenset({"engines"}),
    "rich": frozenset({"outlets", "guide", "cli", "lab"}),
    "moto": frozenset({"lab"}),
    "typer": frozenset({"aftercare", "cli", "ending", "lab", "options"}),
}


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


def test_the_core_needs_the_standard_library_alone() -> None:
    outside = {
        name.split(".")[0] for path in (SOURCE / "core").rglob("*.py") for name in imports(ast.parse(path.read_text()))
    } - {"rdsrestore"}
    assert outside <= sys.stdlib_module_names


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_and_functions_stay_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_MODULE
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    assert [f"{node.name}: {length(node)} lines" for node in functions if length(node) > LONGEST_FUNCTION] == []


def length(node: ast.FunctionDef) -> int:
    """Count the lines of a function's body: a command's options are its signature."""
    return (node.end_lineno or 0) - node.body[0].lineno + 1
