"""Tables as people write them: with the database before a dot, several with commas, by pattern, or in backticks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rdsrestore.domain.errors import UsageError

NAME = r"`(?:[^`]|``)+`|[^`.,][^.,]*"
ONE = re.compile(rf"\s*(?:(?P<database>{NAME})\.)?(?P<table>{NAME})\s*(?:,|$)")
WILD = re.compile(r"[*?]")
QUOTES = "put a name that has a dot or a comma in backticks: '`2017.billing`'"


class Pattern(str):
    """Stands for every table that it matches: * for any characters, ? for one."""

    __slots__ = ()


def read(words: Sequence[str], database: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Read what was typed; returns the database, where one is named here or was before, and the tables.

    UsageError where a word can't be read, or two databases are named.
    """
    named = [pair for word in words for pair in split(word)]
    databases = {each for each, _table in named if each} | ({database} if database else set())
    if len(databases) > 1:
        what = f"{' and '.join(sorted(databases))} are two databases"
        raise UsageError("TABLE", what, "run the command once for each database")
    return next(iter(databases), None), tuple(dict.fromkeys(table for _database, table in named))


def split(word: str) -> Iterator[tuple[str, str]]:
    """Split a word at its commas, and each name at its dot."""
    at = 0
    while at < len(word):
        found = ONE.match(word, at)
        if found is None:
            raise UsageError("TABLE", f"{word} is no table's name", QUOTES)
        table = plain(found["table"])
        wild = WILD.search(table) and not found["table"].strip().startswith("`")
        yield plain(found["database"] or ""), Pattern(table) if wild else table
        at = found.end()


def written(table: str) -> str:
    """Write a table's name so that it is read as this one name."""
    if isinstance(table, Pattern):
        return table
    return f"`{table.replace('`', '``')}`" if re.search(r"[.,*?]|^[`-]|^\s|\s$", table) else table


def matching(words: Sequence[str], there: Callable[[], Sequence[str]]) -> tuple[str, ...]:
    """Put the tables that are there in the place of patterns; UsageError where one matches none."""
    if not any(isinstance(word, Pattern) for word in words):
        return tuple(words)
    tables = there()
    found = [fits(word, tables) if isinstance(word, Pattern) else [word] for word in words]
    return tuple(dict.fromkeys(table for each in found for table in each))


def fits(pattern: Pattern, tables: Sequence[str]) -> Sequence[str]:
    """List the tables that a pattern matches; UsageError where there are none."""
    form = re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)
    fitting = [table for table in tables if form.fullmatch(table)]
    if not fitting:
        hint = "tables that were dropped are named one by one, with --recreate"
        raise UsageError("TABLE", f"no table of production is called like {pattern}", hint)
    return fitting


def plain(name: str) -> str:
    """Take a name's backticks off."""
    name = name.strip()
    return name[1:-1].replace("``", "`") if name.startswith("`") else name
