"""What the documents promise is what the code has: steps, exit codes, error codes, commands, flags."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.steps import STEPS
from rdsrestore.workflow.journal.journal import VERSION, Kind
from tool import COMMAND

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "rdsrestore"
FORMATS = (ROOT / "docs" / "formats.md").read_text("utf-8")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
SLUG = re.compile(
    r'"((?:aws|db|dump|tool|stage|journal|run|copy|merge|operator|verify|cleanup|window|snapshot|source|disk|caller|where'
    r'|into|table|listener|conflict|undo|invariant|keys|swap|plan)\.[a-z][a-z-]+)"'
)
NOT_CODES = {"journal.jsonl"}


def slugs() -> set[str]:
    files = [path for path in SOURCE.rglob("*.py") if SOURCE / "lab" not in path.parents]
    return {slug for path in files for slug in SLUG.findall(path.read_text("utf-8"))} - NOT_CODES


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
        for words in (["table"], ["cleanup"], ["audit"], ["lab", "up"], ["lab", "slack"], [])
    )
    named = set(re.findall(r"`(--[a-z][a-z-]+)", RUNBOOK + README))
    assert [flag for flag in sorted(named) if flag not in shown] == []


def test_no_document_or_source_names_a_path_of_somebody_s_machine() -> None:
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.py")]
    assert [path for path in files if re.search(r"(?<![\w.])/(?:home|root|work)/", path.read_text("utf-8"))] == []
