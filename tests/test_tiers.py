"""Three tiers: what each change has to pass, what is run now and then, and hours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
MARKED = """
import pytest
from tiers import amount

EXAMPLES = amount(1, long=3)

def test_usual() -> None: ...

@pytest.mark.long
def test_long() -> None: ...

@pytest.mark.parametrize("example", range(EXAMPLES))
def test_more(example: int) -> None: ...
"""


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A folder with the tests' own conftest, and tests of each tier."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "test_marked.py").write_text(MARKED, "utf-8")
    return tmp_path


@pytest.mark.parametrize(("options", "number"), [([], 2), (["--long"], 5)])
def test_what_is_marked_long_runs_only_where_it_is_asked_for(marked: Path, options: list[str], number: int) -> None:
    words = ["-q", "-p", "no:cacheprovider", f"--rootdir={marked}", f"--config-file={ROOT / 'pyproject.toml'}"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *options, str(marked)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert f"{number} passed" in ended.stdout, ended.stdout


def test_every_script_that_the_workflow_runs_is_there() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text("utf-8"))
    runs = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    scripts = [word for run in runs for word in run.split() if word.startswith("scripts/")]
    assert scripts
    assert all((ROOT / script).exists() for script in scripts)
    assert {"3.11", "3.12", "3.13", "3.14"} == {*workflow["jobs"]["test"]["strategy"]["matrix"]["python"]}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_pages_and_the_reference_are_made_without_a_warning() -> None:
    ended = subprocess.run([ROOT / "scripts" / "docs"], capture_output=True, text=True, timeout=800, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    page = (ROOT / "build" / "docs" / "reference" / "rdsrestore.steps.html").read_text("utf-8")
    assert "The job, in order" in page
