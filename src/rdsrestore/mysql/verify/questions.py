"""Questions in the user's own words: one SELECT, SHOW or EXPLAIN, asked where it can't write and does not run for ever.

A statement is read twice before the server gets it. By its words, for what a parser passes over and a server may run:
comments and hints. By the tree that a parser of the dialect makes of it, held against what only reads.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pymysql.cursors import SSCursor

from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.tables.question import Take
from rdsrestore.mysql.schema.where_words import FUNCTIONS, OF_SESSION
from rdsrestore.mysql.session.errors import translated
from rdsrestore.mysql.session.login.connection import Session, quoted

if TYPE_CHECKING:
    from sqlglot import Token

LONGEST = 20_000
"""Characters of a statement."""
PATIENCE = 300
"""Seconds that a statement may take."""
FIRST = frozenset({"SELECT", "WITH", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "TABLE", "VALUES", "("})
"""What a statement may begin with."""
HARMLESS = FUNCTIONS | OF_SESSION | {"ROW", "USER", "VERSION", "DATABASE", "SCHEMA", "CONNECTION_ID", "FOUND_ROWS"}
"""Functions that the parser has no word of its own for, and that neither write, nor wait, nor read files."""
HINT = "one SELECT, SHOW, EXPLAIN or DESCRIBE: the copy is only looked at"


def without_values(statement: str) -> str:
    """Return a statement with a question mark in place of each value that it names; UsageError where it may not run."""
    from sqlglot.errors import SqlglotError  # noqa: PLC0415 - takes a fifth of a second, and few commands need it

    if not statement.strip() or len(statement) > LONGEST:
        raise refused("is empty" if not statement.strip() else "is too long")
    try:
        tokens = words(statement)
        wrong = of_words(tokens) or of_tree(statement)
    except (SqlglotError, RecursionError) as error:
        raise refused("is not understood") from error
    if wrong:
        raise refused(wrong)
    return " ".join(value_or_word(token) for token in tokens)


def words(statement: str) -> list[Token]:
    """Take a statement apart."""
    from sqlglot import tokenize  # noqa: PLC0415 - as above

    found = tokenize(statement, dialect="mysql")
    return found[:-1] if found and found[-1].token_type.name == "SEMICOLON" else found


def of_words(tokens: list[Token]) -> str:
    """Say what is wrong with the words: a server runs some comments, and hints set variables."""
    if not tokens or tokens[0].text.upper() not in FIRST:
        return "is none that only reads"
    if any(token.comments or token.token_type.name == "HINT" for token in tokens):
        return "must not hold comments"
    if any(token.token_type.name == "SEMICOLON" for token in tokens):
        return "is more than one"
    return ""


def of_tree(statement: str) -> str:
    """Say what is wrong with what a parser makes of it."""
    from sqlglot import exp, parse_one  # noqa: PLC0415 - as above

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it does not know is told by the refusal
    tree = parse_one(statement, dialect="mysql")
    if not isinstance(tree, exp.Query | exp.Show | exp.Describe | exp.Values):
        return "is none that only reads"
    acts = (exp.DDL, exp.DML, exp.Command, exp.Into, exp.Lock, exp.Set, exp.Transaction)
    for node in tree.walk():
        if isinstance(node, acts) and not isinstance(node, exp.Query | exp.Values):
            return "would do more than read"
        if isinstance(node, exp.PropertyEQ | exp.Parameter):
            return "must not use variables"
        if isinstance(node, exp.Anonymous) and node.name.upper() not in HARMLESS:
            return f"calls {node.name}(), which is not among the functions that may be called here"
    return ""


def value_or_word(token: Token) -> str:
    """Write a word of a statement; a value becomes a question mark."""
    kind = token.token_type.name
    return "?" if "STRING" in kind or kind == "NUMBER" else token.text


def ask(session: Session, database: str, statement: str, most: int | None, take: Take) -> str:
    """Run a statement in a transaction that can't write, have `take` its result, and return it without its values.

    A SELECT gives at most so many rows. UsageError where it may not run, DatabaseError where it fails or takes longer
    than `PATIENCE`.
    """
    text = without_values(statement)
    mariadb = "mariadb" in session.greeted.lower()
    limit = f"max_statement_time = {PATIENCE}" if mariadb else f"max_execution_time = {PATIENCE * 1000}"
    session.run(f"USE {quoted(database)}")
    session.run(f"SET SESSION {limit}, sql_select_limit = {most or 'DEFAULT'}")
    session.run("START TRANSACTION READ ONLY")
    try:
        cursor = session.through(lambda connection: connection.cursor(SSCursor))
        with translated("sql"):
            cursor.execute(statement)
            try:
                take(tuple(str(each[0]) for each in cursor.description or ()), iter(cursor))
            finally:
                cursor.close()  # it reads what is left of the result, or the connection would be of no more use
    finally:
        session.run("ROLLBACK")
    return text


def refused(why: str) -> UsageError:
    """Say why a statement may not run; what it says stays with who has typed it."""
    return UsageError("sql", f"the statement {why}", HINT)
