"""Words for people: made harmless, counted, and timed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from rdsrestore.domain.plain_text import clean_line


def clean(text: str, style: str = "") -> Text:
    """Make text from outside fit to be printed by rich: what looks like markup in it is only characters."""
    return Text(clean_line(text), style)


def counted(number: int, noun: str) -> str:
    """Count in words an operator reads aloud."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Say how long, as exactly as anybody wants to know."""
    if seconds < 9.95:  # noqa: PLR2004 - where one decimal would become two digits
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    if whole < 3600:  # noqa: PLR2004 - an hour
        return f"{whole // 60} min {whole % 60:02} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def about(seconds: float) -> str:
    """Say how long something takes as a rule; nobody wants more than its size."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{max(1, round(seconds))} s"
    return duration(60 * round(seconds / 60))


def shortened(text: str, width: int) -> str:
    """Cut text to at most `width` characters, saying that it was cut."""
    return text if len(text) <= width else f"{text[: width - 3]}..."


def columns(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> list[str]:
    """Align rows of cells; the columns numbered in `right` to the right. No trailing blanks."""
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            pad = " " * (width - cell_len(cell))
            cells.append(pad + cell if number in right else cell + pad)
        lines.append("  ".join(cells).rstrip())
    return lines
