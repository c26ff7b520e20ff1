"""Lines of audit logs are understood as a whole or not at all, and what they say is matched to a connection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rdsrestore.aws.rds.audit_log import group, parsed
from rdsrestore.domain.cloud.audit_log import AuditEntry, who

AT = datetime(2022, 5, 20, 13, 30, 59, tzinfo=UTC)
PLUGIN = "20220520 13:30:59,ip-10-1-2-3,app,10.0.0.5,35,698024,QUERY,shop,'DELETE FROM orders',0"
AURORA = "1653053459680124,shop-instance-1,admin,52.94.133.136,35,698024,WRITE,shop,orders,0"


def test_both_formats_are_read_without_the_statement() -> None:
    assert parsed(PLUGIN) == AuditEntry(AT, "ip-10-1-2-3", "app", "10.0.0.5", 35, "QUERY")
    at = AT + timedelta(microseconds=680124)
    assert parsed(AURORA) == AuditEntry(at, "shop-instance-1", "admin", "52.94.133.136", 35, "WRITE")
    assert "orders" not in repr(parsed(PLUGIN))


@pytest.mark.parametrize(
    "line",
    [
        PLUGIN.replace("orders", r"t WHERE a = \'x,y\' AND b IN (1,2)"),
        PLUGIN.replace("orders", r"t WHERE a = \'ends with \\\\"),
        PLUGIN.replace("orders", "t WHERE a = ''x'',''20220520 13:30:59,h,root,::1,1,1,QUERY,d,x,0''"),
        PLUGIN.replace("orders", "orders\n -- of a script"),
        PLUGIN.replace("'DELETE FROM orders',0", "'',1146"),
        PLUGIN + "\n",
        AURORA.replace("orders,0", "orders,"),  # as Aurora writes tables
        AURORA.replace("WRITE,shop,orders", "CONNECT,,"),
    ],
)
def test_what_a_statement_holds_does_not_shift_the_fields(line: str) -> None:
    found = parsed(line)
    assert found
    assert (found.user in {"app", "admin"}, found.thread) == (True, 35)


@pytest.mark.parametrize(
    "line",
    [
        "",
        PLUGIN[:-1] + "ok",
        PLUGIN.replace("'DELETE FROM orders'", "'DELETE FROM orders"),
        PLUGIN.replace("'DELETE FROM orders'", "'a'b'"),
        PLUGIN.replace("app,", "a,pp,"),
        PLUGIN.replace(",35,", ",x,"),
        PLUGIN.replace("20220520 13", "20220532 13"),
        PLUGIN.replace("20220520 13:30:59", "2022-05-20T13:30:59Z"),
        AURORA.replace("1653053459680124", "1653053459"),
        AURORA.replace("shop,orders", "shop,or,ders"),
        PLUGIN + "\n" + PLUGIN,
        '{"timestamp": "1653053459680124", "user": "app"}',
    ],
)
def test_a_line_that_is_not_understood_as_a_whole_says_nothing(line: str) -> None:
    assert parsed(line) is None


def test_the_nearest_act_names_who_it_was_and_without_one_any_line_of_the_connection() -> None:
    def entry(user: str, operation: str, after: float, thread: int = 35) -> AuditEntry:
        return AuditEntry(AT + timedelta(seconds=after), "a", user, "h", thread, operation)

    acts = [entry("early", "QUERY", -1), entry("near", "WRITE", 0.2), entry("login", "CONNECT", 0)]
    assert who([*acts, entry("other", "QUERY", 0, thread=36)], 35, AT) == "near@h"
    assert who(acts[2:], 35, AT) == "login@h"
    assert who([], 35, AT) == ""
    assert who([AuditEntry(AT, "a", "root", "", 35, "QUERY")], 35, AT) == "root"


def test_the_group_is_named_where_the_log_is_exported() -> None:
    assert group("cluster", "shop", ["error", "audit"]) == "/aws/rds/cluster/shop/audit"
    assert group("instance", "shop", ["slowquery"]) is None
