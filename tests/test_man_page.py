"""The manual page: it says what the command line declares, and reads well."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import typer.main

import man_page
from rdsrestore.cli.help_page import EXAMPLES
from rdsrestore.cli.main import app


def shown(width: int) -> str:
    """The page as man shows it on a terminal so wide."""
    if not shutil.which("groff"):
        pytest.skip("no groff on this machine")
    words = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", f"-rLL={width}n", str(man_page.PAGE)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stderr == ""
    return ended.stdout


def test_the_page_is_what_the_command_line_declares() -> None:
    man_page.check_page()


@pytest.mark.parametrize("width", [78, 120])
def test_it_is_shown_without_a_warning_and_fits_the_terminal(width: int) -> None:
    lines = shown(width).splitlines()
    examples = {line.strip() for line in EXAMPLES.splitlines()}
    assert [line for line in lines if len(line) > width and line.strip() not in examples] == []


def test_every_command_and_option_can_be_found_and_copied_from_it() -> None:
    text = shown(120)
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]  # a group, as its callback makes it
        if command.hidden:
            continue
        assert f"rdsrestore {name}" in text
        flags = [flag for each in command.params for flag in each.opts if flag.startswith("--")]
        assert [flag for flag in flags if flag not in text] == []
    assert "--before" in text  # hyphens, and no dashes
