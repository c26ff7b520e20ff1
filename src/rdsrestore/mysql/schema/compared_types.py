"""Types and character sets by how their values are compared and written."""

from __future__ import annotations

NAMED = frozenset({"uuid", "inet4", "inet6"})


WHOLE = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"})


APPROXIMATE = frozenset({"float", "double"})


AS_SHOWN = frozenset({"decimal", "date", "time", "datetime", "timestamp"})


TEXT = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"})


BYTES = frozenset(
    {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
    | {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
    | {"geometrycollection", "geomcollection", "vector"}
)


KINDS = WHOLE | APPROXIMATE | AS_SHOWN | TEXT | BYTES | NAMED
"""Every type that can be hashed."""


SHORT = frozenset({"char", "varchar", "tinytext", "text", "enum", "set", "binary", "varbinary", "tinyblob", "blob"})
"""Never more than 64 KiB: written out as they are. Of anything larger than that a digest is written."""


ALIKE = frozenset({"utf8mb4", "utf8mb3", "utf8", "ascii"})
"""Character sets that write the same text with the same bytes."""


WHOLLY = frozenset({"latin1"})
"""Other character sets of which each code has a Unicode character of its own."""
