"""Every code of every character set, every label, every type within a document: it comes back as it is, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mysql.programs import oracle
from mysql.site import Site
from rdsrestore.domain.errors import DatabaseError, ToolError
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.mysql.dump import lossless

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
        listed = (f"({start + n}, x'{code.hex()}')" for n, code in enumerate(CODES[start : start + 16384]))
        family.then(f"INSERT INTO codes VALUES {','.join(listed)}")
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


@pytest.mark.parametrize(
    ("kind", "lossy", "sound", "said"),
    [
        ("CHAR(9) CHARACTER SET gbk", "x'A140'", "x'C4E3'", "text without"),
        ("TINYTEXT CHARACTER SET big5", "x'F9FE'", "x'A440'", "text without"),
        ("LONGTEXT CHARACTER SET cp1251", "x'98'", "x'C0'", "text without"),
        ("ENUM('a', x'A140') CHARACTER SET gbk", "2", "1", "labels that"),
        ("SET('a', x'A140') CHARACTER SET gbk", "3", "1", "labels that"),
        ("ENUM('a', '👍')", "2", "1", "labels that"),
        ("SET('a', '👍')", "2", "1", "labels that"),
        ("ENUM('a', '')", "0", "2", "labels that"),
        ("ENUM('', 'b')", "0", "1", "labels that"),
        ("SET('a', '')", "3", "1", "labels that"),
        ("SET('', 'b')", "1", "2", "labels that"),
    ],
)
def test_a_text_or_label_that_does_not_survive_is_refused_by_its_column(
    family: Site, kind: str, lossy: str, sound: str, said: str
) -> None:
    family.both(f"CREATE TABLE t (id INT PRIMARY KEY, v {kind}, w INT)")
    family.both(f"INSERT IGNORE INTO t VALUES (1, {lossy}, 0), (2, {sound}, 0), (3, NULL, 0), (4, {lossy}, 0)")
    family.now("DELETE FROM t")

    with pytest.raises(DatabaseError, match=f"column v of 2 rows holds {said}"):
        family.dump("t")

    assert family.restore("t", where="id IN (2, 3)")[1].inserted == 2
    assert family.now("SELECT HEX(v + 0), HEX(CAST(v AS BINARY)) FROM t") == family.then(
        "SELECT HEX(v + 0), HEX(CAST(v AS BINARY)) FROM t WHERE id IN (2, 3)"
    )


def test_a_key_that_no_literal_finds_is_refused_before_the_sides_are_compared(family: Site) -> None:
    family.both("CREATE TABLE t (a INT, v VARCHAR(9) CHARACTER SET gbk COLLATE gbk_bin, PRIMARY KEY (a, v))")
    family.both("INSERT INTO t VALUES (1, 'x'), (1, x'A140'), (2, x'A141'), (3, 'y')")
    family.now("DELETE FROM t WHERE a < 3")

    with pytest.raises(DatabaseError, match="column v of 2 rows holds text without") as refused:
        family.locate("t")

    assert refused.value.code == "db.lossy"


def test_texts_that_only_unicode_calls_equal_are_told_apart(family: Site) -> None:
    family.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9) CHARACTER SET gbk); INSERT INTO t VALUES (1, '?')")
    family.now("UPDATE t SET v = x'A140'")

    assert family.locate("t").chunks == 1
    family.stage("t")
    assert family.compare("t").changed == 1


def test_a_row_that_no_undo_file_would_bring_back_is_not_touched(family: Site) -> None:
    overwrite = Policy(Merge.OVERWRITE)
    family.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9) CHARACTER SET gbk, w INT)")
    family.both("INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 1)")
    family.now("UPDATE t SET v = x'A140', w = 2 WHERE id = 1")
    family.prepare("t")
    assert family.compare("t", policy=overwrite).changed == 1

    with pytest.raises(DatabaseError, match="column v of 1 row holds text without") as refused:
        family.save("t", policy=overwrite)

    assert (refused.value.code, refused.value.where) == ("db.lossy", str(family.ref("t")))


PLAIN_DOCUMENTS = (
    """'{"a": [1, {"b": -5}]}'""",
    "'[1.0, 1e20, -0.0, 0.1, 1.7976931348623157e308, 5e-324]'",
    "'18446744073709551615'",
    "'[9223372036854775808, -9223372036854775808]'",
    "'123456789012345678901234567890'",
    "'null'",
    """'["2020-01-01", "base64:type15:AP8="]'""",
    """'{"": {"a b": [{}, true]}}'""",
    "JSON_ARRAY(-0e0, 18446744073709551615)",
    "NULL",
)
FOREIGN_DOCUMENTS = (
    "CAST(CAST(1.50 AS DECIMAL(5,2)) AS JSON)",
    "JSON_OBJECT('a', CAST(1.25 AS DECIMAL(5,2)))",
    "JSON_OBJECT('a', JSON_OBJECT('b', JSON_ARRAY(1, JSON_ARRAY(JSON_OBJECT('c', CAST(1 AS DECIMAL(9,0)))))))",
    "JSON_ARRAY(CAST('123456789012345678901.25' AS DECIMAL(30,2)))",
    "JSON_ARRAY(DATE'2020-01-01')",
    "JSON_ARRAY(1, JSON_OBJECT('x', JSON_ARRAY(TIME'10:00:00')))",
    "JSON_ARRAY(TIMESTAMP'2020-01-01 00:00:00')",
    "CAST(CAST('abc' AS BINARY) AS JSON)",
    "JSON_ARRAY(x'00FF')",
    "JSON_ARRAY(b'101')",
)


def rows(documents: tuple[str, ...], start: int) -> str:
    return ", ".join(f"({start + number}, {text})" for number, text in enumerate(documents))


def test_a_document_with_a_type_that_json_s_text_does_not_tell_is_refused(mysql_site: Site) -> None:
    mysql_site.both("CREATE TABLE t (id INT PRIMARY KEY, doc JSON)")
    mysql_site.both(f"INSERT INTO t VALUES {rows(PLAIN_DOCUMENTS, 1)}")
    for number, text in enumerate(FOREIGN_DOCUMENTS):
        mysql_site.then(f"INSERT INTO t VALUES ({100 + number}, {text})")
        with pytest.raises(DatabaseError, match="column doc of 1 row holds documents with DECIMAL, date") as refused:
            mysql_site.dump("t")
        assert refused.value.code == "db.lossy"
        mysql_site.then("DELETE FROM t WHERE id >= 100")
    mysql_site.then(f"INSERT INTO t VALUES {rows(FOREIGN_DOCUMENTS, 100)}")
    mysql_site.now("DELETE FROM t")

    with pytest.raises(DatabaseError, match=f"column doc of {len(FOREIGN_DOCUMENTS)} rows"):
        mysql_site.dump("t")

    assert mysql_site.restore("t", where="id < 100")[1].inserted == len(PLAIN_DOCUMENTS)
    nodes = "JSON_TABLE(JSON_EXTRACT(doc, '$', '$**.*', '$**[*]'), '$[*]' COLUMNS (node JSON PATH '$')) AS n"
    typed = f"SELECT id, CAST(doc AS CHAR), JSON_TYPE(node) FROM t, {nodes} WHERE id < 100 ORDER BY id, 2, 3"
    assert mysql_site.now(typed) == mysql_site.then(typed)


def test_a_server_without_json_table_finds_the_same(mysql_site: Site) -> None:
    many = f"'[{', '.join(['1'] * 2000)}]'"
    texts = (*PLAIN_DOCUMENTS, *FOREIGN_DOCUMENTS)
    mysql_site.both(f"CREATE TABLE t (id INT PRIMARY KEY, doc JSON); INSERT INTO t VALUES {rows(texts, 1)}")
    found = [
        mysql_site.then(f"SELECT id FROM t WHERE {lossless.foreign('t.doc', tabled=tabled)} ORDER BY id")
        for tabled in (True, False)
    ]
    assert found == [[(number,) for number in range(len(PLAIN_DOCUMENTS) + 1, len(texts) + 1)]] * 2
    mysql_site.then(f"INSERT INTO t VALUES (99, {many})")
    assert mysql_site.then(f"SELECT id FROM t WHERE id = 99 AND ({lossless.foreign('t.doc', tabled=False)})") == [(99,)]


def test_what_a_document_s_row_holds_is_not_lost_to_an_undo_either(mysql_site: Site) -> None:
    mysql_site.both("CREATE TABLE t (id INT PRIMARY KEY, doc JSON); INSERT INTO t VALUES (1, '1.25')")
    mysql_site.now("UPDATE t SET doc = JSON_ARRAY(CAST(1.25 AS DECIMAL(5,2)))")
    mysql_site.prepare("t")
    assert mysql_site.compare("t", policy=Policy(Merge.OVERWRITE)).changed == 1

    with pytest.raises(DatabaseError, match="column doc of 1 row holds documents"):
        mysql_site.save("t", policy=Policy(Merge.OVERWRITE))


VECTORS = """
    INSERT INTO t VALUES (1, STRING_TO_VECTOR('[1,2.5,-3e-8]'), NULL),
    (2, STRING_TO_VECTOR('[0,-0.0,1e38]'), STRING_TO_VECTOR('[7]')), (3, NULL, NULL)"""


@pytest.mark.parametrize(
    "policy", [Policy(), Policy(Merge.OVERWRITE), Policy(Merge.EXACT)], ids=lambda each: each.merge
)
@pytest.mark.parametrize("emptied", [False, True])
def test_vectors_come_back_to_the_last_bit(
    mysql_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: Policy, *, emptied: bool
) -> None:
    monkeypatch.setenv("PATH", oracle(tmp_path / "programs"))
    mysql_site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3), w VECTOR(400)); {VECTORS}")
    changed = "UPDATE t SET v = STRING_TO_VECTOR('[9]');" if policy.merge is not Merge.MISSING else ""
    mysql_site.now("DELETE FROM t" if emptied else f"{changed} DELETE FROM t WHERE id = 2")

    mysql_site.restore("t", policy=policy)

    rows = "SELECT id, HEX(v), HEX(w) FROM t ORDER BY id"
    assert mysql_site.now(rows) == mysql_site.then(rows)


def test_a_program_that_does_not_know_vectors_is_refused_before_anything_is_made(mysql_site: Site) -> None:
    mysql_site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3), w VECTOR(400)); {VECTORS}")
    with mysql_site.live() as server, pytest.raises(ToolError, match="does not know VECTOR") as refused:
        server.rehearse(mysql_site.database, [mysql_site.definition("t")])
    assert refused.value.code == "tool.type"


@pytest.mark.parametrize("size", ["7,4", "6,2", "20,3", "53,10"])
def test_a_float_of_fixed_digits_needs_no_repair_and_no_key(family: Site, size: str) -> None:
    family.both(f"CREATE TABLE t (f FLOAT({size}))")
    for server in (family.production, family.copy):
        listed = ", ".join(
            f"({sign}{digits}e{place})"
            for sign in ("", "-")
            for digits in ("1.2345678", "9.9999999", "3.3333333")
            for place in range(-6, 36, 3)
        )
        server.sql(f"SET sql_mode = ''; INSERT IGNORE INTO t VALUES {listed}", family.database)
    family.now("DELETE FROM t")

    family.restore("t")

    assert family.dumps["t"].floats is None
    assert sorted(family.now("SELECT f + 0e0 FROM t")) == sorted(family.then("SELECT f + 0e0 FROM t"))


@pytest.mark.parametrize(("then", "since"), [("gbk", "utf8mb4"), ("utf8mb4", "sjis"), ("big5", "gbk")])
def test_texts_are_compared_by_their_characters_where_the_character_set_was_changed(
    family: Site, then: str, since: str
) -> None:
    kind = f"VARCHAR(9) CHARACTER SET {then}"
    family.both(f"CREATE TABLE t (id INT PRIMARY KEY, v {kind}, w LONGTEXT CHARACTER SET {then}, n INT)")
    family.both("INSERT INTO t VALUES (1, '中', '中a', 0), (2, '日', NULL, 0), (3, NULL, '本', 0), (4, 'a', '', 0)")
    family.now(
        f"ALTER TABLE t MODIFY v {kind.replace(then, since)}, MODIFY w LONGTEXT CHARACTER SET {since};"
        " DELETE FROM t WHERE id = 1; UPDATE t SET v = '日本' WHERE id = 2"
    )
    policy = Policy(Merge.OVERWRITE)
    assert family.locate("t", policy).chunks > 0
    family.stage("t")

    difference = family.compare("t", policy=policy)
    family.load("t", policy=policy)

    assert (difference.missing, difference.changed) == (1, 1)
    assert family.ledger("t", 3, policy=policy).matching == 2
    assert family.now("SELECT * FROM t ORDER BY id") == family.then("SELECT * FROM t ORDER BY id")


@pytest.mark.parametrize("value", ["CAST('2017-06-01' AS DATE)", "CAST('10:14:00' AS TIME)", "x'00ff'"])
def test_a_document_s_value_is_told_from_the_string_that_it_reads_like(mysql_site: Site, value: str) -> None:
    document, policy = f"JSON_OBJECT('k', JSON_ARRAY({value}))", Policy(Merge.OVERWRITE)
    mysql_site.both(f"CREATE TABLE t (id INT PRIMARY KEY, d JSON); INSERT INTO t VALUES (1, {document}), (2, '[]')")
    assert mysql_site.locate("t", policy).chunks == 0
    mysql_site.now("UPDATE t SET d = CAST(CAST(d AS CHAR) AS JSON)")
    with pytest.raises(DatabaseError) as refused:
        mysql_site.locate("t", policy)
    assert "1 row holds documents with DECIMAL, date" in refused.value.what
    mysql_site.both("UPDATE t SET d = CAST(CAST(d AS CHAR) AS JSON)")
    mysql_site.now(f"UPDATE t SET d = {document} WHERE id = 1")
    mysql_site.locate("t", policy)
    mysql_site.stage("t")
    assert mysql_site.compare("t", policy=policy).changed == 1
