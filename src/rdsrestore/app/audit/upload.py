"""A copy of a closed journal, out of reach of whoever could change the one here."""

from __future__ import annotations

from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.ids import PREFIX
from rdsrestore.store.audit_index import AuditIndex
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.step import World


def deposit(stored: StoredRun, index: AuditIndex, world: World, bucket: str | None) -> tuple[str, ...]:
    """Keep a copy, and one of the index, where the settings say; returns what could not be done."""
    if bucket is None:
        return ()
    key = f"{PREFIX}/{stored.id}/{world.clock.now():%Y%m%dT%H%M%SZ}"
    try:
        for each in (stored.journal, index.path):
            world.account.deposit(bucket, f"{key}-{each.name}", each.read_bytes())
    except (RdsRestoreError, OSError) as error:
        return (f"the audit log is not in bucket {bucket}: {error}",)
    return ()
