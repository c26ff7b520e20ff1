"""Tables as people write them: with the database before a dot, several with commas, or in backticks as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rdsrestore.domain.errors import UsageError

NAME = r"`(?:[^`]|``)+`|[^`.,][^.,]*"
ONE = re.compile(rf"\s*(?:(?P<database>{NAME})\.)?(?P<table>{NAME})\s*(?:,|$)")
QUOTES = "put a name that has a dot or a comma in backticks: '`2017.billing`'"


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
        yield plain(found["database"] or ""), plain(found["table"])
        at = found.end()


def written(table: str) -> str:
    """Write a table's name so that it is read as this one name."""
    return f"`{table.replace('`', '``')}`" if re.search(r"[.,]|^`|^\s|\s$", table) else table


def plain(name: str) -> str:
    """Take a name's backticks off."""
    name = name.strip()
    return name[1:-1].replace("``", "`") if name.startswith("`") else name
