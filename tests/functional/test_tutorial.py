"""The tutorial, command by command: who follows it ends with correct data, a report, and nothing left."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from test_commands import FENCED
from tool import COMMAND, given_server

PAGE = (Path(__file__).parent.parent.parent / "docs" / "tutorial.md").read_text("utf-8")


class Reader:
    """Somebody with a shell, who types what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.begun = "set -e"
        """What each of the reader's shells begins with."""
        (folder / "rdsrestore").write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
        (folder / "rdsrestore").chmod(0o755)
        path = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.env = {**os.environ, "PATH": path, "HOME": str(folder)}

    def types(self, *commands: str) -> str:
        """Type commands into one shell, which knows the lab; returns what was printed."""
        ended = subprocess.run(
            ["bash", "-c", "\n".join((self.begun, *commands))],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert ended.returncode == 0, f"{commands}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_tutorial_does_what_it_says(tmp_path_factory: pytest.TempPathFactory) -> None:
    reader = Reader(tmp_path_factory.mktemp("t"))
    up, accident, find, check, report, back = FENCED.findall(PAGE)
    bring_up, point_at_it = up.strip().splitlines()
    reader.types(f"{bring_up} --server {given_server()}")
    reader.begun += f"\n{point_at_it}"
    try:
        assert reader.types(accident).split()[-1] in {"0.00", "0.0000"}
        said = reader.types(find)
        (command,) = re.findall(r"^ *(rdsrestore table .+)$", said, re.MULTILINE)
        assert "--incident-end" in command
        restored = reader.types(f"{command} --yes")
        assert "19,999 rows changed by the incident, and not touched since" in restored
        assert "1 row changed by the incident, and in other columns since" in restored
        shown = reader.types(check)
        assert "20000\t1" in shown
        assert "paid" in shown
        reader.types(report)
        assert (reader.folder / "incident.html").stat().st_size > 1000
        reader.types(back.splitlines()[0] + " --yes")
    finally:
        reader.types("rdsrestore lab down")
