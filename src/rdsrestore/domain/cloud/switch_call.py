"""What the dead man's switch did, as the account itself tells it."""

from __future__ import annotations

from dataclasses import dataclass

from rdsrestore.domain.ids import PREFIX

NOBODY = f"{PREFIX}-proof-"
"""How the names begin under which no copy is ever made: the switch's role may be asked to delete one of them."""


@dataclass(frozen=True)
class SwitchCall:
    """A deletion that a schedule asked for: of what, and by which error it was refused."""

    name: str
    error: str
    message: str = ""

    @property
    def allowed(self) -> bool:
        """Whether the role may delete: what there is none of is missed only by who may ask for it."""
        return self.error.startswith("DBInstanceNotFound")
