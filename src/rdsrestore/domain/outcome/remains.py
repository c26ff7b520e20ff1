"""What a run could not remove."""

from __future__ import annotations

from dataclasses import dataclass

from rdsrestore.domain.codec import written


@written("Remains")
@dataclass(frozen=True)
class Remains:
    """Something that could not be removed, why, and the command that removes it.

    Not `looked`: it was removed, but nobody could look whether it is gone.
    """

    what: str
    why: str
    command: str
    looked: bool = True

    @property
    def said(self) -> str:
        """Say it in a line."""
        return f"{'could not' if self.looked else 'could not look whether this is done:'} {self.what}: {self.why}"
