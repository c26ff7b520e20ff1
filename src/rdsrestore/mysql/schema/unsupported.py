"""Why a table's rows can't be carried at all: known from its definition alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from rdsrestore.domain.tables.definition import Column
from rdsrestore.mysql.schema import compared_types

LABELLED = frozenset({"enum", "set"})
DOCUMENT_ID = "FTS_DOC_ID"
"""InnoDB's number of a row in its full-text index, which takes none that is not above all before (manual, "InnoDB
Full-Text Indexes")."""
LABEL = re.compile(r"'((?:[^']|'')*)'")


def labels(column: Column) -> list[str]:
    """Name the labels of an ENUM or SET, as the catalogue spells them."""
    return [label.replace("''", "'") for label in LABEL.findall(column.type)]


def rounds(column: Column) -> bool:
    """Whether a dump rounds the column's values; those of FLOAT(M,D) are shown with all the digits that they have."""
    return column.kind == "float" and "," not in column.type


def hindrances(columns: Sequence[Column], key: Collection[str], alike: Collection[str] = ()) -> Iterator[str]:
    """Say in words what stands in the way, column by column.

    `key` names the columns that identify a row, and `alike` those whose labels their collation can't tell apart.
    """
    for column in columns:
        if column.kind not in compared_types.KINDS:
            yield f"column {column.name} has type {column.type}, which can't be compared safely yet"
        elif column.name.upper() == DOCUMENT_ID:
            yield f"column {column.name} numbers the rows of InnoDB's full-text index, which takes no number twice"
        elif column.kind == "float" and column.name in key:
            yield f"column {column.name} is part of the key and FLOAT, so that no literal finds its rows"
        elif column.kind in LABELLED and len(set(labels(column))) < len(labels(column)):
            yield f"labels of column {column.name} are the same as the catalogue spells them: {column.type}"
        elif column.name in alike:
            yield f"labels of column {column.name} are the same by its collation {column.collation}: {column.type}"
        elif rounds(column) and not key:
            yield f"column {column.name} is FLOAT, which a dump rounds, and there is no key to repair it by"
