"""Tables as people write them."""

from __future__ import annotations

import pytest

from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.table_names import Pattern, matching, read, written
from rdsrestore.domain.errors import UsageError


@pytest.mark.parametrize(
    ("words", "database", "meant"),
    [
        (["billing"], None, (None, ("billing",))),
        (["billing"], "shop", ("shop", ("billing",))),
        (["shop.billing"], None, ("shop", ("billing",))),
        (["shop.billing", "lines"], "shop", ("shop", ("billing", "lines"))),
        (["billing,lines"], None, (None, ("billing", "lines"))),
        (["billing,", "lines"], None, (None, ("billing", "lines"))),
        (["billing, shop.lines"], None, ("shop", ("billing", "lines"))),
        (["`a.b`"], "shop", ("shop", ("a.b",))),
        (["shop.`a,``b`"], None, ("shop", ("a,`b",))),
        (["select `from` where; --"], "shop", ("shop", ("select `from` where; --",))),
        (["billing", "billing"], None, (None, ("billing",))),
        (["shop.bill*"], None, ("shop", (Pattern("bill*"),))),
        ([], "shop", ("shop", ())),
    ],
)
def test_names_are_read(words: list[str], database: str | None, meant: tuple[str | None, tuple[str, ...]]) -> None:
    assert read(words, database) == meant


@pytest.mark.parametrize("word", [".", ",", "a..b", "a.b.c", "`a", "`a`b", ",a", "shop."])
def test_what_is_no_name_is_refused_with_a_word_on_backticks(word: str) -> None:
    with pytest.raises(UsageError, match="TABLE: ") as refused:
        read([word], None)
    assert "backticks" in refused.value.hint


def test_two_databases_are_refused() -> None:
    with pytest.raises(UsageError, match="shop and test are two"):
        read(["shop.billing"], "test")


@pytest.mark.parametrize("name", ["billing", "a.b", "a,b", "`a", "a`b", "a``b.c", "`", " a"])
def test_a_name_that_is_written_is_read_as_it_was(name: str) -> None:
    assert read([written(name)], "shop") == ("shop", (name,))


THERE = ("bill", "billing", "billing_lines", "b*", "x.y", "other")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["billing"], ("billing",)),
        (["bill*"], ("bill", "billing", "billing_lines")),
        (["bill?ng"], ("billing",)),
        (["`b*`"], ("b*",)),
        (["other", "b*ing", "other"], ("other", "billing")),
        (["x?y"], ("x.y",)),
        (["*"], THERE),
    ],
)
def test_a_pattern_stands_for_the_tables_that_are_there(words: list[str], meant: tuple[str, ...]) -> None:
    assert matching(read(words, None)[1], lambda: THERE) == meant


def test_a_pattern_without_a_table_is_refused_and_a_name_is_not_looked_up() -> None:
    with pytest.raises(UsageError, match=r"no table of production is called like bil"):
        matching(read(["bil?x"], None)[1], lambda: THERE)
    assert matching(read(["gone"], None)[1], list) == ("gone",)


def test_a_name_with_a_star_is_written_so_that_it_is_read_as_this_one() -> None:
    for name in ("b*", "b?", Pattern("b*")):
        (read_again,) = read([written(name)], None)[1]
        assert (read_again, type(read_again)) == (name, type(name))


def test_all_goes_without_names() -> None:
    assert CommandLine(every=True).named().tables == ("*",)
    with pytest.raises(UsageError, match="--all: goes without billing"):
        CommandLine(tables=("billing",), every=True).named()
