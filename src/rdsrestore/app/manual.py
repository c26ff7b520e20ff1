"""The documents that come with the tool: whole, by section, and a line for each code."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rdsrestore.domain.errors import UsageError
from rdsrestore.notify.console import pages_view
from rdsrestore.notify.console.terminal import Terminal

PACKED, SOURCES = Path(__file__).parent.parent / "docs", Path(__file__).parents[3] / "docs"
"""Where the documents lie: in an installed package, and in a checkout."""
PAGES = (
    "runbook",
    "configuration",
    "guarantees",
    "estates",
    "performance",
    "scaling",
    "fargate",
    "formats",
    "glossary",
    "tutorial",
    "first-account",
    "costs",
    "alternatives",
)
SITUATIONS = ("delete", "update", "drop", "truncate", "database", "deploy", "moment", "unfinished", "access")
"""A page for each thing that may have happened, in a folder of that name."""
FIRST = "runbook"
HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)
NUMBER = re.compile(r"(\d+)\. ")


@dataclass(frozen=True)
class Section:
    """A part of a page, with its heading."""

    title: str
    text: str

    @property
    def number(self) -> str:
        """The number that its heading begins with, if any."""
        found = NUMBER.match(self.title)
        return found[1] if found else ""


def page(name: str) -> str:
    """Read a page; UsageError where it is not there."""
    for path in places(name):
        if path.is_file():
            return path.read_text("utf-8")
    raise UsageError("help", f"there is no page {name}", f"rdsrestore help lists {', '.join(pages())}")


def places(name: str) -> list[Path]:
    """Say where a page may lie."""
    return [folder / ("situations" if name in SITUATIONS else "") / f"{name}.md" for folder in (PACKED, SOURCES)]


def pages() -> list[str]:
    """Name the pages that are there."""
    return [name for name in (*PAGES, *SITUATIONS) if any(path.is_file() for path in places(name))]


def sections(text: str) -> Iterator[Section]:
    """Take a page apart at its headings; a section holds those that are below it."""
    found = list(HEADING.finditer(text))
    for place, heading in enumerate(found):
        after = (each.start() for each in found[place + 1 :] if len(each[1]) <= len(heading[1]))
        yield Section(heading[2], text[heading.start() : next(after, len(text))].strip() + "\n")


def topic(words: str) -> str:
    """Find what is asked for: a page, a section of the runbook by its number, or any section by words of its title.

    UsageError names what there is.
    """
    asked = words.strip().lower()
    if asked in pages():
        return page(asked)
    every = [(name, section) for name in pages() for section in sections(page(name))]
    for name, section in every:
        if asked.isdigit() and name == FIRST and section.number == asked:
            return section.text
    found = next((section for _name, section in every if asked and asked in section.title.lower()), None)
    if found:
        return found.text
    titles = {section.title.lower(): section.title for _name, section in every}
    near = difflib.get_close_matches(asked, [*pages(), *titles], n=1)
    meant = f"did you mean {titles.get(near[0], near[0])}? " if near else ""
    raise UsageError("help", f"there is nothing about {words}", f"{meant}rdsrestore help lists the topics")


def overview() -> str:
    """List the pages, and the runbook's sections by their numbers."""
    there = pages()
    happened = [f"- {name}: {title(name)}" for name in there if name in SITUATIONS]
    listed = [f"- {name}" for name in there if name in PAGES]
    numbered = [f"- {each.number} {each.title.partition('. ')[2]}" for each in sections(page(FIRST)) if each.number]
    return "\n".join(
        [
            *("rdsrestore help TOPIC says what to do where this has happened:", "", *happened, ""),
            *("or shows a page:", "", *listed, ""),
            *("or a part of the runbook:", "", *numbered),
        ]
    )


def title(name: str) -> str:
    """Read what a page is called."""
    return page(name).partition("\n")[0].removeprefix("# ").lower()


def explained(code: str) -> str:
    """Find what an error's code, or an exit code, means and what to do about it; UsageError where it is unknown."""
    known: dict[str, list[str]] = {}
    for line in page(FIRST).splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")] if line.startswith("| ") else []
        if len(cells) == len(("code", "meaning", "what to do")):
            names = re.findall(r"`([a-z]+(?:[.-][a-z-]+)+)`", cells[0]) or re.findall(r"\b\d+\b", cells[0])
            known |= {name: cells for name in names if name not in known}
    if code in known:
        _names, meaning, todo = known[code]
        return f"{code}: {meaning}\nnext: {todo}"
    told = re.search(rf"`{re.escape(code)}`[^(`]*(?:, `[^`]*` )*\(([^)]*)\)", " ".join(page(FIRST).split()))
    if told:
        return f"{code}: {told[1]}"
    near = difflib.get_close_matches(code, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "give the code as an error or the summary shows it"
    raise UsageError("explain", f"{code} is no code of rdsrestore", hint)


def show(words: str, *, plain: bool = False) -> None:
    """Print what somebody asks for, or without words what there is."""
    pages_view.show(Terminal(sys.stdout, plain=plain), topic(words) if words else overview())
