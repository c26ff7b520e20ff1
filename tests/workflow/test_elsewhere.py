"""Rows that the server would change elsewhere: read before the start, and refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fakes import BILLING, LINES, FakeWorld, definition, request
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey, TableSurvey
from rdsrestore.domain.tables.definition import Column, ForeignKey
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.rows import Act
from rdsrestore.domain.tables.server import Grant
from rdsrestore.workflow.preflight import Severity, check
from rdsrestore.workflow.surveyor import survey


def key(rule: str, *columns: str) -> ForeignKey:
    return ForeignKey("follows", LINES, ("code",), BILLING, columns, "RESTRICT", rule)


def seen(unseen: str = "", *keys: ForeignKey) -> Survey:
    found = survey(request(), FakeWorld().world(), Path())
    plain = definition(BILLING, referenced_by=keys)
    note = Column("note", "varchar(20)", "varchar", nullable=True)
    table = TableSurvey(BILLING, replace(plain, columns=(*plain.columns, note)), 3)
    return replace(found, tables=(table,), server=replace(found.server, unseen=unseen))


def codes(wanted: Request, found: Survey) -> list[str]:
    return [finding.code for finding in check(wanted, found) if finding.severity is Severity.BLOCKS]


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL", "SET DEFAULT"])
@pytest.mark.parametrize("merge", [Merge.OVERWRITE, Merge.EXACT])
def test_a_changed_value_that_others_follow_is_refused(rule: str, merge: Merge) -> None:
    assert codes(request(policy=Policy(merge)), seen("", key(rule, "amount"))) == ["table.on-update"]
    assert codes(request(policy=Policy(merge, columns=("amount",))), seen("", key(rule, "amount"))) == [
        "table.on-update"
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (request(), seen("", key("CASCADE", "amount"))),
        (request(into="old", policy=Policy(Merge.OVERWRITE)), seen("", key("CASCADE", "amount"))),
        (request(policy=Policy(Merge.OVERWRITE, columns=("note",))), seen("", key("CASCADE", "amount"))),
        (request(policy=Policy(Merge.OVERWRITE)), seen("", key("CASCADE", "id"))),
        (request(policy=Policy(Merge.OVERWRITE)), seen("", key("NO ACTION", "amount"))),
        (request(tables=("billing_lines",), policy=Policy(Merge.OVERWRITE)), seen("", key("CASCADE", "amount"))),
        (request(), seen("SELECT on *.*")),
        (request(into="old", policy=Policy(Merge.EXACT)), seen("SELECT on *.*")),
    ],
)
def test_what_touches_no_other_row_is_not(wanted: Request, found: Survey) -> None:
    assert codes(wanted, found) == []


@pytest.mark.parametrize(
    "wanted",
    [
        request(policy=Policy(Merge.EXACT)),
        request(policy=Policy(Merge.OVERWRITE)),
        request(policy=Policy(Merge.EXACT), undoes="260101-000000-abcd"),
    ],
)
def test_a_login_that_is_not_shown_every_table_may_neither_change_nor_delete(wanted: Request) -> None:
    found = [finding for finding in check(wanted, seen("SELECT on *.*")) if finding.code == "db.privilege"]
    assert "lacks SELECT on *.*" in found[0].message


SELECTS = Grant(frozenset({"SELECT", "INSERT"}))
HERE = Grant(frozenset({"UPDATE"}), "shop")
SAVED = SavedTable(
    BILLING, ("id",), ("id",), DumpFile(definition(), "u", 1, "", 1, Fingerprint(1, 0)), acts=(Act.INSERT,)
)


@pytest.mark.parametrize(
    ("wanted", "lacking"),
    [
        (request(), ""),
        (request(policy=Policy(Merge.OVERWRITE)), ""),
        (request(policy=Policy(Merge.EXACT)), "DELETE on shop.billing"),
        (request(into="old"), "CREATE, DROP on shop.old"),
        (request(into="old", swap=True), "ALTER, CREATE, DROP on shop.old"),
        (request(policy=Policy(Merge.EXACT), undoes="260101-000000-abcd"), "DELETE on shop.billing"),
    ],
)
def test_a_login_has_to_have_what_this_request_takes(wanted: Request, lacking: str) -> None:
    found = seen()
    found = replace(found, server=replace(found.server, grants=(SELECTS, HERE)), saved=(SAVED,))
    said = [finding.message for finding in check(wanted, found) if finding.code == "db.privilege"]
    assert said[:1] == ([f"the login lacks {lacking}"] if lacking else [])


def test_a_column_that_can_not_be_carried_is_said_before_anything_is_made() -> None:
    found = survey(request(), FakeWorld().world(), Path())
    table = TableSurvey(BILLING, definition(BILLING, hindrances=("column v has type vector(3)",)), 3)
    assert codes(request(), replace(found, tables=(table,))) == ["table.type"]
