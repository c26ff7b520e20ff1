"""What is decided of an exchange, without a server: whether it may be, how far it is, and by which names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.domain.tables.in_place import ENDING, LONGEST, MOST, Ability, note, why_not
from rdsrestore.mysql.merge.shadow.places import Places, Seen, State, state

TABLE = TableDefinition(
    TableRef("shop", "orders"),
    "BASE TABLE",
    "InnoDB",
    (Column("id", "int", "int", nullable=False),),
    ("id",),
    create_sql="CREATE TABLE `orders` (`id` int NOT NULL, PRIMARY KEY (`id`))",
    key_index="PRIMARY",
)
MARIADB = Ability(mariadb=True, version=(10, 11, 19), write_locks=4_294_967_295)
MYSQL = Ability(mariadb=False, version=(9, 7, 4), write_locks=4_294_967_295)


@pytest.mark.parametrize("ability", [MARIADB, MYSQL])
def test_a_plain_table_with_few_rows_may_be_exchanged(ability: Ability) -> None:
    assert why_not(TABLE, MOST, ability) == ""


@pytest.mark.parametrize(
    ("ability", "reason"),
    [
        (replace(MARIADB, version=(10, 2, 44)), "the server is older than 10.3"),
        (replace(MYSQL, version=(8, 0, 12)), "the server is older than 8.0.13"),
        (replace(MYSQL, version=(5, 7, 44)), "the server is older than 8.0.13"),
        (replace(MYSQL, aurora=True), "on Aurora it was never tried"),
        (replace(MARIADB, write_locks=16), "max_write_lock_count is 16, by which writers may go before a RENAME"),
        (replace(MARIADB, lacking=("DROP", "ALTER")), "the login lacks DROP, ALTER"),
    ],
)
def test_a_server_or_login_that_can_t_is_named(ability: Ability, reason: str) -> None:
    assert why_not(TABLE, 0, ability) == reason


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (replace(TABLE, engine="MyISAM"), "it is not a plain InnoDB table"),
        (replace(TABLE, create_sql=""), "it is not a plain InnoDB table"),
        (replace(TABLE, versioned=True), "it keeps its own history"),
        (replace(TABLE, ref=TableRef("shop", "o" * (LONGEST - ENDING + 1))), "its name is too long for another one"),
    ],
)
def test_a_table_that_can_t_be_exchanged_is_named_with_the_reason(table: TableDefinition, reason: str) -> None:
    assert why_not(table, 0, MARIADB).startswith(reason)


def test_who_approves_is_told_which_way_rows_come_only_where_one_was_chosen() -> None:
    assert note(shadow=False, why="") == ""
    assert "takes its place in one step" in note(shadow=True, why="")
    assert note(shadow=False, why="it has triggers") == "the rows go into the table itself: it has triggers"


@pytest.mark.parametrize("table", ["orders", "Orders", "o" * (LONGEST - ENDING), "z~", "ü"])
def test_a_server_that_takes_locks_in_the_order_of_names_takes_the_live_table_s_first(table: str) -> None:
    places = Places(RunId("260101-000000-abcd").schema, TableRef("shop", table))
    names = [places.former.table, places.live.table, places.shadow.table]
    assert min(f"{each}\0".encode() for each in names) == f"{table}\0".encode()
    assert all(len(each) <= LONGEST for each in names)


@pytest.mark.parametrize(
    ("seen", "how_far"),
    [
        (Seen(live=True, shadow=False, former=False, sentry=False, noted=False), State.NOTHING),
        (Seen(live=True, shadow=True, former=False, sentry=False, noted=False), State.FILLING),
        (Seen(live=True, shadow=True, former=True, sentry=True, noted=False), State.FILLING),
        (Seen(live=True, shadow=False, former=True, sentry=True, noted=False), State.FILLING),
        (Seen(live=True, shadow=False, former=True, sentry=False, noted=True), State.OVER),
        (Seen(live=True, shadow=False, former=True, sentry=False, noted=False), State.OVER),
        (Seen(live=True, shadow=False, former=False, sentry=False, noted=True), State.OVER),
        (Seen(live=False, shadow=True, former=True, sentry=False, noted=False), State.TORN),
    ],
)
def test_how_far_an_exchange_is_is_told_by_which_tables_are_there(seen: Seen, how_far: State) -> None:
    assert state(seen) is how_far
