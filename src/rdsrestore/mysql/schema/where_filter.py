"""A row filter from the command line: one expression over the table's own columns, and nothing else.

Two independent gates: each word has to be a literal, a column, or one that only computes; and the tree that a parser of
the dialect makes of it has to hold no query, variable or statement. What passes is the user's own text.
"""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.schema.where_words import (
    BEFORE_BRACKET,
    BEFORE_TEXT,
    FUNCTIONS,
    KEYWORDS,
    OF_SESSION,
    TYPES,
    Word,
    words,
)
from rdsrestore.mysql.session.login.connection import Session

LONGEST = 20_000
"""Characters of a filter."""
DEEPEST = 50
"""Brackets within each other."""
NOTHING = Word("", "")
SIGNS = {
    "\\": "must not hold a backslash; write a single quote inside a text as two",
    '"': "must have its texts in single quotes",
    "@": "must not use variables",
    "#": "must not hold comments",
    ";": "is more than one expression",
    "'": "has a text without an end, or with a line break in it",
    "`": "has a name without an end",
}
NAMED_AFTER = frozenset({"COLLATE", "USING", "SET"})
"""Words after which a charset or a collation is named."""
MOMENT = "depends on when it is asked: write the moment itself, like '2017-06-01 10:14:00'"


def check(session: Session, ref: TableRef, expression: str) -> str:
    """Say what is wrong with a filter of a table, also by the server's own word; empty where it may be used."""
    columns = frozenset(column.name for column in catalog.read_columns(session, ref))
    if found := problem(expression, columns):
        return found
    try:
        session.rows(f"EXPLAIN SELECT 1 FROM {catalog.qualified(ref)} WHERE ({expression})")
    except DatabaseError as error:
        return f"is not understood by the server: {error.what}"
    return ""


def problem(expression: str, columns: frozenset[str]) -> str:
    """Say what is wrong with a filter; empty where it may be used. `columns` are the table's, in any case."""
    if not expression.strip():
        return "is empty"
    if len(expression) > LONGEST:
        return "is too long"
    try:
        found = list(words(expression))
    except ValueError as error:
        return SIGNS.get(str(error), f"holds {str(error)!r}, which has no place in a filter")
    known = frozenset(column.lower() for column in columns)
    return next(faults(found, known), "") or of_tree(one_line(expression))


def faults(found: list[Word], columns: frozenset[str]) -> Iterator[str]:
    """Say what is wrong with the words, one after the other."""
    depth = 0
    beyond = [*found[1:], NOTHING, NOTHING]
    for before, word, after, closing in zip([NOTHING, *found], found, beyond, beyond[1:], strict=False):
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if not 0 <= depth <= DEEPEST:
            yield "is nested too deeply" if depth > 0 else "has brackets that do not match"
        if word.kind == "sign":
            yield from of_sign(word, after)
        elif word.kind == "text" and before.kind in {"word", "name"} and before.upper not in BEFORE_TEXT:
            yield f"has a text right after {before.text}"
        elif word.kind in {"word", "name"}:
            yield from of_call(word) if after.text == "(" else of_word(before, word, columns)
        if word.upper == "UNIX_TIMESTAMP" and (after.text, closing.text) == ("(", ")"):
            yield f"{word.text}() {MOMENT}"
    if depth:
        yield "has brackets that do not match"


def of_sign(word: Word, after: Word) -> Iterator[str]:
    """Say what is wrong with a sign: two of them may begin a comment."""
    if not word.spaced and (word.text, after.text) in {("-", "-"), ("/", "*"), ("*", "/")}:
        yield "must not hold comments; write a blank between two signs"
    if (word.text, after.text) == ("|", "|"):
        yield "must not hold ||, which a server's settings may turn round: write OR, or CONCAT"
    if word.text == ".":
        yield "must name columns without their table"


def of_call(word: Word) -> Iterator[str]:
    """Say what is wrong with a word before a bracket."""
    if word.upper in OF_SESSION:
        yield f"{word.text}() {MOMENT}"
    elif word.upper not in BEFORE_BRACKET | TYPES | FUNCTIONS:
        yield f"{word.text}() is not among the functions that a filter may use"
    elif word.spaced and word.upper not in BEFORE_BRACKET | TYPES | KEYWORDS:
        yield f"must not have a blank between {word.text} and its bracket: a server may take it for a function of yours"


def of_word(before: Word, word: Word, columns: frozenset[str]) -> Iterator[str]:
    """Say what is wrong with a word that no bracket follows."""
    if word.upper in OF_SESSION:
        yield f"{word.text} {MOMENT}"
    elif before.upper not in NAMED_AFTER and word.upper not in KEYWORDS and word.column not in columns:
        yield f"{word.text!r} is neither a column of the table nor allowed in a filter"


def of_tree(expression: str) -> str:
    """Say what is wrong with what a parser makes of a filter."""
    from sqlglot import exp, parse_one  # noqa: PLC0415 - takes a fifth of a second, and most runs have no filter
    from sqlglot.errors import SqlglotError  # noqa: PLC0415 - likewise

    parts = (exp.Tuple, exp.Identifier, exp.Interval, exp.Var, exp.DataType, exp.DataTypeParam, exp.CharacterSet)
    allowed = (exp.Condition, *parts, exp.JSONPath, exp.JSONPathPart, exp.TsOrDsToDate, exp.TsOrDsToTimestamp)
    asking = (exp.AggFunc, exp.SubqueryPredicate, exp.Query, exp.Subquery, exp.Window, exp.Star, exp.UDTF)
    never = (*asking, exp.PropertyEQ, exp.Parameter, exp.SessionParameter, exp.Placeholder, exp.MatchAgainst)
    try:
        tree = parse_one(expression, dialect="mysql", into=exp.Condition)
    except (SqlglotError, RecursionError):
        return "is not understood as one expression"
    odd = next((node for node in tree.walk() if isinstance(node, never) or not isinstance(node, allowed)), None)
    return "" if odd is None else f"holds {odd.sql('mysql')[:80]!r}, which has no place in a filter"


def one_line(expression: str) -> str:
    """Write a filter without line breaks, its texts untouched: a dump holds it in a comment of one line."""
    return written(words(expression))


def unqualified(expression: str, database: str, table: str) -> str:
    """Write a filter with its columns' table left out, where it is this one; what can't be read stays as it is."""
    try:
        found = list(words(expression))
    except ValueError:
        return expression
    places = ([database.lower(), ".", table.lower(), "."], [table.lower(), "."])
    kept: list[Word] = []
    while found:
        place = next((each for each in places if [word.column or word.text for word in found[: len(each)]] == each), [])
        kept += found[len(place) : len(place) + 1]
        found = found[len(place) + 1 :]
    return written(iter(kept)) if len(kept) else expression


def written(found: Iterator[Word]) -> str:
    """Write words, with a blank where there was white space."""
    return "".join(f"{word.text} " if word.spaced else word.text for word in found).strip()
