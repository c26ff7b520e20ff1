"""A file of keys: what it may hold for each kind of column, and that nothing in it is ever bent into another key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mysql.site import FAMILIES, Site
from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.tables.target import Located


@pytest.fixture
def anywhere(request: pytest.FixtureRequest) -> Site:
    """Two servers of the family that the test is for."""
    found: Site = request.getfixturevalue(request.param)
    return found


def given(site: Site, content: str | bytes) -> Policy:
    path = site.folder / "keys.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Policy(keys=str(path))


def refusal(site: Site, content: str | bytes) -> UsageError:
    """Look as the survey does, before anything is made."""
    policy = given(site, content)
    with site.live() as server, pytest.raises(UsageError) as refused:
        server.check_keys(server.definition(site.ref("t")), Path(policy.keys or ""))
    return refused.value


def restored(site: Site, content: str | bytes) -> tuple[Located, set[int]]:
    """Restore the rows that a file names into the emptied table; returns which are there."""
    site.now("DELETE FROM t")
    policy = given(site, content)
    with site.live() as server:
        server.check_keys(server.definition(site.ref("t")), Path(policy.keys or ""))
    located = site.locate("t", policy)
    site.stage("t")
    site.compare("t", policy=policy)
    site.load("t", policy=policy)
    return located, {row[0] for row in site.now("SELECT n FROM t")}


GOOD = [
    ("INT", "(7, 1), (0, 2), (-3, 3)", "7\n-3\n", {1, 3}),
    ("INT", "(7, 1), (0, 2), (-3, 3)", '{"key": ["7"]}\n007\n', {1}),
    ("BIGINT UNSIGNED", "(18446744073709551615, 1), (0, 2)", "18446744073709551615\n", {1}),
    ("YEAR", "(2017, 1), (0, 2)", "2017\n", {1}),
    ("BIT(10)", "(5, 1), (0, 2)", '5\n{"key": ["0x0005"]}\n', {1}),
    ("DECIMAL(9,3)", "(1.5, 1), (0, 2), (-2, 3)", "1.50\n-2\n", {1, 3}),
    ("DOUBLE", "(1e20, 1), (0, 2), (0.1, 3)", '1e20\n{"key": ["0.1e0"]}\n', {1, 3}),
    ("DATE", "('2017-06-01', 1), ('2017-06-02', 2)", "2017-06-01\n", {1}),
    (
        "DATETIME(3)",
        "('2017-06-01 10:14:00.5', 1), ('2017-06-02', 2)",
        '2017-06-01T10:14:00.5\n{"key": ["\'2017-06-02 00:00:00\'"]}\n',
        {1, 2},
    ),
    ("TIME", "('-101:00:00', 1), ('00:00:00', 2)", "-101:00:00\n", {1}),
    ("VARCHAR(20)", "('0', 1), ('abc', 2), ('a,\"b', 3), ('''', 4), ('{x}', 5)", '0\n"a,""b"\n\'\n{x}\n', {1, 3, 4, 5}),
    ("VARCHAR(20)", "('0', 1), ('ü\\\\', 2), ('👍', 3)", '{"key": ["\'ü\\\\\\\\\'"]}\n👍\n', {2, 3}),
    ("VARCHAR(20) CHARACTER SET latin1", "('ü', 1), ('?', 2)", "ü\n", {1}),
    ("VARCHAR(20) CHARACTER SET utf8mb3", "('ü', 1), ('?', 2)", "ü\n", {1}),
    ("VARBINARY(9)", "(x'00ff', 1), ('', 2), ('ab', 3)", '0x00ff\nab\n{"key": ["\'\'"]}\n', {1, 2, 3}),
    ("ENUM('b','a','1')", "('b', 1), ('a', 2), ('1', 3)", "1\nb\n", {1, 3}),
    ("SET('x','y')", "('x', 1), ('x,y', 2)", '"x,y"\n', {2}),
]


@pytest.mark.parametrize("anywhere", FAMILIES, indirect=True)
@pytest.mark.parametrize(("kind", "rows", "content", "wanted"), GOOD)
def test_the_rows_that_a_file_names_come_back_and_no_others(
    anywhere: Site, kind: str, rows: str, content: str, wanted: set[int]
) -> None:
    anywhere.both(f"CREATE TABLE t (k {kind} PRIMARY KEY, n INT) CHARSET utf8mb4; INSERT INTO t (k, n) VALUES {rows}")
    located, found = restored(anywhere, content)
    assert found == wanted
    assert located.lacking == 0


BAD = {
    "INT": [
        "abc",
        "0x37",
        "'7'",
        "1.0",
        "1e0",
        "2147483648",
        "\uff12",
        "1;",
        "--1",
        "+1",
        '{"key": ["\'1\'"]}',
        "1 OR 1",
    ],
    "TINYINT UNSIGNED": ["-1", "256", "9" * 5000],
    "YEAR": ["1900", "17"],
    "BIT(3)": ["8", "-1", '{"key": ["0x08"]}'],
    "DECIMAL(5,2)": ["1234", "0.001", ".5", "1e2", "\u0663", "NaN"],
    "DOUBLE": ["inf", "1e999", "0x1", "one", '{"key": ["\'1\'"]}'],
    "DATE": ["2017-13-01", "2017-06-32", "01.06.2017", "20170601", "2017-06-01 10:14:00", '{"key": ["20170601"]}'],
    "DATETIME": ["2017-06-01 24:00:00", "2017-06-01 10:14", "now", "0", '{"key": ["1"]}'],
    "TIME": ["10", "10:60:00", '{"key": ["101400"]}'],
    "TIMESTAMP": ["1496312040", "2017-06-01 10:14:61"],
    "VARCHAR(20)": ['{"key": ["0"]}', '{"key": ["0x61"]}', '{"key": ["\'a\' OR 1"]}', '"a', 'a"b"c",', "a,b"],
    "VARCHAR(20) CHARACTER SET latin1": ["日", "👍", '{"key": ["\'日\'"]}'],
    "VARCHAR(20) CHARACTER SET utf8mb3": ["👍"],
    "VARCHAR(20) CHARACTER SET ascii": ["ü"],
    "VARBINARY(9)": ['{"key": ["7"]}', '{"key": ["\'a\'"]}'],
    "ENUM('b','a')": ['{"key": ["1"]}'],
}
NO_LINE = [
    '{"key": []}',
    '{"key": "1"}',
    '{"key": [1]}',
    '{"no": 1}',
    '{"key": ["1"',
    "\ufeff1",
    "1,2",
    '"',
    "NULL",
    "{" * 9,
]


@pytest.mark.parametrize("anywhere", FAMILIES, indirect=True)
@pytest.mark.parametrize("kind", BAD)
def test_a_value_that_its_column_can_not_hold_is_refused_before_anything_is_made(anywhere: Site, kind: str) -> None:
    anywhere.both(f"CREATE TABLE t (k {kind} PRIMARY KEY) CHARSET utf8mb4")
    good = {"D": "2017-06-01", "T": "10:14:00", "V": "a", "E": "a"}.get(kind[0], "0") + "\n"
    usual = {"DECIMAL(5,2)": "1.25\n", "DOUBLE": "1\n", "TINYINT UNSIGNED": "1\n", "TIMESTAMP": "2017-06-01 10:14:00\n"}
    for line in BAD[kind]:
        error = refusal(anywhere, f"{usual.get(kind, good)}{line}\n")
        assert ", line 2: " in error.what, line
        assert line not in error.what.partition("line 2")[2]


@pytest.mark.parametrize("line", [*NO_LINE, "[" * 100_000, '{"key": ' + "[" * 100_000])
def test_a_line_that_is_no_key_of_numbers_is_refused(site: Site, line: str) -> None:
    site.both("CREATE TABLE t (k INT PRIMARY KEY)")
    assert ", line 3: " in refusal(site, f"1\r\n\r\n{line}\r\n").what


@pytest.mark.only("mariadb", "MySQL has no such types")
def test_addresses_and_identifiers_are_held_against_their_kinds(site: Site) -> None:
    site.both("CREATE TABLE t (k UUID, a INET6, b INET4, n INT, PRIMARY KEY (k, a, b))")
    one = "123e4567-e89b-12d3-a456-426655440000"
    site.both(f"INSERT INTO t VALUES ('{one}', '2001:db8::1', '192.0.2.1', 1), (UUID(), '::', '0.0.0.0', 2)")
    assert restored(site, f"{one},2001:db8::1,192.0.2.1\n")[1] == {1}
    for line in (f"{one[:-1]},::1,192.0.2.1", f"{one},::g,192.0.2.1", f"{one},::1,192.0.2"):
        assert "line 1" in refusal(site, line).what


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b""])
def test_the_first_and_the_last_key_count_however_the_file_was_saved(site: Site, mark: bytes, end: bytes) -> None:
    site.both("CREATE TABLE t (k INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    assert restored(site, mark + b"1" + (end or b"\n") + b"3" + end)[1] == {1, 3}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("1\n2\n".encode("utf-16"), "not in UTF-8"),
        ("1\n2\n".encode("utf-16-le"), "not in UTF-8"),
        ("1\n2\n".encode("utf-32"), "not in UTF-8"),
        ("ü\n".encode("latin-1"), "not in UTF-8"),
        (b"1\n\0\n", "not in UTF-8"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n \n", "holds no key"),
    ],
)
def test_a_file_that_is_no_text_in_utf_8_is_refused(site: Site, content: bytes, why: str) -> None:
    site.both("CREATE TABLE t (k VARCHAR(9) PRIMARY KEY)")
    error = refusal(site, content)
    assert why in error.what


def test_a_file_that_is_gone_is_named(site: Site) -> None:
    with site.live() as server, pytest.raises(UsageError) as refused:
        server.check_keys(None, site.folder / "none.txt")
    assert "none.txt can't be read" in refused.value.what


@pytest.mark.parametrize("anywhere", FAMILIES, indirect=True)
def test_keys_that_the_backup_lacks_are_named_and_the_others_come_back(anywhere: Site) -> None:
    anywhere.both("CREATE TABLE t (k VARCHAR(9), n INT, PRIMARY KEY (k, n)) CHARSET utf8mb4")
    anywhere.both("INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3)")
    located, found = restored(anywhere, '"x,y",5\nB,2\nb,2\nz,3\n')
    assert found == {2}
    assert (located.lacking, located.lacks) == (2, ("x,y, 5 (line 1)", "z, 3 (line 4)"))
    assert "x,y, 5 (line 1); z, 3 (line 4)" in located.notes[0]


@pytest.mark.parametrize("anywhere", FAMILIES, indirect=True)
def test_a_key_that_is_spelled_twice_far_apart_is_one_row(anywhere: Site) -> None:
    anywhere.both("CREATE TABLE t (k VARCHAR(9) PRIMARY KEY, n INT) CHARSET utf8mb4")
    anywhere.both("INSERT INTO t VALUES ('one', 1), ('two', 2), ('three', 3)")
    many = "\n".join(["one", *(f"x{number}" for number in range(700)), "ONE", "Two"])
    located, found = restored(anywhere, many)
    assert (found, located.lacking, len(located.lacks)) == ({1, 2}, 700, 5)
    assert located.notes[0].endswith(" and 695 more")


def test_keys_find_their_rows_where_production_has_them_of_another_type(site: Site) -> None:
    site.both("CREATE TABLE t (k INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 1), (2, 2)")
    site.now("ALTER TABLE t MODIFY k VARCHAR(9) NOT NULL; DELETE FROM t WHERE k = '2'; INSERT INTO t VALUES ('02', 7)")
    policy = given(site, "2\n")
    site.locate("t", policy)
    site.stage("t")
    site.compare("t", policy=policy)
    site.load("t", policy=policy)
    assert site.now("SELECT k, n FROM t ORDER BY k") == [("02", 7), ("1", 1), ("2", 2)]


def test_keys_of_a_table_whose_key_is_another_one_now_are_refused(site: Site) -> None:
    site.both("CREATE TABLE t (k INT PRIMARY KEY, n INT NOT NULL); INSERT INTO t VALUES (1, 1), (2, 2)")
    site.now("ALTER TABLE t DROP COLUMN k, ADD PRIMARY KEY (n); DELETE FROM t")
    with pytest.raises(Refused) as refused:
        site.locate("t", given(site, "1\n"))
    assert refused.value.code == "keys.no-key"
