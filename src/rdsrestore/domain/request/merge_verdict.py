"""What becomes of a row, from what sets it apart and how that came about. Pure, and the only place that decides it."""

from __future__ import annotations

from dataclasses import dataclass

from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Policy
from rdsrestore.domain.tables.rows import Act, Provenance, Relation

RESTORES = {Relation.MISSING: Act.INSERT, Relation.CHANGED: Act.UPDATE, Relation.EXTRA: Act.DELETE}
"""The act that makes a row what it was."""
REACH: dict[Merge, frozenset[Relation]] = {
    Merge.MISSING: frozenset({Relation.MISSING}),
    Merge.NONE: frozenset({Relation.MISSING}),
    Merge.OVERWRITE: frozenset({Relation.MISSING, Relation.CHANGED}),
    Merge.EXACT: frozenset({Relation.MISSING, Relation.CHANGED, Relation.EXTRA}),
}
"""Which rows each policy puts back."""
EDITED = "the incident changed it, and somebody changed it again since"


@dataclass(frozen=True)
class Verdict:
    """What is done with a row; `why` is said where it is wanted back and yet left alone."""

    act: Act
    why: str = ""


def verdict(relation: Relation, provenance: Provenance, policy: Policy) -> Verdict:
    """Judge one kind of rows.

    What the incident did not do is never undone where the provenance is known, and what somebody edited since only with
    `--on-conflict restore`.
    """
    if relation is Relation.SAME or relation not in REACH[policy.merge] or provenance is Provenance.LATER:
        return Verdict(Act.KEEP)
    if provenance is Provenance.EDITED and policy.on_conflict is not OnConflict.RESTORE:
        return Verdict(Act.KEEP, EDITED)
    return Verdict(RESTORES[relation])


def may(policy: Policy) -> frozenset[Act]:
    """Name the acts that a policy can lead to."""
    return frozenset(RESTORES[relation] for relation in REACH[policy.merge])
