"""Triggers as statements that a client program runs: kept for whoever makes them again, since no table brings them."""

from __future__ import annotations

from collections.abc import Sequence

from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.mysql.schema.catalog import text
from rdsrestore.mysql.session.login.connection import Session, quoted

HEAD = """-- Triggers of {table}, not made again with it. Look at them, then give this file to the client program
-- "mysql" or "mariadb". A login other than a trigger's definer needs SET_ANY_DEFINER (MySQL 8.2 and newer), SET_USER_ID
-- (8.0) or SET USER (MariaDB), or put its own name in the definer's place.
USE {database};
SET NAMES utf8mb4;
"""
END = ";;"


def statements(session: Session, definition: TableDefinition, names: Sequence[str]) -> str:
    """Write what makes these triggers again, each with its definer and under its own `sql_mode` and collation.

    Raises DatabaseError where the login may not read them (SHOW CREATE TRIGGER wants the privilege TRIGGER).
    """
    ref = definition.ref
    parts = [HEAD.format(table=str(ref).replace("\n", " "), database=quoted(ref.database))]
    for name in names:
        shown = session.named(f"SHOW CREATE TRIGGER {quoted(ref.database)}.{quoted(name)}")
        mode, collation = session.literal(shown["sql_mode"]), session.literal(shown["collation_connection"])
        parts.append(f"SET sql_mode = {mode}, collation_connection = {collation};\nDELIMITER {END}\n")
        parts.append(f"{text(shown['SQL Original Statement'])} {END}\nDELIMITER ;\n")
    return "".join(parts)
