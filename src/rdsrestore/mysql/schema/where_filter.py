"""A row filter from the command line: one expression over the table's own columns, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import sqlparse
from sqlparse import tokens
from sqlparse.exceptions import SQLParseError
from sqlparse.sql import Token

FUNCTIONS = frozenset(
    [
        "ABS",
        "CEIL",
        "CEILING",
        "FLOOR",
        "ROUND",
        "MOD",
        "SIGN",
        "LOWER",
        "UPPER",
        "LENGTH",
        "CHAR_LENGTH",
        "LEFT",
        "RIGHT",
        "SUBSTR",
        "SUBSTRING",
        "TRIM",
        "LTRIM",
        "RTRIM",
        "CONCAT",
        "COALESCE",
        "IFNULL",
        "NULLIF",
        "DATE",
        "YEAR",
        "MONTH",
        "DAY",
        "HOUR",
        "MINUTE",
        "SECOND",
        "IF",
    ]
)
KEYWORDS = frozenset(
    [
        "AND",
        "OR",
        "XOR",
        "NOT",
        "IN",
        "BETWEEN",
        "IS",
        "NULL",
        "LIKE",
        "TRUE",
        "FALSE",
        "DIV",
        "MOD",
        "REGEXP",
        "RLIKE",
        "ESCAPE",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "INTERVAL",
        "DATE",
        "TIMESTAMP",
        "TIME",
        "BINARY",
        "NOT",
        "NULL",
    ]
)
LITERALS = (tokens.Number, tokens.String.Single, tokens.Literal.String.Single)
SIGNS = frozenset({"(", ")", ","})


def problem(expression: str, columns: frozenset[str]) -> str:
    """Say what is wrong with a filter; empty where it may be used. `columns` are the table's, in any case."""
    if not expression.strip():
        return "is empty"
    if "\\" in expression:
        return "must not hold a backslash; write a single quote inside a text as two"
    try:
        statements = sqlparse.parse(expression)
    except SQLParseError:
        return "is too long"
    if len(statements) != 1:
        return "is more than one expression"
    known = frozenset(column.lower() for column in columns)
    words = list(flat(statements[0].flatten()))
    depth = 0
    for token, following in zip(words, [*(word.value for word in words[1:]), ""], strict=True):
        wrong = fault(token, known, called=following == "(")
        if wrong:
            return wrong
        depth += {"(": 1, ")": -1}.get(token.value, 0)
        if depth < 0:
            break
    return "" if depth == 0 else "has brackets that do not match"


def one_line(expression: str) -> str:
    """Write a filter without line breaks, its texts untouched: a dump holds it in a comment of one line."""
    (statement,) = sqlparse.parse(expression)
    return "".join(" " if token.is_whitespace else token.value for token in statement.flatten()).strip()


def flat(found: Iterator[Token]) -> Iterator[Token]:
    """Leave out white space."""
    return (token for token in found if not token.is_whitespace)


def fault(token: Token, columns: frozenset[str], *, called: bool) -> str:
    """Say what is wrong with one token, `called` where a bracket follows; empty where it may stand in a filter."""
    value, kind = token.value, token.ttype
    if kind in tokens.Comment:
        return "must not hold comments"
    if value.startswith('"'):
        return f"write texts in single quotes, not {value}"
    if value == ":=" or value.startswith("@"):
        return "must not use variables"
    if len(value.splitlines()) > 1 and not token.is_whitespace:
        return "must not hold a line break inside a text"
    name = is_name(value, columns) and token.ttype not in tokens.DML and not called
    return "" if is_value(token) or name or is_word(token) else unknown(value)


def is_value(token: Token) -> bool:
    """Whether a token is a literal, an operator or a bracket."""
    kinds = (*LITERALS, tokens.Operator, tokens.Comparison)
    return token.value in SIGNS or any(token.ttype in kind for kind in kinds)


def is_name(value: str, columns: frozenset[str]) -> bool:
    """Whether a token names a column of the table."""
    name = value[1:-1].replace("``", "`") if value.startswith("`") else value
    return name.lower() in columns and not value.startswith("'")


def is_word(token: Token) -> bool:
    """Whether a token is a word of expressions or one of the few functions that only compute."""
    value = token.value.upper()
    words = token.ttype in tokens.Keyword and all(word in KEYWORDS for word in value.split())
    return words or value in FUNCTIONS | KEYWORDS


def unknown(value: str) -> str:
    """Say that a word has no place in a filter."""
    return f"{value!r} is neither a column of the table nor allowed in a filter"
