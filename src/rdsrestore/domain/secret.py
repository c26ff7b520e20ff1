"""A value that may be used but never shown."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """A value that may be used but never shown: it has no text, no JSON and no pickled form."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one call that needs it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        """Whether two hold the same value."""
        if not isinstance(other, Secret):
            return False
        ours, theirs = (each.reveal().encode("utf-8", "surrogatepass") for each in (self, other))
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        """Go with equality."""
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never written down")
