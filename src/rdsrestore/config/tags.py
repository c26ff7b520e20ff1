"""Tags of the operator's own, as rdsrestore.toml says them."""

from __future__ import annotations

from typing import Any

from rdsrestore.domain.cloud.copy_attributes import Tags
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.ids import PREFIX

MOST = 40
"""Tags beside our own: a resource has 50 at most (Amazon RDS user guide, "Tagging Amazon RDS resources")."""
LONGEST_NAME, LONGEST_VALUE = 128, 256


def tags(section: dict[str, Any], where: str) -> Tags:
    """Read names and values; UsageError for those that AWS or we would not have."""
    if len(section) > MOST:
        raise UsageError(where, f"has {len(section)} tags", f"give {MOST} at most")
    return tuple((name, tag(name, value, where)) for name, value in section.items())


def tag(name: str, value: object, where: str) -> str:
    """Read the value of one."""
    if name.lower().startswith(("aws:", f"{PREFIX}:")) or not 0 < len(name) <= LONGEST_NAME:
        hint = f"names have {LONGEST_NAME} characters at most, and begin neither with aws: nor with {PREFIX}:"
        raise UsageError(where, f"{name[:40]} can't be given", hint)
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        hint = f'write {name} = "…" with {LONGEST_VALUE} characters at most'
        raise UsageError(where, f"{name} must be text in quotes", hint)
    return value
