"""--plain: on a real terminal too lines that stay, without a control code, and words where signs stood."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pexpect
import pytest

from tool import COMMAND

HERE = Path(__file__).parent.parent
PROGRAM = """
import sys
sys.path[:0] = {paths!r}
from rdsrestore.notify.console import pages_view, preview, result_view, views
from rdsrestore.notify.console.live import ConsoleListener
from rdsrestore.notify.console.prompts import Prompts
from rdsrestore.notify.console.terminal import Terminal
from samples import ended_badly, sample_differences, story
screen = Terminal(sys.stdout, plain={plain})
listener = ConsoleListener(screen)
for event in story():
    listener.handle(event)
listener.close()
preview.preview(screen, sample_differences())
views.summary(screen, ended_badly())
pages_view.show(screen, "# A page\\n\\n| a | b |\\n| --- | --- |\\n| 1 | 2 |\\n")
result_view.show(["id", "note"], iter([(1, "one")]), screen, None)
print("answer", Prompts(screen).choose("Which?", ["first", "second"]))
"""


def drawn(*, plain: bool) -> str:
    program = PROGRAM.format(paths=[str(HERE), str(HERE.parent / "src")], plain=plain)
    child = pexpect.spawn(sys.executable, ["-c", program], encoding="utf-8", timeout=60, env=terminal())
    child.expect("number or name" if plain else "and Enter, or type")
    before = str(child.before)
    child.sendline("2" if plain else "second")
    child.expect("answer second")
    child.close()
    return before


def terminal(**more: str) -> dict[str, str]:
    return {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **more}


def test_everything_that_is_drawn_becomes_lines_without_a_control_code() -> None:
    assert "\x1b[" in drawn(plain=False)
    text = drawn(plain=True)
    assert "\x1b" not in text
    assert not set("✓✗━⠋─│┃┏") & set(text)
    assert "ok own-group" in text
    assert "FAILED" in text
    assert "row 1\r\n  id    1\r\n  note  one\r\n" in text
    assert all("\r" not in line.rstrip("\r") for line in text.split("\n"))


@pytest.mark.parametrize(
    ("words", "setting"),
    [
        (["--plain", "help", "4"], ""),
        (["help", "4", "--plain"], ""),
        (["help", "4"], "1"),
        (["--plain", "runs"], ""),
        (["runs", "--plain"], ""),
        (["runs"], "true"),
    ],
)
def test_the_flag_stands_before_or_after_the_command_or_in_the_settings(
    words: list[str], setting: str, tmp_path: Path
) -> None:
    env = terminal(RDSRESTORE_HOME=str(tmp_path), RDSRESTORE_PLAIN=setting)
    child = pexpect.spawn(COMMAND[0], [*COMMAND[1:], *words], encoding="utf-8", timeout=60, env=env)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    said = str(child.before)
    assert "\x1b" not in said
    assert "## 4. Go on, or roll back" in said or "no runs yet" in said
