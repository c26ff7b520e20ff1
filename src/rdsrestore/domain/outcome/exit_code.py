"""What a command ends with: one number for each thing that the operator has to do next."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the caller's next move depends on; the table stands in the runbook."""

    OK = 0
    USAGE = 2
    REFUSED = 3
    FAILED_CLEAN = 4
    FAILED_CHANGED = 5
    CLEANUP_INCOMPLETE = 6
    JOURNAL = 7
    INCOMPLETE = 8
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143
