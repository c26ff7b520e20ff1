"""Texts of definitions and statements, judged without a server."""

from __future__ import annotations

import pytest

from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.binlog.statements import concerns
from rdsrestore.mysql.schema.ddl import plain


def test_a_definition_may_be_as_long_as_a_server_lets_it_be() -> None:
    parts = ",\n ".join(f"PARTITION p{each} VALUES LESS THAN ({each * 10}) ENGINE = InnoDB" for each in range(8000))
    head = "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"
    assert plain(f"{head}\n/*!50100 PARTITION BY RANGE (`id`)\n({parts}) */")
    assert not plain(f"{head}\n/*!50100 PARTITION BY RANGE (`id`)\n({parts}) */; DROP TABLE t")


HEAD = "CREATE TABLE `t` (\n  `a` int DEFAULT {},\n  `b'` int COMMENT {}\n)"


@pytest.mark.parametrize("end", ["'a\\\\'", "'it''s; \\\\'", "'DELETE FROM x; \\\\'", "'\\''"])
def test_texts_end_where_the_server_ends_them(end: str) -> None:
    assert plain(HEAD.format(end, "'it''s; \\\\'"))
    assert not plain(HEAD.format(end, "'\\\\'") + "; DROP TABLE t")
    assert not plain(HEAD.format(end, "'\\\\'") + " SELECT * FROM `x`")


@pytest.mark.parametrize("comment", ["/* ' */", "/*!99999 ' */", "-- '\n", "# '\n"])
def test_no_quote_of_a_comment_hides_a_statement(comment: str) -> None:
    assert not plain(HEAD.format("1", "'b'") + f"{comment}; DROP TABLE x; '")
    assert not plain(HEAD.format("1", "'b'") + f"{comment} SELECT * FROM x COMMENT '")


@pytest.mark.parametrize("text", ["TRUNCATE TABLE shop.`b``t`", "DROP TABLE `b``t`", "DELETE FROM `shop`.`b``t`"])
def test_a_name_with_a_backtick_is_found_where_it_is_written_doubled(text: str) -> None:
    assert concerns(text, "shop", TableRef("shop", "b`t"))
    assert not concerns(text, "shop", TableRef("shop", "bt"))
