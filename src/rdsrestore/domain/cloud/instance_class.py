"""The class of the temporary instance: how big a machine a restore gets."""

from __future__ import annotations

from rdsrestore.domain.cloud.instance import SourceInstance
from rdsrestore.domain.request.request import Request


def class_of_restored(request: Request, source: SourceInstance) -> str:
    """Choose, for example `db.t3.medium`: what the operator asked for, else what production has."""
    return request.instance_class or source.instance_class
