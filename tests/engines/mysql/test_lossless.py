"""Every code of every character set, every label, every type within a document: it comes back as it is, or is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engines.mysql.site import Site
from rdsrestore.core.errors import DatabaseError

LISTED = (
    "SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME NOT IN {} ORDER BY 1"
)
NO_COLUMNS = "('binary', 'filename')"
CODES = (
    [bytes([code]) for code in range(256)]
    + [bytes([high, low]) for high in range(256) for low in range(256)]
    + [bytes([0, 0, high, low]) for high in range(256) for low in (0x00, 0x41, 0xFF)]
    + [f"{chr(code)}".encode("utf-8", "surrogatepass") for code in range(0x700, 0x11000, 61)]
    + [b"\x81\x30" + bytes([high, low]) for high in range(0x81, 0xFF) for low in range(0x30, 0x3A)]
)
"""All codes of one and two bytes, and of longer ones some of each kind."""


@pytest.fixture(params=["site", "mysql_site"])
def family(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Each family's two servers in turn."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]  # a fixture's name is all it takes


def charsets(site: Site) -> list[str]:
    return [row[0] for row in site.then(LISTED.format(NO_COLUMNS))]


def bent(charset: str) -> str:
    """The condition that a text has other bytes after the way to Unicode and back."""
    trip = f"CONVERT(CONVERT(v USING utf8mb4) USING {charset})"
    return f"NOT (CAST({trip} AS BINARY) <=> CAST(v AS BINARY))"


def test_every_code_of_every_character_set_comes_back_or_is_refused(family: Site) -> None:
    lossy = set()
    family.then("CREATE TABLE codes (id INT PRIMARY KEY, v VARBINARY(9))")
    for start in range(0, len(CODES), 16384):
        values = (f"({start + n}, x'{code.hex()}')" for n, code in enumerate(CODES[start : start + 16384]))
        family.then(f"INSERT INTO codes VALUES {','.join(values)}")
    for charset in charsets(family):
        family.both(f"CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT CHARACTER SET {charset})")
        family.then("CREATE TABLE one LIKE t; INSERT IGNORE INTO one SELECT * FROM codes; DELETE FROM one WHERE v = ''")
        (lost,) = family.then(f"SELECT COUNT(*) FROM one WHERE {bent(charset)}")[0]
        if lost:
            lossy.add(charset)
            with pytest.raises(DatabaseError, match=rf"column v of {lost:,} rows holds .* \({charset}\)") as refused:
                family.dump("one")
            assert (refused.value.code, refused.value.where) == ("db.lossy", str(family.ref("one")))
            family.then(f"DELETE FROM one WHERE {bent(charset)}")
        family.then(
            "SET group_concat_max_len = 1000000; INSERT INTO t SELECT MIN(id), GROUP_CONCAT(v ORDER BY id SEPARATOR '')"
            " FROM one GROUP BY id DIV 200; DROP TABLE one"
        )
        assert family.restore("t")[1].inserted > 5
        rows = "SELECT id, CAST(v AS BINARY) FROM t ORDER BY id"
        assert family.now(rows) == family.then(rows), charset
        family.both("DROP TABLE t")
    assert {"gbk", "big5", "cp1251", "hebrew", "sjis", "ujis", "cp932", "eucjpms", "euckr", "gb2312"} <= lossy
    assert not {"latin1", "utf8mb4", "utf8mb3", "koi8r"} & lossy
