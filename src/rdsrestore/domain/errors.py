"""Everything that can go wrong, as one tree.

RdsRestoreError                 where: what, a hint, a stable code
├── UsageError                  flags, settings, a moment that can't be read
├── Refused                     a blocking finding, or the operator said no
├── RemoteError                 something outside this process failed
│   ├── CloudError              the cloud's API
│   ├── DatabaseError           a database server
│   └── ToolError               a client program such as mysqldump
├── VerifyError                 what was found is not what was expected; carries both
├── BrokenInvariant             a value that the user wants to be right is not
├── CleanupIncomplete           something we made is still there
├── JournalError                the run's folder can't be used
├── CutOff                      an earlier process ended before its run did
└── Interrupted                 a signal asked us to stop
"""

from __future__ import annotations

import traceback
from pathlib import Path

from rdsrestore.domain.outcome.exit_code import ExitCode


class RdsRestoreError(Exception):
    """A failure the operator can act on.

    `where` is the place in the job or the setting, `what` what happened there, `hint` a sentence that names the flag
    or command to use next, `code` a slug that stays the same between releases.
    """

    default_code = "error"
    exit_code = ExitCode.FAILED_CLEAN

    def __init__(self, where: str, what: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what
        self.hint = hint
        self.code = code or self.default_code


class UsageError(RdsRestoreError):
    """What was asked for can't be understood; nothing was tried."""

    default_code = "usage"
    exit_code = ExitCode.USAGE


class Refused(RdsRestoreError):  # noqa: N818 - a refusal is an answer, not an error
    """The tool, or the operator, decided not to go on; production is untouched."""

    default_code = "refused"
    exit_code = ExitCode.REFUSED


class RemoteError(RdsRestoreError):
    """Something outside this process failed; `retryable` says whether the same call may work later."""

    default_code = "remote"

    def __init__(self, where: str, what: str, hint: str = "", *, code: str = "", retryable: bool = False) -> None:
        super().__init__(where, what, hint, code=code)
        self.retryable = retryable


class CloudError(RemoteError):
    """The cloud's API refused, failed or did not answer."""

    default_code = "aws.failed"


class DatabaseError(RemoteError):
    """A database server refused, failed or did not answer."""

    default_code = "db.failed"


class ToolError(RemoteError):
    """A client program is missing or failed."""

    default_code = "tool.failed"


class VerifyError(RdsRestoreError):
    """What was found is not what was expected."""

    default_code = "verify.mismatch"
    exit_code = ExitCode.FAILED_CHANGED

    def __init__(self, where: str, what: str, hint: str = "", *, expected: int, actual: int, code: str = "") -> None:
        super().__init__(where, f"{what}: expected {expected:,}, found {actual:,}", hint, code=code)
        self.expected = expected
        self.actual = actual


class BrokenInvariant(RdsRestoreError):  # noqa: N818 - names the state the data is in
    """Something that has to be right in the user's own words is not."""

    default_code = "invariant.broken"
    exit_code = ExitCode.FAILED_CHANGED


class CleanupIncomplete(RdsRestoreError):  # noqa: N818 - names the state the world is in
    """Something that the run made is still there."""

    default_code = "cleanup.incomplete"
    exit_code = ExitCode.CLEANUP_INCOMPLETE


class JournalError(RdsRestoreError):
    """The run's folder, lock or journal can't be used."""

    default_code = "journal.broken"
    exit_code = ExitCode.JOURNAL


class CutOff(RdsRestoreError):  # noqa: N818 - names how a run ended
    """The process that worked on a run was gone before the run had ended; where it wrote nothing, nothing is amiss."""

    default_code = "cut-off"
    exit_code = ExitCode.OK


class Interrupted(RdsRestoreError):  # noqa: N818 - a signal is not an error
    """A signal asked us to stop; `signal` is its number."""

    default_code = "interrupted"
    exit_code = ExitCode.INTERRUPTED

    def __init__(self, signal: int, name: str) -> None:
        super().__init__("run", f"stopped by {name}")
        self.signal = signal


def said_of(bug: Exception) -> str:
    """Say of a failure that nobody foresaw what it is and where, without any value: an audit log keeps it."""
    ours = [each for each in traceback.extract_tb(bug.__traceback__) if "rdsrestore" in Path(each.filename).parts]
    at = "".join(f" at {Path(each.filename).name}:{each.lineno}" for each in ours[-1:])
    return f"{type(bug).__name__}{at}: this is a bug in rdsrestore"
