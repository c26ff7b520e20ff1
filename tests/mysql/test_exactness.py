"""What comes back exactly, by kind of table, server and way: docs/exactness.md, each cell of it tried.

UPDATE_GOLDEN=1 writes the cells of the server that is at hand anew. A cell is `exact`, or `refused` with the code of the
error: then nothing was written. Anything else fails here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mysql.programs import oracle
from mysql.rewinding import Scratches, dumped, of_backup, rows_from_binlog
from mysql.site import SCHEMA, Site, silent
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.tables.definition import Column
from rdsrestore.domain.tables.rows import Act
from rdsrestore.domain.tables.selection import Selection
from tiers import amount
from tool import pause_until_next_second

PAGE = Path(__file__).parents[2] / "docs" / "exactness.md"
WAYS = ("merged", "as it is", "into", "swap", "recreate", "undo")
BOTH, MARIADB, MYSQL = "both", "mariadb", "mysql"
BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector")
TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")


@dataclass(frozen=True)
class Shape:
    """A table whose column `v`, or which itself, is of a kind; `values` are rows of `v`, and `whole` a whole definition.

    `changes` says what the accident makes of the rows that it leaves.
    """

    column: str
    values: tuple[str, ...]
    family: str = BOTH
    whole: str = "CREATE TABLE t (id INT PRIMARY KEY, w INT, v {})"
    changes: str = "w = -1"
    first: str = ""
    """What both servers do beforehand."""


def numbered(kind: str, low: int, high: int) -> Shape:
    return Shape(kind, ("0", str(low), str(high), "NULL"))


def text(kind: str, *more: str, family: str = BOTH) -> Shape:
    return Shape(
        kind, ("''", "'a'", "'A '", "'it''s \\\\ \\n \\0 \"q\"'", *more, "NULL"), family, changes="v = 'other'"
    )


SHAPES: Mapping[str, Shape] = {
    "TINYINT": numbered("TINYINT", -128, 127),
    "SMALLINT": numbered("SMALLINT", -32768, 32767),
    "MEDIUMINT": numbered("MEDIUMINT", -8388608, 8388607),
    "INT UNSIGNED": numbered("INT UNSIGNED", 1, 4294967295),
    "BIGINT": numbered("BIGINT", -(2**63), 2**63 - 1),
    "BIGINT UNSIGNED": numbered("BIGINT UNSIGNED", 1, 2**64 - 1),
    "INT ZEROFILL": numbered("INT(8) ZEROFILL", 42, 99999999),
    "BIT(9)": Shape("BIT(9)", ("b'0'", "b'101010101'", "b'111111111'", "NULL")),
    "BIT(64)": Shape("BIT(64)", ("b'0'", "0xFFFFFFFFFFFFFFFF", "NULL")),
    "DECIMAL(65,30)": Shape("DECIMAL(65,30)", ("0", "-1e-30", "'9999999999.123456789012345678901234567890'", "NULL")),
    "FLOAT": Shape("FLOAT", ("16777216", "-0.0", "1e-45", "3.4028234e38", "0.1", "NULL")),
    "FLOAT(7,3)": Shape("FLOAT(7,3)", ("0.001", "-9999.999", "NULL")),
    "DOUBLE": Shape("DOUBLE", ("0.1", "-0.0", "5e-324", "1.7976931348623157e308", "9007199254740993", "NULL")),
    "DATE": Shape("DATE", ("'2017-06-01'", "'0000-00-00'", "'2024-02-30'", "'2024-00-10'", "'9999-12-31'", "NULL")),
    "DATETIME(6)": Shape("DATETIME(6)", ("'2017-06-01 10:14:00.000001'", "0", "'9999-12-31 23:59:59.999999'", "NULL")),
    "TIMESTAMP(6)": Shape("TIMESTAMP(6) NULL", ("'2017-06-01 10:14:00.999999'", "0", "'1970-01-01 00:00:01'", "NULL")),
    "TIMESTAMP … ON UPDATE": Shape(
        "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP", ("'2001-01-01'", "0")
    ),
    "TIME(6)": Shape("TIME(6)", ("'-838:59:58.999999'", "'00:00:00'", "'838:59:59'", "NULL")),
    "YEAR": Shape("YEAR", ("0", "1901", "2155", "NULL")),
    "CHAR": text("CHAR(20)", "'é👍'"),
    "VARCHAR": text("VARCHAR(20)", "'é👍'", "'e\u0301'"),
    "VARCHAR, latin1": text("VARCHAR(20) CHARACTER SET latin1", "x'80FF'"),
    "VARCHAR, utf16": text("VARCHAR(20) CHARACTER SET utf16", "'é👍'"),
    "VARCHAR, gbk": text("VARCHAR(20) CHARACTER SET gbk", "x'C4E3'"),
    "VARCHAR, gbk, a code that Unicode lacks": text("VARCHAR(20) CHARACTER SET gbk", "x'A140'"),
    "VARCHAR, big5": text("VARCHAR(20) CHARACTER SET big5", "x'A440'"),
    "VARCHAR, cp932": text("VARCHAR(20) CHARACTER SET cp932", "x'8160'"),
    "VARCHAR, binary collation": text("VARCHAR(20) COLLATE utf8mb4_bin", "'é'"),
    "TINYTEXT": text("TINYTEXT", "REPEAT('x', 255)"),
    "TEXT": text("TEXT", "REPEAT('é', 30000)"),
    "MEDIUMTEXT": text("MEDIUMTEXT", "REPEAT('x', 100000)"),
    "LONGTEXT": text("LONGTEXT", "REPEAT('👍', 50000)"),
    "BINARY": Shape("BINARY(4)", ("''", "x'00FF275C'", "x'01'", "NULL")),
    "VARBINARY": Shape("VARBINARY(40)", ("''", "x'00FF27220A5C1A'", "NULL")),
    "BLOB": Shape("BLOB", ("''", "x'00FF'", "REPEAT(x'FE00', 30000)", "NULL")),
    "LONGBLOB": Shape("LONGBLOB", ("''", "x'DEADBEEF00'", "REPEAT(x'00FF', 60000)", "NULL")),
    "ENUM": Shape("ENUM('a','it''s','ü','')", ("'a'", "'it''s'", "'ü'", "4", "NULL")),
    "ENUM, the value that is none": Shape("ENUM('a','b')", ("'a'", "0", "NULL")),
    "ENUM, a label that the catalogue bends": Shape("ENUM('a','👍')", ("1", "2", "NULL")),
    "SET": Shape("SET('x','y','ü')", ("''", "'x,ü'", "7", "NULL")),
    "SET, labels that its collation calls equal": Shape("SET('x','y','ü') CHARACTER SET latin1", ("''", "'x'", "NULL")),
    "JSON": Shape(
        "JSON",
        ('\'{"b": 1, "a": [null, true, 1.5, "é\\\\u0041"]}\'', "'[]'", "'\"x\"'", "'1e2'", "'null'", "NULL"),
        changes="v = '[1]'",
    ),
    "JSON, a date within": Shape("JSON", ("'[]'", "JSON_ARRAY(CAST('2017-06-01' AS DATE))"), MYSQL),
    "JSON, a DECIMAL within": Shape("JSON", ("'[]'", "JSON_ARRAY(CAST(1.50 AS DECIMAL(5,2)))"), MYSQL),
    "GEOMETRY": Shape("GEOMETRY", ("ST_GeomFromText('POINT(1 2)', 4326)", "ST_GeomFromText('POINT(3 4)')", "NULL")),
    "LINESTRING": Shape("LINESTRING", ("ST_GeomFromText('LINESTRING(0 0,1 1)')", "NULL")),
    "POINT, with an SRID of its own": Shape("POINT SRID 4326", ("ST_GeomFromText('POINT(1 2)', 4326)", "NULL"), MYSQL),
    "UUID": Shape("UUID", ("'123e4567-e89b-12d3-a456-426655440000'", "NULL"), MARIADB),
    "INET4": Shape("INET4", ("'127.0.0.1'", "NULL"), MARIADB),
    "INET6": Shape("INET6", ("'2001:db8::1'", "'::'", "NULL"), MARIADB),
    "VECTOR": Shape("VECTOR(3)", ("x'0000803F000000BF6042A20D'", "NULL")),
    "a virtual column": Shape("INT AS (w * 2) VIRTUAL", ("DEFAULT", "DEFAULT")),
    "a stored generated column": Shape("INT AS (w * 2) STORED", ("DEFAULT", "DEFAULT")),
    "an invisible column": Shape("INT INVISIBLE DEFAULT 7", ("1", "0", "NULL")),
    "a default and a comment that end in a backslash": Shape(
        "VARCHAR(9) DEFAULT 'a\\\\' COMMENT 'it''s; \\\\'", ("'\\\\'", "DEFAULT", "NULL")
    ),
    "a default that is an expression": Shape("INT DEFAULT (1 + 1)", ("1", "NULL")),
    "a default of bytes": Shape("VARBINARY(9) DEFAULT x'00FF'", ("x'00'", "NULL")),
    "a default of no date": Shape("DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00'", ("'2017-06-01'", "0")),
    "a check": Shape("INT, CONSTRAINT small CHECK (v < 100)", ("1", "99", "NULL")),
    "a functional index": Shape("VARCHAR(20), KEY f ((LOWER(v)))", ("'A'", "'b'", "NULL"), MYSQL),
    "a multi-valued index": Shape(
        "JSON, KEY m ((CAST(v->'$[*]' AS UNSIGNED ARRAY)))", ("'[1, 2]'", "'[]'", "NULL"), MYSQL
    ),
    "a full-text index": Shape("TEXT, FULLTEXT KEY f (v)", ("'one two'", "''", "NULL")),
    "a full-text index that numbers its rows itself": Shape(
        "TEXT, FULLTEXT KEY f (v)",
        ("'one two'", "NULL"),
        BOTH,
        "CREATE TABLE t (id INT PRIMARY KEY, w INT, FTS_DOC_ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE, v {})",
    ),
    "a compressed table": Shape(
        "TEXT",
        ("REPEAT('x', 5000)", "NULL"),
        BOTH,
        "CREATE TABLE t (id INT PRIMARY KEY, w INT, v {}) ROW_FORMAT=COMPRESSED",
    ),
    "a compressed column": Shape("TEXT COMPRESSED", ("REPEAT('x', 5000)", "''", "NULL"), MARIADB),
    "partitions": Shape(
        "INT",
        ("1", "NULL"),
        BOTH,
        "CREATE TABLE t (id INT PRIMARY KEY, w INT, v {}) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (2), PARTITION b VALUES LESS THAN MAXVALUE)",
    ),
    "system versioning": Shape(
        "INT", ("1", "NULL"), MARIADB, "CREATE TABLE t (id INT PRIMARY KEY, w INT, v {}) WITH SYSTEM VERSIONING"
    ),
    "a sequence's default": Shape(
        "INT DEFAULT NEXT VALUE FOR numbers", ("1", "NULL"), MARIADB, first="CREATE SEQUENCE numbers"
    ),
    "AUTO_INCREMENT": Shape(
        "INT", ("1", "NULL"), BOTH, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, w INT, v {}) AUTO_INCREMENT=77"
    ),
    "AUTO_INCREMENT, a row numbered 0": Shape(
        "INT AUTO_INCREMENT PRIMARY KEY", ("5", "0"), BOTH, "CREATE TABLE t (id INT, w INT, v {})"
    ),
    "a key of dates, no date among them": Shape(
        "DATE PRIMARY KEY", ("'2017-06-01'", "0", "'2024-02-30'"), BOTH, "CREATE TABLE t (id INT, w INT, v {})"
    ),
    "a collation of the table's own": Shape(
        "VARCHAR(9), x ENUM('a)','it''s') COLLATE utf8mb4_bin, y TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        ("'a'", "'A'", "NULL"),
        BOTH,
        "CREATE TABLE t (id INT PRIMARY KEY, w INT, v {}) CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
    ),
    "a key of text": Shape("INT", ("1", "NULL"), BOTH, "CREATE TABLE t (id VARCHAR(20) PRIMARY KEY, w INT, v {})"),
    "a key of two columns": Shape(
        "INT NOT NULL DEFAULT 0", ("1", "2"), BOTH, "CREATE TABLE t (id INT, w INT, v {}, PRIMARY KEY (v, id))"
    ),
    "a key over first letters": Shape(
        "VARCHAR(20)", ("'aa1'", "'ab2'"), BOTH, "CREATE TABLE t (id INT, w INT, v {}, UNIQUE KEY (v(2)))"
    ),
    "no key": Shape("VARCHAR(20)", ("'a'", "'A'", "NULL"), BOTH, "CREATE TABLE t (id INT, w INT, v {})"),
    "no key, and FLOAT": Shape("FLOAT", ("0.1", "16777216"), BOTH, "CREATE TABLE t (id INT, w INT, v {})"),
    "a hidden primary key": Shape(
        "INT",
        ("1", "NULL"),
        MYSQL,
        "CREATE TABLE t (id INT, w INT, v {})",
        first="SET SESSION sql_generate_invisible_primary_key = ON",
    ),
}


def seed(site: Site, shape: Shape) -> None:
    """Make the table on both servers, with the same rows."""
    rows = ", ".join(f"({number}, {number * 10}, {value})" for number, value in enumerate(shape.values, 1))
    site.both(
        "SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00';"
        f"{shape.first + ';' if shape.first else ''} {shape.whole.format(shape.column)};"
        f"INSERT INTO t (id, w, v) VALUES {rows}"
    )


def shown(column: Column, *, oracle: bool) -> str:
    """Write a column as text in which nothing that it holds is lost."""
    place = f"`{column.name}`"
    if column.kind in TEXTS:
        return (
            f"CONCAT(HEX(CAST({place} AS BINARY)), ' ', {place} + 0)"
            if column.kind in {"enum", "set"}
            else f"HEX(CAST({place} AS BINARY))"
        )
    if column.kind == "json":
        return f"CONCAT(JSON_TYPE({place}), HEX(CAST({place} AS CHAR)))" if oracle else f"HEX({place})"
    if column.kind in {"float", "double"}:
        return f"CONCAT({place} + 0e0)"
    if column.kind == "bit":
        return f"{place} + 0"
    return (
        f"CONCAT({place})"
        if column.kind not in BYTES and not column.kind.endswith(("geometry", "point", "string"))
        else f"HEX({place})"
    )


def content(site: Site, table: str = "t") -> list[tuple[object, ...]]:
    """Read production's rows."""
    definition = site.definition("t")
    oracle = "Maria" not in str(site.now("SELECT VERSION()")[0][0])
    columns = ", ".join(shown(column, oracle=oracle) for column in definition.columns if not column.generated)
    computed = [f"CONCAT(`{column.name}`)" for column in definition.columns if column.generated]
    return sorted(
        site.now(f"SET time_zone = '+00:00'; SELECT {', '.join([columns, *computed])} FROM `{table}`"), key=repr
    )


Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Accident:
    """What befell a table: its rows then, every table as it is since, and what brings rows back."""

    site: Site
    then: Rows
    defined: str
    since: dict[str, Rows]
    policy: Policy


def everything(site: Site) -> dict[str, Rows]:
    """Read each of production's tables whose name begins as ours do."""
    return {table: content(site, table) for (table,) in site.now("SHOW TABLES LIKE 't%'")}


def accident(site: Site, shape: Shape, way: str) -> Accident:
    """Drop the table, empty it, or delete a row and change the others where they have a key, as the way needs."""
    then, text, keyed = content(site), defined(site), bool(site.definition("t").key)
    changes = f"; UPDATE t SET {shape.changes}" if keyed else ""
    damage = {"recreate": "DROP TABLE t", "into": "DELETE FROM t", "as it is": "DELETE FROM t"}
    site.now(f"SET sql_mode = ''; {damage.get(way, f'DELETE FROM t WHERE w = 10{changes}')}")
    policy = Policy(Merge.OVERWRITE if keyed else Merge.MISSING)
    return Accident(site, then, text, everything(site), policy)


def merged(after: Accident) -> str:
    after.site.restore("t", policy=after.policy)
    assert everything(after.site) == {"t": after.then}
    return "exact"


def as_it_is(after: Accident) -> str:
    """Take the dump without a comparison, where the table allows it; else it is merged."""
    site = after.site
    site.dump("t")
    target = replace(site.target("t"), direct=True)
    with site.live() as server:
        server.create_scratch(SCHEMA, "260101-000000-abcd")
        if not server.takes_directly(target):
            target = replace(target, direct=False)
        server.stage(SCHEMA, target, site.folder, silent)
        server.compare(SCHEMA, [target], site.folder, silent)
        server.save(SCHEMA, target, site.folder, silent)
        server.load(SCHEMA, [target], site.folder, ThrottleRules(), silent)
    assert everything(site) == {"t": after.then}
    return "exact" if target.direct else "exact, merged"


def beside(after: Accident) -> str:
    make(after.site, "t_new")
    assert everything(after.site) == after.since | {"t_new": after.then}
    return "exact"


def swapped(after: Accident) -> str:
    site = after.site
    make(site, "t_new")
    with site.live() as server:
        server.swap(site.ref("t"), site.ref("t_new"), site.ref("t_former"))
    assert everything(site) == {"t": after.then, "t_former": after.since["t"]}
    return "exact"


def made_again(after: Accident) -> str:
    make(after.site, None)
    assert everything(after.site) == {"t": after.then}
    assert defined(after.site) == after.defined
    return "exact"


def taken_back(after: Accident) -> str:
    site, policy = after.site, after.policy
    site.prepare("t")
    site.compare("t", policy=policy)
    saved = replace(site.save("t", policy=policy), acts=tuple(Act), all_there=True)
    site.load("t", policy=policy)
    assert everything(site) == {"t": after.then}
    site.undo(saved)
    assert everything(site) == after.since
    return "exact"


def defined(site: Site) -> str:
    """Production's definition without the counter, which is what the rows make it."""
    with site.live() as server:
        found = server.definition(site.ref("t"))
    assert found
    return re.sub(r" AUTO_INCREMENT=\d+", "", found.create_sql)


def make(site: Site, into: str | None) -> None:
    """Make a table from the restored definition, and load it."""
    with site.restored() as server:
        found = server.definition(site.ref("t"))
        assert found
        server.check(found, Selection(None, None), made=True)
    site.prepare("t")
    site.make_landing("t", into)
    site.compare("t", into)
    site.load("t", into=into)


TRIED: Mapping[str, Callable[[Accident], str]] = dict(
    zip(WAYS, (merged, as_it_is, beside, swapped, made_again, taken_back), strict=True)
)


def cell(site: Site, shape: Shape, way: str) -> str:
    """Try one way with tables made anew; one that is refused has to leave every table as it was."""
    seed(site, shape)
    after = accident(site, shape, way)
    try:
        if site.definition("t").hindrances:
            return "refused"
        return TRIED[way](after)
    except RdsRestoreError as error:
        assert everything(site) == after.since
        return f"refused `{error.code}`"
    finally:
        site.drop()
        for server in (site.production, site.copy):
            server.sql(f"CREATE DATABASE {site.database} CHARACTER SET utf8mb4")


def server_of(site: Site) -> str:
    """Name the server as a heading does."""
    version = str(site.production.sql("SELECT VERSION()")[0][0])
    number = ".".join(version.split(".")[:2])
    return f"MariaDB {number}" if "Maria" in version else f"MySQL {number}"


def there(kind: str, shape: Shape, server: str) -> bool:
    """Say whether the server has such a thing; MariaDB got VECTOR with 11.7."""
    family, number = server.split()
    if kind == "VECTOR" and family == "MariaDB":
        return tuple(map(int, number.split("."))) >= (11, 7)
    return shape.family in {BOTH, family.lower()}


def page() -> dict[str, dict[str, list[str]]]:
    """Read the tables of the page: by server and kind of table, the cells."""
    found: dict[str, dict[str, list[str]]] = {}
    server = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            server = line[3:]
        elif line.startswith("| ") and not line.startswith(("| kind of table", "| ---")):
            kind, *cells = [each.strip() for each in line.strip("|").split("|")]
            found.setdefault(server, {})[kind] = cells
    return found


def record(server: str, kind: str, cells: list[str]) -> None:
    """Write a row of the page anew."""
    lines = PAGE.read_text("utf-8").splitlines()
    start = lines.index(f"## {server}") + 4
    end = next((place for place in range(start, len(lines)) if not lines[place].startswith("|")), len(lines))
    known = page().get(server, {}) | {kind: cells}
    lines[start:end] = [f"| {each} | {' | '.join(known[each])} |" for each in SHAPES if each in known]
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize("kind", SHAPES)
def test_every_cell_is_exact_or_refused(
    family: Site, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape, server = SHAPES[kind], server_of(family)
    if kind == "VECTOR" and server.startswith("MySQL"):
        monkeypatch.setenv("PATH", oracle(tmp_path / "programs"))
    known = there(kind, shape, server)
    cells = [cell(family, shape, way) if known else "not there" for way in WAYS]
    assert all(re.fullmatch(r"exact(, merged)?|refused( `[a-z.-]+`)?|not there", each) for each in cells)
    if os.environ.get("UPDATE_GOLDEN"):
        record(server, kind, cells)
    assert page().get(server, {kind: cells})[kind] == cells


FROM_BINLOG = "From the binlog"
"""The heading of the table whose columns are servers."""


def servers() -> list[str]:
    """Read of which servers the binlog was tried."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [each.strip() for each in lines[lines.index(f"## {FROM_BINLOG}") + 2].strip("|").split("|")][1:]


def from_binlog(site: Site, shape: Shape, scratches: Scratches) -> str:
    """Have rows turned back, and hold the dump of them against the backup's dump of all touched keys, byte by byte."""
    seed(site, shape)
    moment = pause_until_next_second()
    after = accident(site, shape, "merged")
    try:
        if site.definition("t").hindrances:
            return "refused"
        found = rows_from_binlog(site, "t", moment, scratches)
        assert found.dump.rows == len(after.then)
        assert dumped(site, found.dump) == dumped(site, of_backup(site, found))
        assert content(site) == after.since["t"]
    except RdsRestoreError as error:
        return f"refused `{error.code}`"
    return "exact"


@pytest.mark.parametrize("kind", SHAPES)
def test_rows_from_the_binlog_are_the_backups_to_the_last_byte(
    binlog: Site, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scratches: Scratches
) -> None:
    shape, server = SHAPES[kind], server_of(binlog)
    if kind == "VECTOR" and server.startswith("MySQL"):
        path = os.environ["PATH"]
        monkeypatch.setenv("PATH", f"{oracle(tmp_path / 'programs').partition(':')[0]}:{path}")
    found = from_binlog(binlog, shape, scratches) if there(kind, shape, server) else "not there"
    if server not in servers():
        return
    column = servers().index(server)
    if os.environ.get("UPDATE_GOLDEN"):
        cells = page()[FROM_BINLOG].get(kind, [""] * len(servers()))
        record(FROM_BINLOG, kind, [*cells[:column], found, *cells[column + 1 :]])
    assert page()[FROM_BINLOG][kind][column] == found


KEYED = [kind for kind, shape in SHAPES.items() if shape.whole == Shape.whole and "PRIMARY" not in shape.column]
"""Those whose rows have a number as their key, by which a history hits some of them again and again."""
IDS = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(lambda ids: ", ".join(map(str, ids)))
HISTORY = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "DELETE FROM t WHERE id IN ({ids})",
                "UPDATE t SET v = {value} WHERE id IN ({ids})",
                "UPDATE t SET id = id + 1 ORDER BY id DESC",
                "UPDATE t SET w = w + 1 WHERE id IN ({ids})",
                "INSERT IGNORE INTO t (id, w, v) VALUES ({id}, 7, {value})",
                "REPLACE INTO t (id, w, v) VALUES ({id}, 8, {value})",
                "INSERT INTO t (id, w, v) VALUES ({id}, 9, {value}), ({id}, 9, {value}) ON DUPLICATE KEY UPDATE w = w + 9",
            )
        ),
        IDS,
        st.integers(0, 9),
        st.sampled_from(("", "", "", "ROLLBACK", "FLUSH BINARY LOGS")),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=amount(4, long=200), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(KEYED), HISTORY)
def test_any_kind_of_column_after_any_history_is_the_backups_to_the_last_byte(
    binlog: Site, scratches: Scratches, kind: str, history: list[tuple[str, str, int, str]]
) -> None:
    shape = SHAPES[kind]
    assume(there(kind, shape, server_of(binlog)) and kind != "VECTOR")
    binlog.drop()
    for server in (binlog.production, binlog.copy):
        server.sql(f"CREATE DATABASE {binlog.database} CHARACTER SET utf8mb4")
    seed(binlog, shape)
    moment = pause_until_next_second()
    for statement, ids, value, then in history:
        text = statement.format(ids=ids, id=ids[0], value=shape.values[value % len(shape.values)])
        ended = f"START TRANSACTION; {text}; ROLLBACK" if then == "ROLLBACK" else f"{text}; {then or 'DO 1'}"
        binlog.now(f"SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'; {ended}")
    live = content(binlog)
    exact = page()[FROM_BINLOG][kind][servers().index(server_of(binlog))] == "exact"
    refused = {"copy.empty"} if exact else {"copy.empty", "db.lossy", "binlog.unproved"}
    try:
        found = rows_from_binlog(binlog, "t", moment, scratches)
    except RdsRestoreError as error:
        if error.code not in refused:
            raise
        return
    assert dumped(binlog, found.dump) == dumped(binlog, of_backup(binlog, found))
    assert content(binlog) == live


def test_the_page_has_every_kind_of_table_for_every_server_it_names() -> None:
    found = page()
    assert len(found) >= 2
    assert all(list(kinds) == list(SHAPES) for kinds in found.values())
