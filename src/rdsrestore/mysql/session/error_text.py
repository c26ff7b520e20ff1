"""A server's own words, short enough to be kept."""

from __future__ import annotations

import re

OWN_VALUES = (
    (re.compile(r"(?: entry|:)? '.*' for (column|key) ", re.DOTALL), r" for \1 "),
    (re.compile(r" for value .*", re.DOTALL), ""),
    (re.compile(r" at row \d+.*", re.DOTALL), ""),
    (re.compile(r"`(?:[^`]|``)*`\.`(?:[^`]|``)*_probe`"), "the table"),
    (re.compile(r"the table\.(`(?:[^`]|``)*`)"), r"\1"),
)
"""What a server's words say of one row, and what is left of it."""


REASON_LENGTH = 200


def reason(words: str) -> str:
    """Leave out the row's own values, so that rows with one fault share one reason and no content is told."""
    for pattern, said in OWN_VALUES:
        words = pattern.sub(said, words)
    return words[:REASON_LENGTH]
