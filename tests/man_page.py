"""The manual page, made of what the command line declares; UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer._click.core import Context
from typer.core import TyperGroup

from rdsrestore.cli.help_page import EXAMPLES
from rdsrestore.cli.main import app
from rdsrestore.lab import cli as lab
from rdsrestore.notify.console.views import MEANING

PAGE = Path(__file__).parent.parent / "docs" / "man" / "rdsrestore.1"
HEAD = r"""'\" made of the command line's declarations by tests/test_man_page.py
.TH RDSRESTORE 1 "" "rdsrestore" "User Commands"
.SH NAME
rdsrestore \- restore tables of an Amazon RDS database from its backups, and leave nothing behind
.SH SYNOPSIS
.B rdsrestore
.br
.B rdsrestore
.I command
.RI [ argument " ...] [" option " ...]"
"""
ABOUT = """
Alone in a terminal it asks what happened, where and when, shows the command line that comes of it, and runs it after a
yes. Nothing is written to production before the word yes is typed, and whatever a run made is removed when it ends.

Most options are settings too: in rdsrestore.toml, or as RDSRESTORE_ and the setting's name in capitals.
"""
FILES = """
rdsrestore.toml in the folder that one stands in or in the user's configuration folder has the settings; RDSRESTORE_HOME
names the folder of the runs: journals, reports, dumps and undo files, readable by their owner alone.
"""
SEE_ALSO = """
rdsrestore help shows the runbook and the other documents, rdsrestore help delete what to do after a DELETE, rdsrestore
explain CODE what an error's code or an exit code means. mysqldump(1), ssh(1)
"""


def page() -> str:
    """Write the page."""
    return HEAD + "".join(f"{line}\n" for line in body())


def body() -> Iterator[str]:
    """Yield its sections after the synopsis."""
    yield ".SH DESCRIPTION"
    for text in ABOUT.split("\n\n"):
        yield from (".PP", plain(text))
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    yield from options(group)
    yield ".SH COMMANDS"
    for name, command in group.commands.items():
        if not command.hidden and name != "lab":
            yield from described(name, command)
    yield from (".SH THE LAB", plain("A small RDS on this machine, to try everything on."))
    labs = typer.main.get_command(lab.app)
    assert isinstance(labs, TyperGroup)
    for name, command in labs.commands.items():
        yield from described(f"lab {name}", command)
    yield ".SH EXIT STATUS"
    for code, meaning in sorted(MEANING.items()):
        yield from (".TP", rf".B {int(code)}", plain(meaning))
    yield from (".SH EXAMPLES", ".nf", *map(literal, EXAMPLES.splitlines()[1:-2]), ".fi")
    yield from (".SH FILES", plain(FILES), ".SH SEE ALSO", plain(SEE_ALSO))


def described(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own copies of click's types
    """Yield a command: how it is called, what it does, its options."""
    pieces = command.collect_usage_pieces(Context(command))
    arguments = [named(each) for each in pieces if each != "[OPTIONS]"]
    yield f".SS rdsrestore {' '.join([plain(name), *map(plain, arguments)])}"
    yield plain(" ".join((command.help or "").split()))
    yield from options(command)


def named(argument: str) -> str:
    """Write an argument with no more around its name than says that it may be left out, or come several times."""
    return re.sub(r"^\[(\[.*\])\]$", r"\1", argument.removesuffix("...")).strip("{}")


def options(command: Any) -> Iterator[str]:  # noqa: ANN401 - likewise
    """Yield what can be added to a command."""
    for each in command.params:
        record = each.get_help_record(Context(command)) if each.param_type_name == "option" else None
        if record:
            flags, text = record
            yield from (".TP", f".B {plain(flags)}", plain(text))


def plain(text: str) -> str:
    """Write words so that groff shows them as they are (groff_char(7)): no line is a command, and all is ASCII."""
    text = "".join(sign if sign.isascii() else rf"\[u{ord(sign):04X}]" for sign in hyphened(text))
    return rf"\&{text}" if text.startswith((".", "'")) else text


def hyphened(text: str) -> str:
    """Write hyphens as such, and one blank between words."""
    return re.sub(r"\s+", " ", text.replace("\\", r"\e").replace("-", r"\-")).strip()


def literal(line: str) -> str:
    """Write a line that keeps its blanks."""
    indent = len(line) - len(line.lstrip())
    return rf"\&{' ' * indent}{plain(line)}" if line.strip() else ""


def check_page() -> None:
    """Hold the page against the declarations."""
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), "utf-8")
    assert page() == PAGE.read_text("utf-8")
