"""Every command that a document tells somebody to type is one that the command line takes, with each of its options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer._click.core import Context
from typer._click.exceptions import UsageError
from typer.core import TyperGroup

from rdsrestore.cli.main import app
from rdsrestore.lab import cli as lab
from test_docs import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "situations").glob("*.md")])
FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(rdsrestore [^`\n]* --[^`\n]+)`")
"""In a sentence a command may stand by its name alone; with an option it is one to be typed."""
LEFT_OUT = ("…", "...", "[", "|")
"""What stands for something else in a command: it is shown and not typed."""


def commands(text: str) -> Iterator[str]:
    """Find the command lines of a document: in blocks, and those with options in its sentences."""
    for block in FENCED.findall(text):
        joined = block.replace("\\\n", " ")
        lines = (line.strip().removeprefix("$ ").partition(" #")[0] for line in joined.splitlines())
        yield from (line for line in lines if line.startswith("rdsrestore "))
    yield from INLINE.findall(FENCED.sub("", text))


def told() -> Iterator[tuple[Path, str]]:
    for document in DOCUMENTS:
        for command in dict.fromkeys(commands(document.read_text("utf-8"))):
            if not any(sign in command for sign in LEFT_OUT):
                yield document, command


def parse(words: list[str]) -> None:
    """Read a command line as the tool does, and run nothing; an error says what is wrong."""
    group = typer.main.get_command(app)
    if words[:1] == ["lab"]:
        group, words = typer.main.get_command(lab.app), words[1:]
    assert isinstance(group, TyperGroup)
    flags = [word for word in words if not word.startswith("-")]
    if not flags:
        return
    while words[0].startswith("-"):
        assert words.pop(0) in {"--plain", "--version"}
    context = Context(group)
    name, command, rest = group.resolve_command(context, words)
    assert command is not None
    command.make_context(name, rest, parent=context).close()


@pytest.mark.parametrize(
    ("document", "command"), list(told()), ids=lambda each: each if isinstance(each, str) else each.stem
)
def test_a_command_of_the_documents_is_understood(document: Path, command: str) -> None:
    words = shlex.split(re.sub(r" > \S+$", "", command))
    try:
        parse(words[1:])
    except typer.Exit:
        pass  # it printed its help
    except UsageError as error:
        pytest.fail(f"{document.name}: {command}: {error.format_message()}")


def test_the_pages_of_situations_have_commands() -> None:
    found = {document.stem for document, _command in told() if document.parent.name == "situations"}
    assert len(found) == len(list((ROOT / "docs" / "situations").glob("*.md")))
