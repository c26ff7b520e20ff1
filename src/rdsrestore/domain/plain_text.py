"""Text from outside, made harmless for one line of a terminal or a log."""

from __future__ import annotations

import re

BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: escape sequences begin here
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of reading
    "\ufeff]"
)
SURROGATES = re.compile("[\ud800-\udfff]")


def clean_line(text: str) -> str:
    """Make text from outside fit for one line of a terminal: no control characters, nothing that can't be encoded."""
    return SURROGATES.sub("?", CONTROLS.sub("", BREAKS.sub(" ", text)))
