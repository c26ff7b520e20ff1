"""The tags by which what we made is known: never by a name alone, never by a tag alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rdsrestore.domain.cloud.instance import GroupSpec, RestoreSpec
from rdsrestore.domain.ids import PREFIX

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagTypeDef

RUN = f"{PREFIX}:run"
EXPIRES = f"{PREFIX}:expires"
SELF = f"{PREFIX}:instance"
MANAGED = f"{PREFIX}:managed"
AWS_OWN = "aws:"
"""Tags that nobody but AWS may write."""


def owner_tags(name: str, run: str, expires: datetime) -> dict[str, str]:
    """Make the tags of a resource of that name.

    One says the name itself, so that a copy of ours is not taken for ours.
    """
    stamp = expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {MANAGED: "true", RUN: run, SELF: name, EXPIRES: stamp}


def as_tags(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """Turn a mapping into a list of tags."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_of(spec: GroupSpec | RestoreSpec, run: str) -> list[TagTypeDef]:
    """Write the tags of what a run makes: the operator's own and ours, which win."""
    return as_tags({**dict(spec.tags), **owner_tags(spec.name, run, spec.expires)})


def as_mapping(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Turn a list of tags into a mapping."""
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags}


def is_owned(name: str, tags: Mapping[str, str], run: str | None = None) -> bool:
    """Whether a resource is ours, and of that run where one is given."""
    return name.startswith(f"{PREFIX}-") and tags.get(SELF) == name and run in (None, tags.get(RUN))


def expiry(tags: Mapping[str, str]) -> datetime | None:
    """Read when a resource's time is up; None where it does not say."""
    try:
        return datetime.fromisoformat(tags.get(EXPIRES, ""))
    except ValueError:
        return None
