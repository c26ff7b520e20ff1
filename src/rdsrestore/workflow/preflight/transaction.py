"""What has to be known before one transaction is taken back: what stays of it, and who built on it since."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Policy
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.preflight.finding import Finding, blocks, warns

MERGED = "columns that they left alone are set back; where both changed a column, or the row came or went since,"
MEANT = {
    OnConflict.KEEP: "production's stays and is reported (--on-conflict keep)",
    OnConflict.RESTORE: "the row from before the transaction wins (--on-conflict restore)",
    OnConflict.STOP: "nothing at all is written (--on-conflict stop)",
}


def transaction(request: Request, survey: Survey) -> Iterator[Finding]:
    """Judge a transaction that is to be taken back alone."""
    logged = request.transaction
    if logged is None:
        return
    mine = [logged.of(ref) for ref in request.refs]
    deletes = request.policy.merge is Merge.EXACT
    added = [each for each in mine if each.inserted]
    hint = "--merge exact deletes those that nobody has changed since, and asks for the table's name first"
    if added and not deletes:
        rows = f"rows that it added stay: {', '.join(f'{each.inserted:,} of {each.ref}' for each in added)}"
        only = all(not (each.updated or each.deleted) for each in mine)
        what = f"{logged} only added rows, and {rows}"
        yield blocks("transaction.added", what, hint) if only else warns("transaction.added", rows, hint)
    others = [each for each in logged.tables if each.ref not in request.refs]
    if others:
        what = f"it changed other tables too, which stay as they are: {'; '.join(map(str, others))}"
        yield warns("transaction.others", what, "name them as well to take them back together")
    if survey.later:
        what = f"later transactions changed rows of it ({len(survey.later):,}): {survey.later}"
        yield warns("transaction.later", what, fate(request.policy))


def fate(policy: Policy) -> str:
    """Say what becomes of rows that were changed again since."""
    if policy.merge is Merge.MISSING:
        return "a row that is there stays as it is (--merge missing)"
    return f"{MERGED} {MEANT[policy.on_conflict]}"
