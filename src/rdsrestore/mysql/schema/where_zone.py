"""A filter for sessions in UTC that means what it means in another zone.

A TIMESTAMP is shown in its session's zone, and FROM_UNIXTIME and UNIX_TIMESTAMP go by it; nothing else of a filter does
(https://dev.mysql.com/doc/refman/8.4/en/time-zone-support.html).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rdsrestore.mysql.schema.where_filter import written
from rdsrestore.mysql.schema.where_words import KEYWORDS, Word, words

UTC = "'+00:00'"
OFFSET = re.compile(r"\d\s*[+-]\d\d:\d\d'$")
"""How a moment with a zone of its own ends (MySQL 8.0.19 and newer)."""
COMMA = Word("sign", ",", spaced=True)
OPEN, CLOSED = Word("sign", "("), Word("sign", ")")


def in_zone(expression: str, timestamps: frozenset[str], zone: str) -> str | None:
    """Write a filter anew; `timestamps` are the table's columns of that type, in small letters.

    None where it can't be: it has a moment with a zone of its own, which servers read in the session's, or a word that
    may be a column or not. ValueError where it can't be taken apart.
    """
    local, given = Word("text", f"'{zone}'"), list(words(expression))
    doubtful = any(word.kind == "word" and word.upper in KEYWORDS and word.column in timestamps for word in given)
    if doubtful or any(word.kind == "text" and OFFSET.search(word.text) for word in given):
        return None
    return written(iter(converted(given, timestamps, local)))


def converted(found: Sequence[Word], timestamps: frozenset[str], local: Word) -> list[Word]:
    """Convert each value that is shown in the session's zone, and each that is read in it."""
    given_out: list[Word] = []
    at = 0
    while at < len(found):
        word, call = found[at], at + 1 < len(found) and found[at + 1].text == "("
        if not call or word.upper not in {"FROM_UNIXTIME", "UNIX_TIMESTAMP"}:
            shown = not call and word.column in timestamps
            given_out += moved([word], Word("text", UTC), local) if shown else [word]
            at += 1
            continue
        end = closing(found, at + 1)
        given, after = found[at + 2 : end], found[end]
        inner = converted(given, timestamps, local)
        if word.upper == "FROM_UNIXTIME":
            first, rest = parts(inner)
            seconds = [word, OPEN, *first, CLOSED]
            shown_there = moved(seconds, Word("text", UTC), local)
            told = [Word("word", "DATE_FORMAT"), OPEN, *shown_there, *rest, CLOSED] if rest else shown_there
            given_out += [*told[:-1], replace(told[-1], spaced=after.spaced)]
        elif len(given) == 1 and given[0].column in timestamps:
            given_out += [word, OPEN, *given, after]
        else:
            given_out += [word, OPEN, *moved(inner, local, Word("text", UTC)), after]
        at = end + 1
    return given_out


def moved(value: Sequence[Word], source: Word, target: Word) -> list[Word]:
    """Move a value from one zone to another; what is no moment, as the zero date, is the same in each."""
    last = value[-1]
    plain = [*value[:-1], replace(last, spaced=False)]
    there = [Word("word", "CONVERT_TZ"), OPEN, *plain, COMMA, source, COMMA, target, CLOSED]
    return [Word("word", "IFNULL"), OPEN, *there, COMMA, *plain, replace(CLOSED, spaced=last.spaced)]


def closing(found: Sequence[Word], opening: int) -> int:
    """Find the bracket that closes one; ValueError where there is none."""
    depth = 0
    for place in range(opening, len(found)):
        depth += {"(": 1, ")": -1}.get(found[place].text, 0) if found[place].kind == "sign" else 0
        if not depth:
            return place
    raise ValueError("(")


def parts(given: Sequence[Word]) -> tuple[Sequence[Word], Sequence[Word]]:
    """Part a call's first value from what follows it."""
    depth = 0
    for place, word in enumerate(given):
        depth += {"(": 1, ")": -1}.get(word.text, 0) if word.kind == "sign" else 0
        if not depth and word.text == "," and word.kind == "sign":
            return given[:place], given[place:]
    return given, ()
