"""Whether something brings the rows back sooner than a restore: said before the plan, and in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rdsrestore.domain.request.merge_policy import Merge
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment, RowsFrom
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.server import ServerFacts
from rdsrestore.workflow.preflight.finding import Finding, warns

REACHED = frozenset({Merge.MISSING, Merge.OVERWRITE})
"""Policies for which a row that was not touched is none that differs."""
ONE_TABLE = "it takes one table at a time"
ONE_MOMENT = "it has the rows of one moment"
OF_ONE = REACHED | {Merge.EXACT}
"""Policies for one transaction, whose own rows alone are compared."""


def quicker(request: Request, survey: Survey) -> Iterator[Finding]:
    """Name what may be quicker, the quickest first."""
    if not request.restores or not isinstance(request.point, Moment):
        return
    for each in survey.server.open:
        since = f"connection {each.connection} has a transaction open since {each.began:%H:%M:%S} UTC"
        if each.changes:
            yield warns(
                "quicker.rollback",
                f"{since}, which has changed rows ({each.changes:,})",
                "if that is the accident, ROLLBACK in it takes all of it back; so does its end: CALL mysql.rds_kill"
                f"({each.connection}) on RDS, else KILL {each.connection}",
            )
        elif each.began <= request.point.utc:
            yield warns(
                "quicker.snapshot",
                f"{since}, before the moment: it may still see the rows as they were",
                "keep it open: SELECT in that very session shows them (REPEATABLE READ)",
            )
    yield from replicas(request.point, survey)
    if from_binlog(request, survey):
        yield warns(
            "quicker.binlog",
            "production's own binlog may have these rows, within seconds",
            "--rows-from auto tries that first, --rows-from binlog makes no restore at all",
        )


def replicas(moment: Moment, survey: Survey) -> Iterator[Finding]:
    """Name replicas that stay behind on purpose and have not come to the moment, and those of which that is unknown."""
    stop = "CALL mysql.rds_stop_replication"
    for each in survey.replicas:
        reached = moment.utc + timedelta(seconds=each.delay or 0)
        if each.delay and survey.at < reached:
            yield warns(
                "quicker.replica",
                f"replica {each.name} stays {each.delay:,} seconds behind: it does not come to the moment before"
                f" {reached:%Y-%m-%d %H:%M:%S} UTC, and has the rows as they were",
                f"on {each.name}, before that: {stop}; then SELECT them there: rdsrestore help delayed replica",
            )
    if unseen := ", ".join(each.name for each in survey.replicas if each.delay is None):
        yield warns(
            "quicker.replica-unseen",
            f"production has read replicas of which was not seen whether one is delayed: {unseen}",
            f"SHOW REPLICA STATUS there says so (SQL_Delay, in seconds); {stop} stops one that is",
        )


def from_binlog(request: Request, survey: Survey) -> bool:
    """Say whether the binlog may do, as far as is known without reading it."""
    there = survey.tables[0].definition
    fits = there is not None and there.key_index == "PRIMARY" and there.engine.lower() == "innodb"
    asked = request.rows_from is RowsFrom.BACKUP and not list(against(request))
    return bool(asked and not unlogged(survey.server) and fits and there and not there.versioned)


def unlogged(server: ServerFacts) -> str:
    """Say why a server's binlog holds no whole rows of what is changed now; empty where it does."""
    if server.globals.get("log_bin") != "ON":
        return "production writes no binlog"
    if server.globals.get("binlog_format") == "STATEMENT":
        return "changes are logged as text, without their rows"
    whole = server.globals.get("binlog_row_image") == "FULL"
    return "" if whole else "rows are logged without some of their columns"


def against(request: Request) -> Iterator[tuple[str, str]]:
    """Name what a request asks for that the binlog does not give, and why it does not."""
    policy, alone = request.policy, request.rows_from is RowsFrom.BINLOG
    one = request.transaction is not None
    reached = OF_ONE if one else REACHED
    asked = {
        "--snapshot": (not isinstance(request.point, Moment), "rows are turned back to a moment"),
        "TABLE": (len(request.tables) > 1 and not one, ONE_TABLE),
        "--merge": (policy.merge not in reached, "it has the touched rows alone, and this needs all of them"),
        "--incident-end": (policy.three_way and not one, ONE_MOMENT),
        "--where": (policy.where is not None, "it takes all rows that were touched"),
        "--keys-from": (policy.keys is not None, "it takes all rows that were touched"),
        "--columns": (bool(policy.columns), "it takes whole rows"),
        "--into, --swap": (request.into is not None, "the new table would have the touched rows alone"),
        "--recreate": (request.recreate, "it needs the table as it was"),
        "--with-children": (request.with_children, ONE_TABLE),
        "--with-parents": (request.with_parents, ONE_TABLE),
        "--backups-of": (request.backups_of is not None, "no backup is restored"),
        "--keep, --keep-on-failure": (alone and bool(request.keep), "no instance is made"),
        "--keep-binlog": (alone and request.keep_binlog, "that copies it before a restore, and there is none"),
    }
    return ((flag, why) for flag, (given, why) in asked.items() if given)
