from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial

import pytest

from mysql.site import GIVEN, PASSWORD, USER, Server, Site, silent
from rdsrestore.diff.checksum_diff import Differ
from rdsrestore.diff.chunk_file import either
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.key_range import Chunk, KeyRange
from rdsrestore.mysql.checksum.key_conditions import batches, condition
from rdsrestore.mysql.checksum.key_ranges import LISTED, TOGETHER, TableRows
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import Login, Session, connect
from tool import counted

ROWS = 75
CHUNK = 25


@dataclass
class Search:
    """Both servers' rows of table `t`; its column `i` numbers them for the test."""

    restored: TableRows
    live: TableRows

    def chunks(self, chunk: int = CHUNK, leaf: int = CHUNK) -> list[Chunk]:
        with ThreadPoolExecutor(2) as pool:
            return list(Differ(self.restored, self.live, pool, silent, chunk, leaf).chunks())

    def found(self, chunk: int = CHUNK, leaf: int = CHUNK) -> tuple[list[int], list[int]]:
        """Number the rows of each side that the slices' conditions choose there."""
        chunks = self.chunks(chunk, leaf)
        return chosen(self.restored, chunks), chosen(self.live, chunks)


def chosen(rows: TableRows, chunks: list[Chunk], limit: int = 60_000) -> list[int]:
    return sorted(
        number
        for batch in batches(either(chunks), rows.key_columns, limit)
        for (number,) in rows.session.rows(f"SELECT i FROM {catalog.qualified(rows.ref)} WHERE {batch}")
    )


@contextmanager
def search(site: Site, where: str | None = None) -> Iterator[Search]:
    def log_in(server: Server) -> Session:
        return connect(Login(server.endpoint, USER, Secret(PASSWORD), site.ca), "compare")

    with closing(log_in(site.copy)) as copy, closing(log_in(site.production)) as production:
        restored, live = defined(copy, site), defined(production, site)
        yield Search(
            TableRows(copy, restored.ref, restored.key, restored.columns, where, live.columns),
            TableRows(production, live.ref, restored.key, live.columns, where, restored.columns),
        )


def defined(session: Session, site: Site) -> TableDefinition:
    found = catalog.definition(session, site.ref("t"))
    assert found
    return found


def found(site: Site, where: str | None = None) -> tuple[list[int], list[int]]:
    """Number the rows found key by key, once it is known that small spans cover them too."""
    with search(site, where) as both:
        exact, halved = both.found(), both.found(7, 2)
        assert [set(each) for each in exact] == [
            set(each) & set(all_) for each, all_ in zip(exact, halved, strict=True)
        ]
        return exact


def assert_covered(site: Site, restored: set[int], live: set[int]) -> None:
    """Check what must be found where rows that are equal may be found too."""
    with search(site) as both:
        for sizes in ((CHUNK, CHUNK), (7, 2)):
            here, there = both.found(*sizes)
            assert restored <= set(here)
            assert live <= set(there)


def fill(columns: str, values: str, rows: int = ROWS) -> str:
    return f"CREATE TABLE t ({columns}); INSERT INTO t SELECT {values} FROM (SELECT seq AS n FROM {counted(rows)}) q"


UNPADDED = {"mariadb": "utf8mb4_nopad_bin", "mysql": "utf8mb4_0900_bin"}[GIVEN.engine]
KEYS = [
    ("k BIGINT UNSIGNED", "18446744073709551615 - n"),
    ("k DECIMAL(40,10)", "CONCAT('-123456789012345678901234567890.', LPAD(n, 10, '0'))"),
    ("k FLOAT", "16777216 + 2 * n"),
    ("k DOUBLE", "1e15 + n / 7"),
    ("k BIT(40)", "1099511627775 - n"),
    ("k YEAR", "1901 + n"),
    ("k DATE", "IF(n = 1, '0000-00-00', '2017-05-31' + INTERVAL n DAY)"),
    ("k DATETIME(6)", "'2017-06-01 10:14:00.000001' + INTERVAL n MICROSECOND"),
    ("k TIMESTAMP", "'2017-03-26 00:59:30' + INTERVAL n SECOND"),
    ("k TIME(2)", "SEC_TO_TIME((CAST(n AS SIGNED) - 30) / 4)"),
    ("k VARCHAR(30)", "CONCAT(IF(n % 2, 'a', 'Ä'), '''\\\\\\\\%_🙈', n)"),
    ("k VARCHAR(30) COLLATE utf8mb4_bin", "CONCAT(IF(n % 2, 'a', 'A'), n DIV 2)"),
    (f"k VARCHAR(90) COLLATE {UNPADDED}", "CONCAT('a', SPACE(n))"),
    ("k VARCHAR(30) CHARACTER SET latin1", "CONCAT('ü€', n)"),
    ("k CHAR(36) CHARACTER SET ascii", "CONCAT('00000000-0000-', n)"),
    ("k VARBINARY(30)", "CONCAT(X'27005C', CHAR(200 + n), X'20')"),
    ("k VARBINARY(90)", "REPEAT(X'20', n - 1)"),
    ("k BINARY(16)", "UNHEX(LEFT(SHA2(n, 256), 32))"),
    ("k ENUM('z','m','a')", "1 + n % 3"),
    ("k SET('y','x','w','v','u','t')", "1 + n % 62"),
]
OWN = [
    pytest.param(column, value, marks=pytest.mark.only("mariadb", "MySQL has no such type"))
    for column, value in (
        ("k UUID", "CONCAT('123e4567-e89b-12d3-a456-', LPAD(n, 12, '0'))"),
        ("k INET6", "CONCAT('2001:db8::', n)"),
    )
]
SINGLE = [each for each in KEYS if each[0].split()[1][:4] not in {"ENUM", "SET("}]
"""Of ENUM and SET there are too few values for a key of their own."""


@pytest.mark.parametrize(("column", "value"), [*KEYS, *OWN])
@pytest.mark.parametrize("key", ["k, i", "i DIV 10, k, i"])
def test_what_differs_is_found_by_keys_of_any_kind(site: Site, column: str, value: str, key: str) -> None:
    parts = "g, k, i" if "DIV" in key else key
    site.both(fill(f"g INT, {column}, i INT, v INT, PRIMARY KEY ({parts})", f"n DIV 10, {value}, n, 1"))
    site.now("UPDATE t SET v = 2 WHERE i = 23; DELETE FROM t WHERE i = 7; UPDATE t SET i = 99 WHERE i = 55")

    assert found(site) == ([7, 23, 55], [23, 99])


@pytest.mark.parametrize(("column", "value"), [*SINGLE, *OWN])
def test_what_differs_is_found_by_a_key_of_one_column(site: Site, column: str, value: str) -> None:
    site.both(fill(f"{column} PRIMARY KEY, i INT, v INT", f"{value}, n, 1"))
    site.now("UPDATE t SET v = 2 WHERE i = 23; DELETE FROM t WHERE i = 7")

    assert found(site) == ([7, 23], [23])


@pytest.mark.parametrize(
    ("columns", "values", "change"),
    [
        ("v FLOAT", "16777216", "v = 16777218"),
        ("v DOUBLE", "0.1", "v = 0.10000000000000002"),
        ("v VARCHAR(9)", "''", "v = NULL"),
        ("v VARCHAR(9)", "'a'", "v = 'A'"),
        ("v VARCHAR(9)", "'a'", "v = 'a '"),
        ("v VARCHAR(9)", "'a'", "v = 'ä'"),
        ("v VARCHAR(9)", "'🙈'", "v = '🙉'"),
        ("v VARCHAR(9)", "'~'", "v = NULL"),
        ("v VARBINARY(9)", "X'00'", "v = X'0000'"),
        ("v VARCHAR(9), w VARCHAR(9)", "'a#','b'", "v = 'a', w = '#b'"),
        ("v VARCHAR(9), w VARCHAR(9)", "NULL,''", "v = '', w = NULL"),
        ("v BIT(9)", "b'101010101'", "v = b'101010100'"),
        ("v BIT(1)", "0", "v = NULL"),
        ("v ENUM('z','m','')", "'m'", "v = 'z'"),
        ("v DECIMAL(30,10)", "0.0000000001", "v = 0"),
        ("v DATETIME(6)", "'2017-06-01 10:14:00.000001'", "v = '2017-06-01 10:14:00.000002'"),
        ("v DATE", "'0000-00-00'", "v = NULL"),
        ("v VARCHAR(9) CHARACTER SET latin1", "'€'", "v = '?'"),
    ],
)
def test_a_value_that_reads_almost_alike_differs(site: Site, columns: str, values: str, change: str) -> None:
    site.both(fill(f"i INT PRIMARY KEY, {columns}", f"n, {values}"))
    site.now(f"UPDATE t SET {change} WHERE i = 42")

    assert found(site) == ([42], [42])


def test_a_key_that_its_collation_takes_for_the_same_differs(site: Site) -> None:
    site.both(fill("k VARCHAR(9) PRIMARY KEY, i INT", "CONCAT('key', n), n"))
    site.now("UPDATE t SET k = 'KEY23' WHERE i = 23; UPDATE t SET k = 'key42 ' WHERE i = 42")

    assert found(site) == ([23, 42], [23, 42])


def test_an_even_number_of_rows_shifted_by_a_constant_differs(site: Site) -> None:
    site.both(fill("i INT PRIMARY KEY, at DATETIME", "n, '2017-06-01 10:14:00' + INTERVAL n HOUR"))
    site.now("UPDATE t SET at = at + INTERVAL 7 HOUR WHERE i IN (3, 11, 19, 33, 41, 57)")

    assert found(site) == ([3, 11, 19, 33, 41, 57],) * 2


def test_values_that_two_rows_have_exchanged_differ(site: Site) -> None:
    site.both(fill("i INT PRIMARY KEY, v INT", "n, n"))
    site.now("UPDATE t SET v = 85 - v WHERE i IN (42, 43)")

    assert found(site) == ([42, 43],) * 2


def test_equal_tables_have_no_slice(site: Site) -> None:
    site.both(fill("k VARCHAR(9), f FLOAT, i INT, PRIMARY KEY (k, f)", "CONCAT('k', n DIV 9), n / 7, n"))
    with search(site) as both:
        assert both.chunks() == []


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        ("DECIMAL(12,2)", "DECIMAL(14,4)", "n / 4"),
        ("DECIMAL(65,0)", "DECIMAL(65,5)", "CONCAT('-', REPEAT('9', 50), n)"),
        ("DECIMAL(12,0)", "DECIMAL(14,4)", "n * 100"),
        ("INT", "DECIMAL(14,4)", "n * 100"),
        ("INT", "BIGINT UNSIGNED", "n"),
        ("INT(8) ZEROFILL", "INT", "n"),
        ("FLOAT", "DOUBLE", "n / 7"),
        ("DATETIME", "DATETIME(6)", "IF(n = 2, '0000-00-00', '2017-06-01 10:14:00' + INTERVAL n SECOND)"),
        ("DATETIME(2)", "DATETIME(4)", "'2017-06-01 10:14:00' + INTERVAL n * 100000 MICROSECOND"),
        ("TIMESTAMP", "DATETIME(3)", "'2017-06-01 10:14:00' + INTERVAL n SECOND"),
        ("TIME", "TIME(6)", "SEC_TO_TIME(10 * CAST(n AS SIGNED) - 300)"),
        ("VARCHAR(9) CHARACTER SET utf8mb3", "VARCHAR(20) CHARACTER SET utf8mb4", "CONCAT('ü', n)"),
        ("VARCHAR(9) CHARACTER SET latin1", "TEXT CHARACTER SET utf8mb4", "CONCAT('ü', n)"),
        ("ENUM('a','b')", "ENUM('new','b','a')", "IF(n % 2, 'a', 'b')"),
        ("CHAR(4)", "VARCHAR(4)", "CONCAT('a', n)"),
    ],
)
def test_a_column_that_was_retyped_differs_only_where_its_value_does(
    site: Site, before: str, after: str, value: str
) -> None:
    site.both(fill(f"i INT PRIMARY KEY, v {before}", f"n, {value}"))
    site.now(f"ALTER TABLE t MODIFY v {after}")
    with search(site) as both:
        assert both.chunks() == []

    site.now("UPDATE t SET v = (SELECT v FROM (SELECT v FROM t WHERE i = 9) q) WHERE i = 42")
    assert found(site) == ([42], [42])


def test_a_digit_that_a_wider_type_has_gained_differs(site: Site) -> None:
    site.both(fill("i INT PRIMARY KEY, d DECIMAL(9,1), at DATETIME(1)", "n, 1.5, '2017-06-01 10:14:00.5'"))
    site.now("ALTER TABLE t MODIFY d DECIMAL(9,3), MODIFY at DATETIME(6)")
    site.now("UPDATE t SET d = 1.501 WHERE i = 23; UPDATE t SET at = '2017-06-01 10:14:00.500001' WHERE i = 42")

    assert found(site) == ([23, 42],) * 2


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        ("VARCHAR(20) CHARACTER SET utf8mb3", "VARCHAR(20) CHARACTER SET utf8mb4", "CONCAT('Ü', n)"),
        ("VARCHAR(20) CHARACTER SET latin1", "VARCHAR(20) COLLATE utf8mb4_unicode_ci", "CONCAT('Ü''', n)"),
        ("VARCHAR(20)", "VARCHAR(20) COLLATE utf8mb4_bin", "CONCAT(IF(n % 2, 'a', 'B'), n)"),
        ("INT", "BIGINT", "n"),
        ("INT", "VARCHAR(20)", "n"),
        ("VARBINARY(20)", "VARCHAR(20)", "CONCAT('k', n)"),
        ("DECIMAL(10,1)", "DECIMAL(20,4)", "n / 2"),
        ("DATETIME", "DATETIME(6)", "'2017-06-01' + INTERVAL n SECOND"),
        ("FLOAT", "DOUBLE", "n / 7"),
    ],
)
def test_a_key_that_was_retyped_is_compared_all_the_same(site: Site, before: str, after: str, value: str) -> None:
    site.both(fill(f"k {before} PRIMARY KEY, i INT, v INT", f"{value}, n, 1"))
    site.now(f"ALTER TABLE t MODIFY k {after}; UPDATE t SET v = 2 WHERE i = 23; DELETE FROM t WHERE i = 42")

    assert_covered(site, {23, 42}, {23})
    if after != "VARCHAR(20)":  # a text's digest is another than that of the same number or of the same bytes
        assert found(site) == ([23, 42], [23])


def test_a_key_that_the_restored_column_cannot_hold_is_found_on_production(site: Site) -> None:
    site.both(
        fill("k VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_general_ci PRIMARY KEY, i INT", "CONCAT('Ü', n), n")
    )
    site.now("ALTER TABLE t MODIFY k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    site.now(f"INSERT INTO t SELECT CONCAT('🙈', seq), 100 + seq FROM {counted(40)}; DELETE FROM t WHERE i = 7")

    assert_covered(site, {7}, set(range(101, 141)))


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_unicode_ci"])
def test_a_bound_that_the_restored_column_cannot_hold_still_parts_its_rows(site: Site, collation: str) -> None:
    site.both(
        fill("k VARCHAR(20) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci PRIMARY KEY, i INT", "CONCAT('Ü', n), n")
    )
    site.now(f"ALTER TABLE t MODIFY k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE {collation}")
    with search(site) as both:
        bound = ("'Ü3🙈'",)
        below, above = (
            both.restored.fingerprint(key_range).rows for key_range in (KeyRange(None, bound), KeyRange(bound, None))
        )

        assert below + above == ROWS
        assert below > 0


def test_an_enum_whose_members_were_reordered_is_covered(site: Site) -> None:
    site.both(fill("k ENUM('a','b'), i INT, v INT, PRIMARY KEY (k, i)", "1 + n % 2, n, 1"))
    site.now("ALTER TABLE t MODIFY k ENUM('new','b','a'); UPDATE t SET v = 2 WHERE i = 23")

    assert_covered(site, {23}, {23})


def test_only_rows_for_which_the_condition_is_true_are_compared(site: Site) -> None:
    site.both(fill("i INT PRIMARY KEY, g INT, v INT", "n, IF(n % 5, n % 2, NULL), 1"))
    site.now("UPDATE t SET v = 2 WHERE i IN (20, 22, 23)")

    with search(site, "g = 1 OR g = 9") as both:
        assert both.found() == ([23], [23])
        assert both.restored.fingerprint(KeyRange()).rows == ROWS * 2 // 5
        assert both.restored.cut(KeyRange(("10",), None), 3) == ("17",)
        assert [key for key, _digest in both.live.digests(KeyRange(None, ("10",)))] == [("1",), ("3",), ("7",), ("9",)]


@pytest.mark.parametrize("limit", [4, 20, 37, 38, 39, 40, 64, 200, 2000])
def test_answers_that_are_cut_off_are_read_row_by_row(site: Site, limit: int) -> None:
    site.both(fill("k INT PRIMARY KEY, i INT, v INT", "CAST(n AS SIGNED) - 30, n, n"))
    with search(site) as both:
        whole = both.restored.parts(KeyRange()), list(both.restored.digests(KeyRange()))
        both.restored.session.run(f"SET SESSION group_concat_max_len = {limit}")
        assert (both.restored.parts(KeyRange()), list(both.restored.digests(KeyRange()))) == whole
    assert sum(rows for rows, _total in whole[0].values()) == len(whole[1]) == ROWS


@pytest.mark.parametrize("kind", ["TINYINT", "TINYINT UNSIGNED", "BIGINT", "BIGINT UNSIGNED"])
@pytest.mark.parametrize("listed", [True, False])
def test_parts_are_read_whole_and_alone(site: Site, kind: str, *, listed: bool) -> None:
    shift, last = (0, {"T": 255, "B": 2**64 - 1}) if "UNSIGNED" in kind else (-40, {"T": 127, "B": 2**63 - 1})
    site.both(fill(f"k {kind} PRIMARY KEY, i INT", f"CAST(n AS SIGNED) + {shift}, n"))
    site.both(f"UPDATE t SET k = {last[kind[0]]} WHERE i = 1")
    with search(site) as both:
        each = {int(key): digest for ((key,), digest) in both.restored.digests(KeyRange())}
        for wanted in both.restored.parts(KeyRange()):
            more = range(3000, 3000 + LISTED) if not listed else ()
            found = both.restored.digests(KeyRange(), [wanted, *more])
            assert {int(key): digest for ((key,), digest) in found} == {
                key: digest for key, digest in each.items() if abs(key) // TOGETHER == abs(wanted) and key * wanted >= 0
            }


def test_ranges_hold_no_more_rows_than_asked_for_whatever_the_server_guesses(site: Site) -> None:
    site.both(fill("k BIGINT PRIMARY KEY, i INT", "IF(n < 40, n, n * n * 1000000), n"))
    for server in (site.production, site.copy):
        server.sql(
            "SET GLOBAL innodb_stats_auto_recalc = 0; UPDATE mysql.innodb_table_stats SET n_rows = 1; FLUSH TABLES"
        )
    with search(site) as both:
        key_ranges = list(both.restored.key_ranges(KeyRange(), 10))
        counts = [both.restored.count(each) for each in key_ranges]
        rough = list(both.restored.rough(KeyRange(), 10))
    for server in (site.production, site.copy):
        server.sql("SET GLOBAL innodb_stats_auto_recalc = 1")
    assert sum(counts) == ROWS
    assert max(counts) <= 10
    assert all(after.low == before.high for each in (key_ranges, rough) for before, after in itertools.pairwise(each))


def test_a_cut_needs_a_further_row_after_it(site: Site) -> None:
    site.both(fill("a INT, i INT, PRIMARY KEY (a, i)", "n DIV 10, n"))
    with search(site) as both:
        rows = both.restored
        assert rows.cut(KeyRange(), ROWS - 1) == ("7", "74")
        assert rows.cut(KeyRange(), ROWS) is None
        assert rows.cut(KeyRange(("1", "15"), ("2", "25")), 7) == ("2", "22")
        assert rows.cut(KeyRange(("1", "15"), ("2", "25")), 10) is None


def test_a_whole_table_of_newer_rows_is_one_slice(site: Site) -> None:
    site.both("CREATE TABLE t (i INT PRIMARY KEY)")
    site.now("INSERT INTO t VALUES (1), (2)")

    assert found(site) == ([], [1, 2])


def reads(session: Session, act: Callable[[], object]) -> int:
    """Count the rows that the server reads meanwhile."""
    session.run("FLUSH STATUS")
    act()
    return sum(int(number) for _name, number in session.rows("SHOW SESSION STATUS LIKE 'Handler_read%'"))


@pytest.mark.parametrize(
    ("columns", "value", "low", "high"),
    [
        ("a INT, i INT, PRIMARY KEY (a, i)", "n DIV 2000, n", ("0", "1990"), ("2", "4010")),
        ("k VARCHAR(9), a INT, i INT, PRIMARY KEY (k, a, i)", "'x', n DIV 4000, n", ("'x'", "1", "4990"), ("'x'", "1", "5090")),
        ("k DECIMAL(9,2) PRIMARY KEY, i INT", "n / 4, n", ("100.25",), ("110",)),
        ("k BIT(40) PRIMARY KEY, i INT", "n, n", ("100",), ("190",)),
        ("k DATETIME(6) PRIMARY KEY, i INT", "'2017-01-01' + INTERVAL n SECOND, n", ("'2017-01-01 00:01:00'",), ("'2017-01-01 00:02:00'",)),
    ],
)  # fmt: skip
def test_a_range_is_served_by_the_key(
    site: Site, columns: str, value: str, low: tuple[str, ...], high: tuple[str, ...]
) -> None:
    site.both(fill(columns, value, 10_000))
    with search(site) as both:
        rows = both.restored
        chosen_here = condition(Chunk(KeyRange(low, high)), rows.key_columns)
        statement = f"SELECT COUNT(i) FROM {catalog.qualified(rows.ref)} WHERE {chosen_here}"
        (number,) = rows.session.one(statement)
        assert 0 < number <= 2_020
        assert reads(rows.session, lambda: rows.session.rows(statement)) <= number + 5
        assert reads(rows.session, lambda: rows.cut(KeyRange(low), 50)) <= 55


def test_a_table_is_cut_into_sections_by_what_the_server_guesses(family: Site) -> None:
    family.both(fill("k INT PRIMARY KEY, i INT, KEY (i)", "n, n", 20_000))
    family.copy.sql("ANALYZE TABLE t", family.database)
    with search(family) as both:
        rows = replace(both.restored, index="PRIMARY")
        sections = list(rows.rough(KeyRange(), 2_000))
        assert 5 <= len(sections) <= 20
        assert sum(rows.count(each) for each in sections) == 20_000


@pytest.mark.parametrize("charset", ["latin1", "utf8mb3", "utf8mb4"])
def test_many_keys_are_joined_to_few_conditions_that_the_key_serves(site: Site, charset: str) -> None:
    site.both(fill("k VARCHAR(20), a INT, i INT, PRIMARY KEY (k, a)", "CONCAT('ü''', n), n, n", 20_000))
    site.then(f"ALTER TABLE t MODIFY k VARCHAR(20) CHARACTER SET {charset}")
    site.copy.sql("ANALYZE TABLE t", site.database)  # a server that knows nothing of a table yet reads all of it
    with search(site) as both:
        rows = replace(both.restored, key=("k",))
        chunks = [Chunk(keys=tuple((f"'ü\\'{n}'",) for n in range(start, 5_000, 3))) for start in (1, 2)]
        texts = list(batches([*chunks, Chunk(keys=(("'🙈'",),))], rows.key_columns, 10_000))

        assert all(len(text) <= 10_000 for text in texts)
        assert chosen(rows, chunks, 10_000) == [n for n in range(1, 5_000) if n % 3]
        place = catalog.qualified(rows.ref)
        for text in texts:
            statement = f"SELECT COUNT(i) FROM {place} WHERE {text}"
            assert reads(rows.session, partial(rows.session.rows, statement)) <= 2 * text.count("ü") + 5


def test_a_limit_is_one_of_bytes_since_command_lines_have_one(site: Site) -> None:
    site.both(fill("k VARCHAR(20) CHARACTER SET utf8mb4 PRIMARY KEY, i INT", "n, n"))
    with search(site) as both:
        chunks = [Chunk(keys=tuple((f"'{'🙈' * 16}{n}'",) for n in range(2_000)))]
        texts = list(batches(chunks, both.restored.key_columns))
        assert max(len(text.encode()) for text in texts) <= 60_000
        assert len(texts) > 1


def test_batches_fill_up_to_the_limit_and_no_further(site: Site) -> None:
    site.both(fill("a INT, b INT, i INT, PRIMARY KEY (a, b)", "n, n, n"))
    chunks = [Chunk(keys=((str(n), str(n)),)) for n in range(1, 21)] + [Chunk(KeyRange(("30", "30"), ("40", "40")))]
    with search(site) as both:
        rows = both.restored
        sizes = {limit: len(list(batches(chunks, rows.key_columns, limit))) for limit in (10, 200, 60_000)}

        assert sizes[10] == 21
        assert 1 < sizes[200] < 21
        assert sizes[60_000] == 1
        for limit in sizes:
            assert chosen(rows, chunks, limit) == [*range(1, 21), *range(31, 41)]
        assert list(batches([], rows.key_columns)) == []


def rows_read(session: Session) -> int:
    """Count the rows that the server has read for a session."""
    return sum(int(value) for _name, value in session.rows("SHOW SESSION STATUS LIKE 'Handler_read%'"))


@pytest.mark.parametrize("column", ["i", "u"])
def test_a_range_is_read_by_its_key_whatever_the_server_thinks_of_the_table(family: Site, column: str) -> None:
    key = "i INT PRIMARY KEY, u INT NOT NULL" if column == "i" else "i INT NOT NULL, u INT NOT NULL UNIQUE"
    family.both(f"CREATE TABLE t ({key}, sensor INT, note VARCHAR(60), KEY (sensor)) STATS_AUTO_RECALC=0")
    family.both(f"INSERT INTO t SELECT seq, seq, seq % 97, SHA2(seq, 224) FROM {counted(20_000)}")
    for server in (family.production, family.copy):
        server.sql(
            "UPDATE mysql.innodb_table_stats SET n_rows = 233, clustered_index_size = 3, sum_of_other_index_sizes = 1"
            f" WHERE database_name = '{family.database}'; FLUSH TABLES {family.database}.t"
        )
    span = KeyRange(("9000",), ("9256",))
    definition = family.definition("t")
    with family.live() as live:
        rows = live.rows(definition, definition, Policy(where=f"{column} <> 9100"))
        for read in (rows.fingerprint, rows.parts, lambda each: list(rows.digests(each))):
            before = rows_read(rows.session)
            read(span)
            assert rows_read(rows.session) - before < 2_000, read


@pytest.mark.parametrize("other", ["PRIMARY KEY (i)", "PRIMARY KEY (j), UNIQUE KEY seen (i)"])
def test_an_index_that_no_statement_may_name_is_not_named(family: Site, other: str) -> None:
    oracle = "MariaDB" not in str(family.now("SELECT VERSION()"))
    keys = other if oracle else other.removeprefix("PRIMARY KEY (j), ")
    computed = "j INT AS (i + 1) STORED NOT NULL" if "(j)" in keys else "j INT"
    family.both(f"CREATE TABLE t (i INT NOT NULL, v INT, {computed}, {keys}, UNIQUE KEY again (i))")
    family.both("INSERT INTO t (i, v) VALUES (1, 1), (2, 2), (3, 3)")
    family.both(f"ALTER TABLE t ALTER INDEX again {'INVISIBLE' if oracle else 'IGNORED'}")
    family.now("DELETE FROM t WHERE i = 2")

    family.locate("t")
    family.stage("t")
    family.compare("t")
    family.load("t")

    assert family.equal("t")


def test_the_copy_s_statistics_are_renewed_before_it_is_read(family: Site) -> None:
    family.both("CREATE TABLE t (i INT PRIMARY KEY, v INT) STATS_AUTO_RECALC=0")
    family.both(f"INSERT INTO t SELECT seq, seq FROM {counted(5_000)}")
    family.copy.sql(
        "UPDATE mysql.innodb_table_stats SET n_rows = 7 WHERE table_name = 't'"
        f" AND database_name = '{family.database}'; FLUSH TABLES {family.database}.t"
    )

    family.dump("t")

    kept = f"SELECT n_rows FROM mysql.innodb_table_stats WHERE database_name = '{family.database}' AND table_name = 't'"
    assert family.copy.sql(kept)[0][0] > 4_000
