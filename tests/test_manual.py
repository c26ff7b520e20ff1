"""The documents are on the machine: whole, in parts, and a line for each code."""

from __future__ import annotations

import io
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from rdsrestore.app import manual
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.notify.console import pages_view
from rdsrestore.notify.console.terminal import Terminal
from test_docs import ROOT, SOURCE, slugs
from tool import COMMAND

HINT = re.compile(r"rdsrestore help ((?:[a-z]+ ?)*\d*)")


@pytest.mark.parametrize("name", manual.pages())
def test_every_page_is_shown_whole_and_is_in_the_package(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    place = f"situations/{name}.md" if name in manual.SITUATIONS else f"{name}.md"
    assert manual.topic(name) == (ROOT / "docs" / place).read_text("utf-8")
    assert any(place.startswith(held.removeprefix("docs/")) for held in packed)
    assert name in manual.overview()


def test_every_situation_has_a_page_and_is_short() -> None:
    there = {path.stem for path in (ROOT / "docs" / "situations").glob("*.md")}
    assert there == set(manual.SITUATIONS)
    assert [name for name in there if manual.page(name).count("\n") > 45] == []


def test_a_part_is_found_by_its_number_and_by_words_of_its_title() -> None:
    assert manual.topic("4").startswith("## 4. Go on, or roll back\n")
    assert manual.topic("4").rstrip() in manual.topic("runbook")
    assert "## 5." not in manual.topic("4")
    assert manual.topic("a Switch").startswith("### A switch in AWS\n")


def test_what_is_not_there_is_told_with_what_is() -> None:
    with pytest.raises(UsageError, match="nothing about rnbook") as refused:
        manual.topic("rnbook")
    assert "did you mean runbook?" in refused.value.hint


@pytest.mark.parametrize("code", sorted(slugs()))
def test_every_error_code_is_explained(code: str) -> None:
    text = manual.explained(code)
    assert text.startswith(f"{code}: ")
    assert len(text) > len(code) + 5


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_explained(code: ExitCode) -> None:
    assert manual.explained(str(int(code))).startswith(f"{int(code)}: ")


def test_an_unknown_code_names_a_near_one() -> None:
    with pytest.raises(UsageError, match=r"explain: db\.deneid is no code") as refused:
        manual.explained("db.deneid")
    assert "db.denied" in refused.value.hint


def test_every_topic_that_a_hint_names_is_there() -> None:
    texts = [path.read_text("utf-8") for path in SOURCE.rglob("*.py") if path.name != "manual.py"]
    named = {words.strip() for text in texts for words in HINT.findall(text)}
    assert "4" in named
    for words in named:
        assert any(topic_of(words, length) for length in range(1, len(words.split()) + 1)), words


def topic_of(words: str, length: int) -> str:
    try:
        return manual.topic(" ".join(words.split()[:length]))
    except UsageError:
        return ""


def test_a_terminal_gets_it_laid_out_and_a_pipe_as_it_is_written() -> None:
    plain, laid_out = io.StringIO(), io.StringIO()
    pages_view.show(Terminal(plain, animated=False), manual.topic("4"))
    pages_view.show(Terminal(laid_out, animated=True), manual.topic("4"))
    assert plain.getvalue().startswith("## 4. Go on")
    assert "## 4." not in laid_out.getvalue()
    assert "4. Go on, or roll back" in laid_out.getvalue()


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["help"], "or a part of the runbook:"),
        (["help", "by", "hand"], "by hand"),
        (["explain", "8"], "8: "),
        (["-h"], "Commands:"),
        (["restore", "-h"], "The tables;"),
        (["lab", "-h"], "Commands:"),
        (["lab", "up", "-h"], "--server"),
    ],
)
def test_the_commands_show_it(words: list[str], shown: str, tmp_path: Path) -> None:
    ended = subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60)
    assert shown in ended.stdout
