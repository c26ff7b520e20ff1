"""What has to be right after a restore, as rdsrestore.toml says it."""

from __future__ import annotations

from typing import Any

from rdsrestore.config.toml import refuse_unknown
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.invariants import Invariant


def invariants(value: object, file: str) -> tuple[Invariant, ...]:
    """Read what has to be right; UsageError where it can't be read."""
    where = f"{file} [[invariant]]"
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise UsageError(where, "must be a list of sections", "begin each with a line [[invariant]]")
    found = tuple(invariant(entry, where) for entry in value)
    names = [each.name for each in found]
    if len(set(names)) < len(names):
        raise UsageError(where, "two have the same name", "give each a name of its own")
    return found


def invariant(entry: dict[str, Any], where: str) -> Invariant:
    """Read one of them: a query, or a value over a table."""
    refuse_unknown(entry, ("name", "query", "value", "table", "expect"), where)
    if not all(isinstance(each, str) and each.strip() for each in entry.values()) or "name" not in entry:
        raise UsageError(where, "each value must be text, and each has a name", 'name = "total", query = "SELECT …"')
    expect = entry.get("expect", "")
    if expect not in {"", "zero", "restored"}:
        raise UsageError(
            where, f"expect must be zero or restored, not {expect!r}", "leave it out to only see the value"
        )
    if "query" in entry and not {"value", "table"} & set(entry):
        return Invariant(entry["name"], entry["query"], expect)
    if {"value", "table"} <= set(entry) and "query" not in entry:
        name = entry["table"].replace("`", "``")
        return Invariant(entry["name"], f"SELECT {entry['value']} FROM `{name}`", expect)
    raise UsageError(
        where,
        f"{entry['name']} needs a query, or a value and a table",
        "see rdsrestore help what has to be right",
    )
