"""Which statements that stand in the binlog as text can have left a table's rows and its definition alone.

Text is never understood whole: what is not plainly harmless is not.
"""

from __future__ import annotations

import re

from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.binlog.statements import control, first_word, naming, plain

ACCOUNTS = re.compile(
    r"(?:GRANT|REVOKE|SET\s+(?:DEFAULT\s+ROLE|PASSWORD)|FLUSH|(?:CREATE|ALTER|DROP|RENAME)\s+(?:USER|ROLE))\b",
    re.IGNORECASE,
)
"""Statements about accounts and caches: they name rows of no table of a user's."""
DEFINING = frozenset({"ALTER", "ANALYZE", "CREATE", "DROP", "RENAME", "TRUNCATE"})
HEARTBEAT = re.compile(
    r"INSERT\s+INTO\s+mysql\.rds_heartbeat2\s*\(\s*id\s*,\s*value\s*\)\s*VALUES\s*\(\s*\d+\s*,\s*\d+\s*\)"
    r"\s*ON\s+DUPLICATE\s+KEY\s+UPDATE\s+value\s*=\s*\d+\s*;?\s*",
    re.IGNORECASE,
)
"""What RDS itself writes every few minutes."""
TAKEN_BACK = re.compile(r"ROLLBACK\b", re.IGNORECASE)
TWO_PHASES = re.compile(r"XA\b", re.IGNORECASE)


def begins(text: str) -> bool:
    """Say whether a statement begins a transaction."""
    return re.match(r"(?:BEGIN|START\s+TRANSACTION)\b", plain(text), re.IGNORECASE) is not None


def rolls_back(text: str) -> bool:
    """Say whether a statement takes rows back that stand in the binlog before it."""
    return TAKEN_BACK.match(plain(text)) is not None


def harm(text: str, ref: TableRef) -> str:
    """Say what a statement may have done to a table that no row event tells of; empty where it did nothing."""
    words = plain(text)
    if TWO_PHASES.match(words):
        return "a distributed transaction (XA) ended since, whose rows may stand before the moment"
    if control(words) or HEARTBEAT.fullmatch(words) or ACCOUNTS.match(words):
        return ""
    word = first_word(words)
    if word not in DEFINING:
        return f"a statement since ({word or 'unknown'}) is logged as text, without its rows"
    if "\ufffd" in words:
        return f"the text of a statement since ({word}) can't be read whole"
    if naming(ref.table).search(words) or (of_database(words) and naming(ref.database).search(words)):
        return f"a statement since ({word}) names {ref.table}, which may have been another table then"
    return ""


def of_database(words: str) -> bool:
    """Say whether a statement is about a whole database."""
    return re.match(r"\w+\s+(?:OR\s+REPLACE\s+)?(?:DATABASE|SCHEMA)\b", words, re.IGNORECASE) is not None
