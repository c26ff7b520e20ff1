"""Which indexes of a new table can wait until its rows are in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import Column, ForeignKey, TableDefinition
from rdsrestore.mysql.merge.bare.left_out import left_out, parts_of, with_them, without

REF = TableRef("shop", "t")
ID = Column("id", "int", "int", nullable=False, auto_increment=True)
LINK = ForeignKey("f", TableRef("shop", "child"), ("t",), REF, ("id",), "CASCADE")


def definition(*keys: str, columns: tuple[str, ...] = ("`id` int NOT NULL AUTO_INCREMENT",)) -> TableDefinition:
    """A table with these keys, as a server writes it."""
    lines = ",\n  ".join((*columns, "`a` int DEFAULT NULL", *keys))
    text = f"CREATE TABLE `t` (\n  {lines}\n) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='KEY `x` (`y`)'"
    return TableDefinition(REF, "BASE TABLE", "InnoDB", (ID,), ("id",), create_sql=text)


PRIMARY = "PRIMARY KEY (`id`)"
WAITS = [
    "KEY `a` (`a`)",
    "UNIQUE KEY `a` (`a`,`b`)",
    "KEY `a` (`a`(10),`b` DESC)",
    "KEY `a` (`a`) USING BTREE COMMENT 'it''s (a, b), \\'KEY `z` (`z`)'",
    "KEY `a` (`a`) KEY_BLOCK_SIZE=4",
    "KEY `a` (`a`) /*!80000 INVISIBLE */",
    "KEY `a` (`a`) IGNORED",
    "KEY `od``d` (`a`)",
]
STAYS = [
    "FULLTEXT KEY `a` (`a`)",
    "FULLTEXT KEY `a` (`a`) /*!50100 WITH PARSER `ngram` */ ",
    "SPATIAL KEY `a` (`a`)",
    "VECTOR KEY `a` (`a`) `distance`=euclidean",
    "KEY `a` ((lower(`a`)))",
    "KEY `a` (`b`,(`a` + 1))",
    "KEY `a` ((cast(`a` as unsigned array)))",
    "UNIQUE KEY `a` (`a`) USING HASH",
    "CONSTRAINT `KEY` CHECK (`a` <> ',')",
]


@pytest.mark.parametrize("key", WAITS)
def test_an_index_over_columns_waits(key: str) -> None:
    (found,) = left_out(definition(PRIMARY, key))
    assert found.text == key
    assert key.split("KEY ")[1].startswith(f"{found.name} (")


@pytest.mark.parametrize("key", STAYS)
def test_what_can_not_be_built_beside_the_rows_stays(key: str) -> None:
    assert left_out(definition(PRIMARY, key)) == ()


def test_indexes_keep_their_order() -> None:
    keys = ("UNIQUE KEY `u` (`b`)", "KEY `b` (`b`)", "KEY `a` (`a`)")
    found = left_out(definition(PRIMARY, "FULLTEXT KEY `f` (`t`)", *keys))
    assert without(found) == "DROP KEY `u`, DROP KEY `b`, DROP KEY `a`"
    assert with_them(found) == "ADD UNIQUE KEY `u` (`b`), ADD KEY `b` (`b`), ADD KEY `a` (`a`)"


def test_a_table_without_a_primary_key_stays_as_it_is() -> None:
    assert left_out(definition("UNIQUE KEY `id` (`id`)", "KEY `a` (`a`)")) == ()


def test_the_column_that_counts_keeps_an_index_that_begins_with_it() -> None:
    keys = ("PRIMARY KEY (`a`,`id`)", "KEY `id` (`id`)", "KEY `more` (`id`,`a`)", "KEY `a` (`a`,`id`)")
    assert [each.name for each in left_out(definition(*keys))] == ["`a`"]


INDEXED = definition(PRIMARY, "KEY `a` (`a`)")


@pytest.mark.parametrize("tied", [replace(INDEXED, references=(LINK,)), replace(INDEXED, referenced_by=(LINK,))])
def test_indexes_that_foreign_keys_need_stay(tied: TableDefinition) -> None:
    assert left_out(tied) == ()


@pytest.mark.parametrize(
    "other", [replace(INDEXED, engine="MyISAM"), replace(INDEXED, versioned=True), replace(INDEXED, create_sql="")]
)
def test_a_table_of_another_kind_stays_as_it_is(other: TableDefinition) -> None:
    assert left_out(INDEXED)
    assert left_out(other) == ()


def test_a_column_that_reads_like_a_key_is_none() -> None:
    columns = (
        "`id` int NOT NULL",
        "`x,\n  KEY ``y`` (``z``)` int DEFAULT 3 COMMENT ',\n  KEY `q` (`q`)'",
        "`c` varchar(9) DEFAULT 'a), KEY `n` (`n`)'",
    )
    table = definition(PRIMARY, "KEY `a` (`a`)", columns=columns)
    assert [each.name for each in left_out(table)] == ["`a`"]
    assert list(parts_of(table.create_sql))[:3] == list(columns)


def test_a_statement_that_does_not_end_has_no_parts() -> None:
    assert list(parts_of("CREATE TABLE `t` (\n  `a` int,\n  KEY `a` (`a`)")) == []
