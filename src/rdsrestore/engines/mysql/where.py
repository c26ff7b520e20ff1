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
    name = value[1:-1].replace("``", "`") if value.startswith("`") else value
    if kind in tokens.Comment:
        return "must not hold comments"
    if any(kind in literal for literal in LITERALS) or value in SIGNS or kind in tokens.Operator:
        return "" if ":=" not in value else "must not assign"
    if kind in tokens.Comparison or kind in tokens.Operator.Comparison:
        return ""
    if name.lower() in columns and not value.startswith(("'", '"', "@")):
        return ""
    words = value.upper().split()
    if kind in tokens.Keyword and all(word in KEYWORDS for word in words):
        return ""
    if value.upper() in FUNCTIONS | KEYWORDS:
        return ""
    if kind in tokens.String.Symbol or value.startswith('"'):
        return f"write texts in single quotes, not {value}"
    return f"{value!r} is neither a column of the table nor allowed in a filter"
