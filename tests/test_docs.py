"""What the documents promise is what the code has: steps, exit codes, error codes, commands, flags, modules, words."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.steps.recipe import STEPS
from rdsrestore.workflow.journal.journal import VERSION, Kind
from test_architecture import LAYERS, WITHIN_MYSQL
from tool import COMMAND

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "rdsrestore"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SOURCE.rglob("*.md")])
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
FORMATS = (ROOT / "docs" / "formats.md").read_text("utf-8")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
SLUG = re.compile(
    r'"((?:aws|db|dump|tool|stage|journal|run|copy|merge|operator|verify|cleanup|window|snapshot|source|disk|caller|where'
    r'|into|table|listener|conflict|undo|invariant|keys|swap|plan)\.[a-z][a-z-]+)"'
)
NOT_CODES = {"journal.jsonl"}
PLACE = re.compile(r"`((?:[\w-]+/)+|(?:[\w-]+/)*\w+\.py)`")
"""A folder or a module that a document names."""
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
LARGE = 3
"""Modules of a package within another one, from beyond which it has a page of its own."""


def slugs() -> set[str]:
    files = [path for path in SOURCE.rglob("*.py") if SOURCE / "lab" not in path.parents]
    return {slug for path in files for slug in SLUG.findall(path.read_text("utf-8"))} - NOT_CODES


def rows(text: str, header: str) -> Iterator[list[str]]:
    """Read the rows of every Markdown table that has this header, each as its cells."""
    for table in text.split(f"{header}\n")[1:]:
        for line in table.partition("\n\n")[0].splitlines()[1:]:
            yield [cell.strip() for cell in line.strip("|").split("|")]


def quoted(text: str) -> frozenset[str]:
    """Read what stands between backticks."""
    return frozenset(re.findall(r"`([^`]+)`", text))


def is_there(place: str, document: Path) -> bool:
    """Whether a document's name of a folder or module leads to one, also to a test by its file's name alone."""
    homes = (ROOT, SOURCE, ROOT / "tests", document.parent)
    return any((home / place).exists() for home in homes) or any((ROOT / "tests").rglob(f"*/{place}"))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_runbook_has_a_line_for_each_step(step: type) -> None:
    assert f"| `{step.name}` |" in RUNBOOK  # type: ignore[attr-defined]  # every step has a name


def test_the_runbook_explains_every_exit_code() -> None:
    for code in ExitCode:
        assert re.search(rf"^\|(?: \d+,)* ?{int(code)}[ ,]", RUNBOOK, re.MULTILINE), code


def test_the_runbook_explains_every_error_code() -> None:
    assert slugs()
    assert [slug for slug in sorted(slugs()) if f"`{slug}`" not in RUNBOOK] == []


def test_the_journal_s_kinds_are_described() -> None:
    assert [kind for kind in Kind if f"`{kind.value}`" not in FORMATS] == []
    assert f"| `v` | schema number: {VERSION} |" in FORMATS


def test_the_readme_s_table_has_every_command() -> None:
    shown = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z]+)   ", shown.partition("Commands:")[2], re.MULTILINE)
    assert commands
    assert [name for name in commands if f"| `rdsrestore {name}" not in README] == []


def test_every_flag_that_a_hint_or_document_names_exists() -> None:
    shown = "".join(
        subprocess.run([*COMMAND, *words, "--help"], capture_output=True, text=True, check=True).stdout
        for words in (["table"], ["find"], ["cleanup"], ["audit"], ["report"], ["lab", "up"], ["lab", "slack"], [])
    )
    named = set(re.findall(r"`(--[a-z][a-z-]+)", RUNBOOK + README))
    assert [flag for flag in sorted(named) if flag not in shown] == []


def test_no_document_or_source_names_a_path_of_somebody_s_machine() -> None:
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.py")]
    assert [path for path in files if re.search(r"(?<![\w.])/(?:home|root|work)/", path.read_text("utf-8"))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_folder_and_page_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text("utf-8")
    assert [place for place in PLACE.findall(text) if not is_there(place, document)] == []
    assert [page for page in LINK.findall(text) if not (document.parent / page).exists()] == []


def test_the_table_of_packages_is_what_imports_are_held_to() -> None:
    table = rows(ARCHITECTURE, "| package | may import, beside itself | what it holds |")
    told = {name.strip("`"): quoted(allowed) for name, allowed, _holds in table}
    assert told == {name: allowed - {name} for name, allowed in LAYERS.items()}
    assert ", ".join(f"`{name}`" for name in WITHIN_MYSQL) in ARCHITECTURE


def test_the_glossary_s_words_stand_in_the_modules_that_it_names() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    wrong = [
        word
        for words, _meaning, places in rows(glossary, "| in the code | meaning | where |")
        for word in quoted(words)
        if not any(re.search(rf"\b{word}", (SOURCE / place).read_text("utf-8")) for place in quoted(places))
    ]
    assert wrong == []


def test_every_package_says_what_it_is_for() -> None:
    packages = {path.parent for path in SOURCE.rglob("*.py")} - {SOURCE}
    large = {each for each in packages if each.parent == SOURCE or len(list(each.glob("[!_]*.py"))) > LARGE}
    assert [str(each.relative_to(ROOT)) for each in sorted(large) if not (each / "README.md").exists()] == []
