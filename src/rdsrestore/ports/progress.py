"""Who is told what is happening now."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float | None], None]
"""Told what is happening now, in a few words, and the share done (0 to 1) where it is known."""
