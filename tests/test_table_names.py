"""Tables as people write them."""

from __future__ import annotations

import pytest

from rdsrestore.app.requests.table_names import read, written
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
