"""A result of somebody's own SQL: a table on a terminal, lines with tabs in a pipe, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.cells import cell_len

from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.json_lines import JsonListener
from rdsrestore.notify.text import clean, columns, counted, shortened

Rows = Iterator[tuple[Any, ...]]
MOST = 200
"""Rows that a terminal shows of one result."""
CELL = 60
"""Characters of a cell in a table."""
NULL = "NULL"
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})
"""As mysql --batch writes what would break a line."""


def show(names: Sequence[str], rows: Rows, screen: Terminal, stream: JsonListener | None) -> None:
    """Print a result where it is read: by a program, a person, or in a pipe."""
    if stream:
        programs(names, rows, stream)
    elif screen.seen:
        people([clean_line(name) for name in names], rows, screen)
    else:
        pipe(names, rows, screen)


def programs(names: Sequence[str], rows: Rows, stream: JsonListener) -> None:
    """Write an object a row; UsageError where two columns have one name."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError("sql", f"two columns are called {twice}", "give one of them a name of its own: AS NAME")
    for row in rows:
        cells: dict[str, Json] = {name: plain(cell) for name, cell in zip(names, row, strict=True)}
        stream.write({"event": "row", "row": cells})


def pipe(names: Sequence[str], rows: Rows, screen: Terminal) -> None:
    """Write lines with tabs between, the names of the columns first."""
    for line in (names, *([text(cell) for cell in row] for row in rows)):
        screen.raw("\t".join(cell.translate(ESCAPED) for cell in line))


def people(names: Sequence[str], rows: Rows, screen: Terminal) -> None:
    """Print a table, or where that is too wide each row as lines of its own."""
    found = [[clean_line(text(cell)) for cell in row] for row in rows]
    few = found[:MOST]
    table = columns([names, *([shortened(cell, CELL) for cell in row] for row in few)])
    wide = screen.plain or max(map(cell_len, table)) > screen.width
    for number, line in enumerate(upright(names, few) if wide else table):
        screen.say(clean(line, "" if number or wide else "bold"))
    more = f"the first {MOST} rows; add a LIMIT, or send the output to a file"
    screen.say(clean(more if len(found) > MOST else counted(len(found), "row"), "dim"))


def upright(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write each row as lines of a name and a value."""
    for number, row in enumerate(rows, 1):
        yield f"row {number}"
        yield from (f"  {line}" for line in columns([list(pair) for pair in zip(names, row, strict=True)]))


def text(value: Any) -> str:  # noqa: ANN401 - whatever the driver has read
    """Write a value as the mysql client does; bytes that are no text as hexadecimal digits."""
    if value is None:
        return NULL
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, timedelta):
        sign, whole = ("-", -value) if value < timedelta(0) else ("", value)
        hours, rest = divmod(whole.days * 86400 + whole.seconds, 3600)
        return f"{sign}{hours:02}:{rest // 60:02}:{rest % 60:02}" + (
            f".{whole.microseconds:06}" if whole.microseconds else ""
        )
    return str(value)


def plain(value: Any) -> Json:  # noqa: ANN401 - likewise
    """Write a value for programs: numbers stay numbers where JSON has them exactly."""
    if value is None or isinstance(value, int | float):
        return value
    return text(value) if isinstance(value, str | bytes | Decimal | date | datetime | timedelta) else str(value)
