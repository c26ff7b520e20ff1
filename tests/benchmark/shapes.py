"""Tables of each shape and size, damaged, with what has to come out; made alike on servers of both families."""

from __future__ import annotations

from collections.abc import Callable

from benchmark.run import Repair
from mysql.site import Site
from rdsrestore.domain.request.merge_policy import Merge, Policy
from tool import counted

MISSING, OVERWRITE = Policy(Merge.MISSING), Policy(Merge.OVERWRITE)
COLUMNS = "note VARCHAR(60) NOT NULL, amount DECIMAL(10,2) NOT NULL, code VARCHAR(40) NOT NULL, UNIQUE KEY (code)"
FILL = "INSERT INTO {table} SELECT {key}, CONCAT('note ', seq), seq / 7, CONCAT('c', seq) FROM {numbers}"
WHOLE = 40_000
"""Rows of a table of which some are damaged."""
KEYS = {
    "dense": ("id INT PRIMARY KEY", "seq"),
    "sparse": ("id BIGINT UNSIGNED PRIMARY KEY", "CONV(SUBSTR(SHA2(seq, 256), 1, 16), 16, 10)"),
    "uuid": ("id VARCHAR(36) PRIMARY KEY", "INSERT(LEFT(SHA2(seq, 256), 32), 9, 0, '-')"),
    "leading": ("tenant INT NOT NULL, id INT NOT NULL, PRIMARY KEY (tenant, id)", "1, seq"),
}


def table(site: Site, name: str, rows: int, kind: str = "dense") -> None:
    """Make and fill a table on both servers."""
    key, value = KEYS[kind]
    fill = FILL.format(table=name, key=value, numbers=counted(rows))
    site.both(f"CREATE TABLE {name} ({key}, {COLUMNS}); {fill}")


def equal(*tables: str) -> Callable[[Site], bool]:
    """Both servers have the same rows."""
    query = "SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, note, amount, code))) FROM {}"
    return lambda site: all(site.now(query.format(each)) == site.then(query.format(each)) for each in tables)


def rows(site: Site, size: int) -> Repair:
    """A hundred rows changed, however many there are."""
    table(site, "t", size)
    site.now(f"UPDATE t SET note = 'wrong' WHERE id % {size // 100} = 3")
    return Repair(["t"], OVERWRITE, equal("t"))


def emptied(site: Site, size: int) -> Repair:
    """All rows deleted."""
    table(site, "t", size)
    site.now("DELETE FROM t")
    return Repair(["t"], MISSING, equal("t"))


def changed(site: Site, size: int) -> Repair:
    """So many rows changed, scattered."""
    table(site, "t", WHOLE)
    site.now(f"UPDATE t SET note = 'wrong' WHERE id % {WHOLE // size} = 3")
    return Repair(["t"], OVERWRITE, equal("t"))


def missing(site: Site, size: int) -> Repair:
    """So many rows deleted, scattered."""
    table(site, "t", WHOLE)
    site.now(f"DELETE FROM t WHERE id % {WHOLE // size} = 3")
    return Repair(["t"], MISSING, equal("t"))


def conflicts(site: Site, size: int, *, merged: bool = False) -> Repair:
    """Twice so many rows deleted, every other of whose codes a newer row has taken."""
    table(site, "t", 4 * size)
    site.now(
        "CREATE TABLE taken AS SELECT id, code FROM t WHERE id % 4 = 1; DELETE FROM t WHERE id % 4 IN (1, 3);"
        f"INSERT INTO t SELECT id + {100 * size}, 'newer', 0, code FROM taken"
    )
    kept = f"SELECT COUNT(*), COUNT(IF(note = 'newer', 1, NULL)), COUNT(IF(id % 4 = 3 AND id <= {4 * size}, 1, NULL)) FROM t"
    policy = Policy(Merge.OVERWRITE) if merged else MISSING
    return Repair(["t"], policy, lambda made: made.now(kept) == [(4 * size, size, size)])


def tables(site: Site, size: int) -> Repair:
    """So many tables, a few rows of each of which are deleted."""
    names = [f"t{number}" for number in range(size)]
    for name in names:
        table(site, name, 200)
        site.now(f"DELETE FROM {name} WHERE id % 7 = 3")
    return Repair(names, MISSING, equal(*names))


def instance(site: Site, size: int) -> Repair:
    """So many other tables on both servers, a tenth of which point to another one."""
    for begin in range(0, size, 100):
        some = range(begin, min(begin + 100, size))
        site.both(
            ";".join(
                f"CREATE TABLE other{number} (id INT PRIMARY KEY, o INT"
                + (f", FOREIGN KEY (o) REFERENCES other{number - 1} (id))" if number % 10 == 1 else ")")
                for number in some
            )
        )
    table(site, "t", 200)
    site.now("DELETE FROM t WHERE id % 7 = 3")
    return Repair(["t"], MISSING, equal("t"))


def children(site: Site, size: int) -> Repair:
    """A table to which so many others point."""
    table(site, "t", 200)
    site.both(
        ";".join(
            f"CREATE TABLE child{number} (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id))"
            for number in range(size)
        )
    )
    site.now("DELETE FROM t WHERE id % 7 = 3")
    return Repair(["t"], MISSING, equal("t"))


def keys(site: Site, size: int, *, kind: str) -> Repair:
    """Keys of one kind, a hundred rows of which are changed."""
    table(site, "t", size, kind)
    site.now(f"UPDATE t SET note = 'wrong' WHERE CRC32(code) % {size // 100} = 3")
    return Repair(["t"], OVERWRITE, equal("t"))
