"""What is said of where a change's rows come from, by what was read of the binlog and what its table is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from datetime import timedelta

import pytest

from fakes.databases import FakeServer
from fakes.scene import definition
from rdsrestore.app.find import command, taking_back
from rdsrestore.app.requests.rows_known import RowsKnown, look
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import Change, Logged, Timeline
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.domain.tables.definition import ForeignKey, TableDefinition
from rdsrestore.domain.tables.server import ServerFacts
from test_find import ASKED, AT, BILLING, DELETED, LINES, change, timeline

WHOLE = {"log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL"}
LATER = AT + timedelta(minutes=3)


def known(
    found: Timeline, of: Change = DELETED, server: FakeServer | None = None, logged: Mapping[str, str] = WHOLE
) -> RowsKnown:
    """Look at a change where the server logs whole rows, unless said otherwise."""
    server = server or FakeServer()
    server.facts = ServerFacts("10.11.8-MariaDB", "mariadb", read_only=False, globals={**WHOLE, **logged})
    return look(found, [of], server, lambda _table: None, {"restore-instance": 1500.0})


def test_deleted_rows_that_are_logged_whole_come_from_the_binlog() -> None:
    found = timeline(DELETED)
    said = known(found)
    assert "--rows-from auto" in command(ASKED, DELETED, found, said)
    assert taking_back(ASKED, DELETED, found, said).plain == {"rows_from": RowsFrom.AUTO}
    assert "gives them back in about 10 s, where a restore takes about 25 min" in said.said(DELETED)


def test_a_restore_that_takes_no_longer_is_not_named_as_the_slower_way() -> None:
    said = RowsKnown({DELETED: ""}, {"restore-instance": 3.0, "rewind-binlog": 5.0})
    assert "in about 5 s; afterwards" in said.said(DELETED)


def test_of_what_was_not_looked_at_nothing_is_said() -> None:
    assert RowsKnown().said(DELETED) == ""
    assert "--rows-from" not in shlex.split(command(ASKED, DELETED, timeline(DELETED), RowsKnown()))


CUSTOMERS = TableRef("shop", "customers")
ALTERED = change(logged=Logged.DEFINITION, at=LATER, act="ALTER", text="ALTER TABLE billing ADD a INT", position=900)
PREPARED = change(deleted=1, at=LATER, prepared=True, position=900)
CARRIED = change(ref=CUSTOMERS, into=BILLING, deleted=4, at=LATER, position=900)
REASONS = {
    r"a statement since \(ALTER\) names billing": [DELETED, ALTERED],
    r"distributed transaction \(XA\)": [DELETED, PREPARED],
    "rows of shop.customers were changed, which a foreign key's rule": [DELETED, CARRIED],
    "one table at a time": [DELETED, change(ref=LINES, deleted=9000)],
}


@pytest.mark.parametrize("why", REASONS)
def test_what_stands_in_the_binlog_since_may_be_in_the_way(why: str) -> None:
    found = timeline(*REASONS[why])
    said = known(found)
    assert "--rows-from" not in command(ASKED, DELETED, found, said)
    assert re.search(why, said.said(DELETED))


def test_what_was_done_before_it_is_in_nobodys_way() -> None:
    earlier = change(logged=Logged.DEFINITION, at=AT - timedelta(hours=1), act="ALTER", text="ALTER TABLE billing")
    found = timeline(earlier, DELETED)
    assert known(found).there(DELETED)


def test_changed_rows_need_a_second_moment_which_the_binlog_has_not() -> None:
    changed = change(updated=7)
    assert "the rows of one moment" in known(timeline(changed), changed).said(changed)


def test_a_statement_of_any_table_that_stands_there_as_text_is_in_the_way() -> None:
    before, after = timeline(DELETED), timeline(DELETED)
    before = Timeline(**vars(before) | {"as_text": (AT - timedelta(seconds=1), "UPDATE")})
    after = Timeline(**vars(after) | {"as_text": (LATER, "UPDATE")})
    assert known(before).there(DELETED)
    assert "a statement since (UPDATE) is logged as text" in known(after).said(DELETED)


def test_children_that_may_have_gone_along_unseen_need_the_backup() -> None:
    rule = ForeignKey("of_bill", LINES, ("bill",), BILLING, ("id",), "CASCADE", "RESTRICT")
    server = FakeServer()
    server.define(definition(referenced_by=(rule,)))
    assert f"rows of {LINES} may have gone with these" in known(timeline(DELETED), server=server).said(DELETED)


@pytest.mark.parametrize(
    ("logged", "why"),
    [
        ({"log_bin": "OFF"}, "writes no binlog"),
        ({"binlog_format": "STATEMENT"}, "logged as text"),
        ({"binlog_row_image": "MINIMAL"}, "without some of their columns"),
    ],
)
def test_a_server_that_does_not_log_whole_rows_is_told(logged: dict[str, str], why: str) -> None:
    assert why in known(timeline(DELETED), logged=logged).said(DELETED)


def test_what_is_known_of_a_table_without_the_binlog_is_the_reason_that_the_trial_would_give() -> None:
    server = FakeServer()
    server.facts = ServerFacts("10.11.8-MariaDB", "mariadb", read_only=False, globals=WHOLE)

    def refuse(table: TableDefinition) -> None:
        raise Refused("--rows-from", f"{table.ref} has no primary key", "use --rows-from backup")

    said = look(timeline(DELETED), [DELETED], server, refuse, {})
    assert said.said(DELETED).endswith("since shop.billing has no primary key")


def test_a_table_that_is_gone_comes_from_the_backup() -> None:
    server = FakeServer(live={})
    assert "is not there" in known(timeline(DELETED), server=server).said(DELETED)
