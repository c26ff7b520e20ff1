"""Engines of RDS by the cloud's names for them, and which of them can be restored from."""

from __future__ import annotations

from rdsrestore.core.errors import CloudError

SUPPORTED = frozenset({"mysql", "mariadb"})


def require_supported(engine: str) -> None:
    """Raise CloudError with code `aws.engine` for an engine that this tool can't restore from yet."""
    if engine not in SUPPORTED:
        raise CloudError(
            "--instance",
            f"engine {engine} can't be restored from yet",
            f"supported: {', '.join(sorted(SUPPORTED))}",
            code="aws.engine",
        )
