from __future__ import annotations

import pytest

from mysql.site import Site
from rdsrestore.mysql.schema.where_filter import one_line, problem

COLUMNS = frozenset({"id", "Notes", "created", "sleep", "select", "from", "a`b", "left"})


@pytest.mark.parametrize(
    "expression",
    [
        "id = 5",
        "`id` > -3 AND NOT (id <= 4 OR id <> 7)",
        "ID IN (1, 2, 3)",
        "id BETWEEN 1 AND 1e3",
        "id % 2 = 0 OR id DIV 3 = 1",
        "notes IS NOT NULL AND notes NOT LIKE 'a%'",
        "notes = 'it''s; -- /* fine */'",
        "notes = '' XOR notes <=> NULL",
        "created >= '2017-06-01' - INTERVAL 1 DAY",
        "DATE(created) = DATE '2017-06-01'",
        "LOWER(LEFT(notes, 3)) = 'abc'",
        "CASE WHEN id THEN 1 ELSE 0 END",
        "`left` = 1 AND `a``b` = 2 AND `select` = 3",
        "id\n=\n5",
    ],
)
def test_one_expression_over_the_table_s_columns_is_taken(expression: str) -> None:
    assert problem(expression, COLUMNS) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "  ",
        "id = 1; DROP TABLE t",
        "id = 1;",
        "id = 1 -- x",
        "id = 1 # x",
        "id = 1 /* x */",
        "id /*!50000 = 1 OR SLEEP(9) */",
        "id = (SELECT 1)",
        "id IN (select id from from)",
        "EXISTS (SELECT 1)",
        "id = 1 UNION SELECT 2",
        "id = 1 INTO OUTFILE '/tmp/x'",
        "id = 1 PROCEDURE ANALYSE()",
        "id = 1 LIMIT 1",
        "id = 1 FOR UPDATE",
        "id = @a",
        "id = @@version",
        "(@a := 1)",
        "SLEEP(5)",
        "sleep(5)",
        "`sleep`(5)",
        "sleep (5)",
        "BENCHMARK(1, 1)",
        "LOAD_FILE('/etc/passwd')",
        "GET_LOCK('a', 1)",
        "RAND() > 0.5",
        "my_function(id)",
        "other.id = 1",
        "stranger = 1",
        'notes = "a"',
        "notes = _utf8'a'",
        "notes = x'41'",
        "notes = 'a",
        "id = 1)",
        "(id = 1",
        "id) OR (id",
        "id = ?",
        "id = :a",
        "id = %s",
        r"notes = 'x\\' OR SLEEP(9) /* ' */",
        r"notes = 'x\\' OR SLEEP(9) OR notes = '",
        r"notes = 'x\'",
        "notes = 'a\n-- b'",
        "notes = 'a\rb'",
        "(" * 3000 + "id" + ")" * 3000,
    ],
)
def test_everything_else_is_refused_with_a_reason(expression: str) -> None:
    assert problem(expression, COLUMNS)


def test_line_breaks_go_and_texts_stay_as_they_are() -> None:
    assert one_line(" id\n = 1\tAND notes = 'two  spaces' ") == "id  = 1 AND notes = 'two  spaces'"


def test_only_the_filtered_rows_come_back(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)); INSERT INTO t VALUES (1, 'a  b'), (2, 'a b'), (3, '50%'), (4, NULL)"
    )
    site.now("DELETE FROM t")

    difference, load, check = site.restore("t", "v = 'a  b'\n OR v LIKE '%!%' ESCAPE '!' OR id % 4 = 0")

    assert (difference.restored, load.inserted, check.matching) == (3, 3, 3)
    assert site.now("SELECT id FROM t ORDER BY id") == [(1,), (3,), (4,)]


def test_a_filter_is_tried_on_production_s_table(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), j JSON)")
    with site.live() as server:
        assert server.check_where(site.ref("t"), "id % 2 = 0 AND v LIKE 'a%'") == ""
        assert "stranger" in server.check_where(site.ref("t"), "stranger = 1")
        assert server.check_where(site.ref("t"), "id = = 1")
