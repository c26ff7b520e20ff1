"""What has to be right in the user's own words: one SELECT that gives one value, read where it can't write."""

from __future__ import annotations

from collections.abc import Sequence

import sqlparse
from sqlparse import tokens
from sqlparse.exceptions import SQLParseError

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.invariants import Invariant
from rdsrestore.mysql.session.login.connection import Session, quoted

FORBIDDEN = frozenset({"INTO", "FOR UPDATE", "LOCK", "OUTFILE", "DUMPFILE", "PROCEDURE", "SLEEP", "BENCHMARK"})


def problem(query: str) -> str:
    """Say what is wrong with a query; empty where it is one SELECT and nothing else."""
    try:
        statements = sqlparse.parse(query)
    except SQLParseError:
        return "is too long"
    if len(statements) != 1 or statements[0].get_type() != "SELECT":
        return "is not one SELECT"
    for token in statements[0].flatten():
        word = token.value.upper()
        if token.ttype in tokens.Comment or word in FORBIDDEN or word == ";" or ":=" in word or word.startswith("@"):
            return f"must not hold {token.value}"
        if token.ttype in tokens.DML and word != "SELECT":
            return f"must not hold {token.value}"
    return ""


def read(session: Session, database: str, invariants: Sequence[Invariant]) -> tuple[str, ...]:
    """Read each value as text.

    DatabaseError with code `invariant.failed` names the one that does not give exactly one value.
    """
    return tuple(value(session, database, invariant) for invariant in invariants)


def value(session: Session, database: str, invariant: Invariant) -> str:
    """Read one value in a transaction that can't write."""
    wrong = problem(invariant.query)
    if wrong:
        raise failed(invariant, wrong)
    session.run(f"USE {quoted(database)}")
    session.run("START TRANSACTION READ ONLY")
    try:
        rows = session.rows(invariant.query)
    except DatabaseError as error:
        raise failed(invariant, f"can't be read: {error.what}") from error
    finally:
        session.run("ROLLBACK")
    if len(rows) != 1 or len(rows[0]) != 1:
        raise failed(invariant, "does not give exactly one value")
    return "NULL" if rows[0][0] is None else str(rows[0][0])


def failed(invariant: Invariant, why: str) -> DatabaseError:
    """Say that a value can't be had."""
    return DatabaseError(
        f"invariant {invariant.name}", why, "mend it in rdsrestore.toml, or take it out", code="invariant.failed"
    )
