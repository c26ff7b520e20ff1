"""What the shell completes: commands, and the runs of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("rdsrestore")


def completed(shell: str, words: str, home: Path) -> str:
    """Ask the program as the shell does, with the last word to be completed."""
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1), "_TYPER_COMPLETE_ARGS": words}
    env = {**os.environ, **asked, "_RDSRESTORE_COMPLETE": f"complete_{shell}", "RDSRESTORE_HOME": str(home)}
    env["_TYPER_COMPLETE_FISH_ACTION"] = "get-args"
    return subprocess.run([PROGRAM], env=env, capture_output=True, text=True, timeout=60, check=False).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_run_and_a_command_are_completed(shell: str, tmp_path: Path) -> None:
    for run in ("261127-130358-ed25", "261120-130358-ed25", "no-run"):
        (tmp_path / "runs" / run).mkdir(parents=True)
    offered = completed(shell, "rdsrestore undo 261127", tmp_path)
    assert "261127-130358-ed25" in offered
    assert "261120" not in offered
    assert "doctor" in completed(shell, "rdsrestore do", tmp_path)


def test_settings_that_can_not_be_read_complete_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    assert not completed("bash", "rdsrestore undo 26", tmp_path / "file").strip()
