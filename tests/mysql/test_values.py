from __future__ import annotations

import hashlib

import pytest

from mysql.site import GIVEN, Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.mysql.checksum import row_hash

EVERY_TYPE = """
CREATE TABLE t (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tiny TINYINT, bits BIT(9), filled INT(8) ZEROFILL, price DECIMAL(30,10), ratio FLOAT, exact DOUBLE,
  made DATE, at DATETIME(6), stamp TIMESTAMP(3) NULL, lasts TIME(2), born YEAR,
  code CHAR(5), latin VARCHAR(100) CHARACTER SET latin1, wide VARCHAR(50) CHARACTER SET utf16, body LONGTEXT,
  raw VARBINARY(40), fixed BINARY(4), blobbed LONGBLOB,
  kind ENUM('a','it''s','ü',''), tags SET('x','y','z'), doc JSON, place GEOMETRY, u UUID, ip INET6,
  twice INT AS (tiny * 2) VIRTUAL, thrice INT AS (tiny * 3) STORED, hidden INT INVISIBLE DEFAULT 7,
  touched TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
);
INSERT INTO t (id, tiny, bits, filled, price, ratio, exact, made, at, stamp, lasts, born, code, latin, wide, body, raw,
  fixed, blobbed, kind, tags, doc, place, u, ip, hidden, touched) VALUES
 (1, -128, b'101010101', 42, 12345678901234567890.0123456789, 16777216, 0.1, '2017-06-01', '2017-06-01 10:14:00.123456',
  '2017-06-01 10:14:00.123', '-838:59:59', 1999, 'ab', 'Grüße', '🙈', 'emoji 🙈 ''q'' "d" \\\\ back\\nline\\ttab\\0nul\\Z',
  X'00ff27225c0a', X'01', X'DEADBEEF00', 'it''s', 'x,z', '{"b": 1, "a": [null, true]}', ST_GeomFromText('POINT(1 2)', 4326),
  '123e4567-e89b-12d3-a456-426655440000', '2001:db8::1', 1, '2001-01-01 00:00:00.000001'),
 (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, '2001-01-01 00:00:00.000002'),
 (3, 0, b'0', 0, 0, 123456.789, -0.0, '0000-00-00', '2024-02-30 00:00:00', '1970-01-01 00:00:01', '00:00:00', 0, '', '',
  '', '', '', '', '', '', '', '{}', NULL, NULL, NULL, 0, '2001-01-01 00:00:00.000003'),
 (18446744073709551614, 127, b'111111111', 99999999, -0.0000000001, 3.4e38, 1.7976931348623157e308, '2024-00-10',
  '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07', '23:59:59.99', 1901, 'trail', 'x  ', 'y ', '); DELETE FROM t; --',
  X'', X'27293B00', X'27293B', 'ü', 'y', '[]', ST_GeomFromText('LINESTRING(0 0,1 1)'), NULL, '::', NULL,
  '2001-01-01 00:00:00.000004');
"""

if GIVEN.engine == "mysql":  # it has neither type
    EVERY_TYPE = EVERY_TYPE.replace("u UUID, ip INET6", "u CHAR(36), ip VARCHAR(39)")


def test_every_type_comes_back_to_the_last_bit(site: Site) -> None:
    site.both(f"SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'; {EVERY_TYPE}")
    site.now("DELETE FROM t")

    difference, load, check = site.restore("t")

    assert (difference.missing, load.inserted, check.matching) == (4, 4, 4)
    assert site.equal("t")
    assert site.now("SELECT hidden, twice, thrice FROM t WHERE id = 1") == [(1, -256, -384)]


def test_a_float_keeps_the_digits_that_a_dump_rounds_away(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, f FLOAT); INSERT INTO t VALUES (1, 16777216), (2, 33554432), (3, 0.1)"
    )
    site.now("DELETE FROM t")

    site.restore("t")

    assert b"16777200" in (site.folder / site.dumps["t"].path).read_bytes()
    assert site.now("SELECT f + 0e0 FROM t ORDER BY id") == [(16777216.0,), (33554432.0,), (0.10000000149011612,)]


@pytest.mark.parametrize(
    "key",
    [
        "v VARBINARY(20)",
        "v VARCHAR(20) COLLATE utf8mb4_bin",
        "v TIMESTAMP(3)",
        "v DATETIME(6)",
        "v DECIMAL(20,5)",
        "v BIT(20)",
    ],
)
def test_a_float_is_repaired_beside_any_kind_of_key(site: Site, key: str) -> None:
    site.both(
        f"CREATE TABLE t ({key} NOT NULL DEFAULT 0 PRIMARY KEY, f FLOAT);"
        "INSERT INTO t VALUES ('20170601101400', 16777216), ('20170702101500', 123456.789)"
        if "BIT" not in key
        else f"CREATE TABLE t ({key} NOT NULL PRIMARY KEY, f FLOAT); INSERT INTO t VALUES (5, 16777216), (39, 123456.789)"
    )
    site.now("DELETE FROM t")

    site.restore("t")

    assert site.equal("t")
    assert sorted(site.now("SELECT f + 0e0 FROM t"))[1] == (16777216.0,)


@pytest.mark.parametrize("columns", ["f FLOAT", "f FLOAT PRIMARY KEY"])
def test_a_float_without_an_exact_key_is_refused_since_it_could_not_be_repaired(site: Site, columns: str) -> None:
    site.both(f"CREATE TABLE t ({columns}); INSERT INTO t VALUES (16777216)")

    with pytest.raises(DatabaseError) as refused:
        site.dump("t")

    assert refused.value.code == "db.float"
    assert not (site.folder / "t.sql").exists()


def test_a_float_is_told_apart_from_its_rounded_text(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, f FLOAT); INSERT INTO t VALUES (1, 16777216)")
    site.now("UPDATE t SET f = 16777200")

    site.prepare("t")

    assert site.compare("t").changed == 1


def test_timestamps_do_not_move_with_the_server_s_time_zone(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, ts TIMESTAMP NULL); INSERT INTO t VALUES (1, '2017-06-01 10:14:00')")
    site.now("DELETE FROM t")

    site.restore("t")

    assert site.now("SELECT UNIX_TIMESTAMP(ts) FROM t") == [(1496312040,)]


def test_an_id_of_zero_stays_zero(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT); SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; INSERT INTO t VALUES (0, 5)"
    )
    site.now("DELETE FROM t")

    site.restore("t")

    assert site.now("SELECT id, v FROM t") == [(0, 5)]


def test_null_and_the_empty_text_stay_apart(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9), w BLOB); INSERT INTO t VALUES (1, NULL, ''), (2, '', NULL)"
    )
    site.now("DELETE FROM t")

    site.restore("t")

    assert site.now("SELECT v IS NULL, w IS NULL FROM t ORDER BY id") == [(1, 0), (0, 1)]


def test_content_that_only_a_collation_calls_equal_is_a_change(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO t VALUES (1, 'a'), (2, 'x')")
    site.now("UPDATE t SET v = 'A' WHERE id = 1; UPDATE t SET v = 'x ' WHERE id = 2")

    site.prepare("t")

    assert site.compare("t").changed == 2


def test_a_row_of_megabytes_comes_back(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB, s LONGTEXT); INSERT INTO t VALUES (1, REPEAT(X'00FF275C', 900000), REPEAT('ü''\\\\', 500000))"
    )
    site.now("DELETE FROM t")

    _difference, _load, check = site.restore("t")

    assert check.matching == 1
    assert site.now("SELECT SHA2(b, 256), SHA2(s, 256) FROM t") == site.then("SELECT SHA2(b, 256), SHA2(s, 256) FROM t")


def test_an_empty_table_is_a_complete_dump_of_no_rows(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY)")

    _difference, _load, check = site.restore("t")

    assert (site.dumps["t"].rows, check.planned, check.matching) == (0, 0, 0)


def test_a_type_that_can_not_be_compared_is_refused_by_name(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))")
    definition = site.definition("t")
    unknown = definition.columns[1].__class__("v", "array(3)", "array", nullable=True)

    with pytest.raises(DatabaseError, match=r"column v has type array\(3\)"):
        row_hash.field(unknown, "t")


def test_rows_that_differ_anywhere_have_digests_of_their_own(site: Site) -> None:
    texts = "SELECT NULL v UNION SELECT '' UNION SELECT '~' UNION SELECT '0' UNION SELECT '1' UNION SELECT '1,0'"
    bytes_ = "SELECT NULL v UNION SELECT '' UNION SELECT X'FF' UNION SELECT X'FFFF30' UNION SELECT X'30FF7E'"
    site.both(
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(9), b LONGTEXT, c VARBINARY(9), d BLOB, e TEXT,"
        f" n INT); INSERT INTO t (a, b, c, d, e, n) SELECT a.v, b.v, c.v, d.v, e.v, n.v FROM ({texts}) a, ({texts}) b,"
        f" ({bytes_}) c, ({bytes_}) d, ({texts}) e, (SELECT NULL v UNION SELECT 0) n"
    )
    columns = [column for column in site.definition("t").columns if column.name != "id"]

    assert site.now(f"SELECT COUNT(*), COUNT(DISTINCT {row_hash.row(columns, 't')}) FROM t") == [(10_800, 10_800)]


def test_a_long_text_s_digest_is_no_text_that_looks_like_it(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT); INSERT INTO t VALUES (1, REPEAT('x', 70000))")
    site.now("UPDATE t SET v = SHA2(v, 256)")

    site.prepare("t")

    assert site.compare("t").changed == 1


def test_a_column_that_may_be_null_since_makes_no_row_differ(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, a TEXT NOT NULL, b BLOB NOT NULL, c INT NOT NULL, d INT NULL)")
    site.both("INSERT INTO t VALUES (1, 'ü', X'FF', 3, NULL), (2, '', '', 0, 4)")
    site.now("ALTER TABLE t MODIFY a TEXT NULL, MODIFY b BLOB NULL, MODIFY c INT NULL")

    site.prepare("t")

    assert site.compare("t").changed == 0


def test_where_a_long_text_stands_can_not_be_mistaken(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, a LONGTEXT, b LONGTEXT, c LONGTEXT)")
    site.both("SET @x = REPEAT('x', 70000), @y = REPEAT('y', 70000); INSERT INTO t VALUES (1, @x, '', SHA2(@y, 256))")
    site.now("UPDATE t SET a = '', b = SHA2(REPEAT('x', 70000), 256), c = REPEAT('y', 70000)")

    site.prepare("t")

    assert site.compare("t").changed == 1


def test_a_digest_is_of_the_values_with_the_numbers_of_the_empty_texts_at_the_end(site: Site) -> None:
    site.now(
        "CREATE TABLE t (a INT NULL, b VARCHAR(9) NULL, c TEXT NULL, d VARBINARY(9) NULL, e CHAR(2) NOT NULL) CHARSET utf8mb4;"
        "INSERT INTO t VALUES (1, 'é', '', x'FF00', 'e'), (NULL, NULL, 'c', NULL, ''), (2, NULL, NULL, '', 'x')"
    )
    with site.live() as server:
        definition = server.definition(site.ref("t"))
    assert definition
    written = [
        [b"1", "é".encode(), b"", b"2", b"\xff\x00", b"e", b""],
        [b"~", b"c", b"~", b"", b"", b"1"],
        [b"2", b"0", b"", b"x", b"", b"1", b"2"],
    ]
    digests = {hashlib.sha256(b"\xff".join(each)).hexdigest() for each in written}

    found = site.now(f"SELECT {row_hash.row(definition.columns, 't')} FROM t")

    assert {digest for (digest,) in found} == digests


def test_a_documents_text_is_measured_only_where_it_may_be_long(mysql_site: Site) -> None:
    short = [
        "JSON_QUOTE(REPEAT(CHAR(1 USING utf8mb4), 7990))",
        "CAST(CONCAT('[', REPEAT('-32768,', 1500), '0]') AS JSON)",
        "CAST(CONCAT('[', REPEAT('-1.2345678901234567e-300,', 700), '0]') AS JSON)",
        "JSON_ARRAY(CAST('' AS BINARY), CAST('' AS BINARY))",
        "CAST(CONCAT('[', REPEAT('false,', 2000), '{}]') AS JSON)",
        "NULL",
    ]
    long = [
        "JSON_QUOTE(REPEAT('x', 65533))",
        "JSON_QUOTE(REPEAT('x', 65534))",
        "JSON_QUOTE(REPEAT(CHAR(1 USING utf8mb4), 20000))",
    ]
    rows = ", ".join(f"({number}, {value})" for number, value in enumerate([*short, *long]))
    mysql_site.now(f"CREATE TABLE t (id INT PRIMARY KEY, doc JSON); INSERT INTO t VALUES {rows}")
    with mysql_site.live() as server:
        definition = server.definition(mysql_site.ref("t"))
    assert definition
    (column,) = (each for each in definition.columns if each.name == "doc")

    quick, slow = (row_hash.field(column, "doc", stored=stored) for stored in (True, False))
    sizes = f"JSON_STORAGE_SIZE(doc) > {row_hash.COMPACT}, LENGTH(CAST(doc AS CHAR)) > 65535"

    assert mysql_site.now(f"SELECT COUNT(*) FROM t WHERE NOT (CAST({quick} AS BINARY) <=> CAST({slow} AS BINARY))") == [
        (0,)
    ]
    assert mysql_site.now(f"SELECT COUNT(*) FROM t WHERE JSON_STORAGE_SIZE(doc) <= {row_hash.COMPACT}") == [
        (len(short) - 1,)
    ]
    assert mysql_site.now(f"SELECT DISTINCT {sizes} FROM t WHERE id > {len(short)} ORDER BY 1, 2") == [(1, 1)]
