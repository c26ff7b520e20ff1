"""What a benchmark found is kept, drawn and told as it was."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from benchmark.figures import Record, chart, history, kept, main, table


def taken(*seconds: float) -> dict[str, Any]:
    """The figures of one contender's runs that took so long."""
    same = {name: [2.0] * len(seconds) for name in ("memory", "moved", "client", "copy", "production")}
    return {**same, "seconds": list(seconds), "wrong": 0, "steps": {}}


def record(**incidents: dict[str, Any]) -> Record:
    figures = {name.replace("_", " "): each for name, each in incidents.items()}
    return Record("0.1.0", "2026-11-28", "MySQL 9.7.1", 1_000_000, 2, 0, figures)


DELETED = {"rdsrestore": taken(2, 3), "mysqldump, mysql": taken(20, 20)}


def test_a_second_contest_adds_its_incidents_and_replaces_those_it_has(tmp_path: Path) -> None:
    record(deleted=DELETED, updated=DELETED).keep(tmp_path)
    record(deleted={"rdsrestore": taken(1)}, all_deleted=DELETED).keep(tmp_path)
    (found,) = kept(tmp_path)
    assert found.name == "0.1.0-mysql-1000000"
    assert list(found.figures) == ["deleted", "updated", "all deleted"]
    assert found.seconds("deleted", "rdsrestore") == 1
    assert found.seconds("updated", "rdsrestore") == 2.5


def test_the_chart_is_the_same_each_time_and_fetches_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    chart(record(deleted=DELETED), first)
    chart(record(deleted=DELETED), second)
    assert first.read_bytes() == second.read_bytes()
    assert {"2.5 s", "20 s", "deleted", "rdsrestore"} <= {each.text for each in ET.parse(first).iter()}  # noqa: S314 - our own
    assert "<script" not in first.read_text()
    assert not re.search(r"(href|src)=[\"'](?!#)", first.read_text())


def test_the_tables_say_medians_spread_and_ratios_and_who_was_never_right() -> None:
    found = record(deleted={**DELETED, "pt-table-sync": taken()})
    rows = list(table(found))
    assert "| deleted | rdsrestore | 2.5 s (2 to 3) | 1.00 | 2.00, 2.00, 2.00 | 2 MB | 2.0 MB |" in rows
    assert any(row.startswith("| deleted | mysqldump, mysql | 20 s (20 to 20) | 8.00 |") for row in rows)
    assert "| deleted | pt-table-sync | never right | | | | |" in rows
    assert "| 0.1.0 | 2026-11-28 | MySQL 9.7.1 | 1,000,000 | deleted | 2.5 s | 8.00 times |" in list(history([found]))


def test_charts_lie_beside_their_figures(tmp_path: Path) -> None:
    record(deleted=DELETED).keep(tmp_path)
    assert main(tmp_path) == 0
    assert sorted(each.suffix for each in tmp_path.iterdir()) == [".json", ".svg"]
