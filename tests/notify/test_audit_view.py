"""What `runs` and `audit` look like in a terminal of 80 columns, and what a pipe gets of them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from goldens import check_golden
from tool import COMMAND

STORED = Path(__file__).parent.parent / "stored" / "journal-1"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    """Runs of an earlier release in a home of their own: one that ended well, one that was cut off."""
    (tmp_path / "home" / "runs").mkdir(parents=True)
    for case in ("good-merged", "cut-merged"):
        for run in (each for each in (STORED / case).iterdir() if each.is_dir()):
            shutil.copytree(run, tmp_path / "home" / "runs" / run.name)
            (tmp_path / "home" / "runs" / run.name / "journal.jsonl").touch()  # its dumps stay seven days from now
    kept = {
        name: value for name, value in os.environ.items() if name != "COLUMNS" and not name.startswith("RDSRESTORE")
    }
    return kept | {"RDSRESTORE_HOME": str(tmp_path / "home"), "TERM": "xterm", "LC_ALL": "C.UTF-8"}


def piped(env: Mapping[str, str], *words: str) -> str:
    ended = subprocess.run([*COMMAND, *words], env=env, capture_output=True, text=True, timeout=60, check=True)
    return ended.stdout.replace(env["RDSRESTORE_HOME"], "/home")


def on_a_terminal(env: Mapping[str, str], *words: str) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [*COMMAND, *words], env=env, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 4096):
                said += part
        except OSError:  # what Linux says at the end of a terminal that nobody holds any more
            pass
        os.close(ours)
        assert process.wait(60) == 0
    return ANSI.sub("", said.decode()).replace("\r\n", "\n").replace(env["RDSRESTORE_HOME"], "/home")


@pytest.mark.parametrize("words", [("runs",), ("audit",), ("audit", "--requests")], ids="".join)
def test_a_record_takes_a_line(env: Mapping[str, str], words: tuple[str, ...]) -> None:
    name = "".join(words).replace("--", "-")
    check_golden(f"{name}-80.txt", on_a_terminal(env, *words))
    check_golden(f"{name}-pipe.txt", piped(env, *words))


@pytest.mark.parametrize("words", [("runs",), ("audit",)], ids="".join)
def test_nothing_but_the_first_and_last_line_is_wider_than_the_terminal(
    env: Mapping[str, str], words: tuple[str, ...]
) -> None:
    lines = on_a_terminal(env, *words).splitlines()
    records = [line for line in lines if not line.startswith(("run 2", "folder: "))]
    assert len(records) > 2
    assert max(map(len, records)) <= 80


@pytest.mark.parametrize("words", [("runs",), ("audit",)], ids="".join)
def test_a_pipe_gets_no_padding(env: Mapping[str, str], words: tuple[str, ...]) -> None:
    assert not re.search("  +|\t| $", piped(env, *words), re.MULTILINE)
