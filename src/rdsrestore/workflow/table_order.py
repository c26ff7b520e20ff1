"""The order in which tables can be loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rdsrestore.domain.ids import TableRef


def parents_first(refs: Sequence[TableRef], parents: Mapping[TableRef, Sequence[TableRef]]) -> tuple[TableRef, ...]:
    """Order tables so that each comes after the ones it references; a circle keeps the order given."""
    ordered: list[TableRef] = []
    visiting: set[TableRef] = set()

    def visit(ref: TableRef) -> None:
        if ref in ordered or ref in visiting or ref not in refs:
            return
        visiting.add(ref)
        for parent in parents.get(ref, ()):
            visit(parent)
        ordered.append(ref)

    for ref in refs:
        visit(ref)
    return tuple(ordered)
