"""A row filter from the command line: one expression over the table's own columns, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import sqlparse
from sqlparse import tokens
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
    statements = sqlparse.parse(expression)
    if len(statements) != 1:
        return "is more than one expression"
    depth = 0
    for token in flat(statements[0].flatten()):
        wrong = fault(token, frozenset(column.lower() for column in columns))
        if wrong:
            return wrong
        depth += {"(": 1, ")": -1}.get(token.value, 0)
        if depth < 0:
            break
    return "" if depth == 0 else "has brackets that do not match"


def flat(found: Iterator[Token]) -> Iterator[Token]:
    """Leave out white space."""
    return (token for token in found if not token.is_whitespace)


def fault(token: Token, columns: frozenset[str]) -> str:
    """Say what is wrong with one token; empty where it may stand in a filter."""
    value, kind = token.value, token.ttype
    if kind in tokens.Comment:
        return "must not hold comments"
    if value.startswith('"'):
        return f"write texts in single quotes, not {value}"
    if value == ":=" or value.startswith("@"):
        return "must not use variables"
    return "" if is_value(token) or is_name(value, columns) or is_word(token) else unknown(value)


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
