"""The operator's time zone, as this machine has it set."""

from __future__ import annotations

import warnings
from datetime import tzinfo

import tzlocal

from rdsrestore.domain.errors import UsageError


def local_zone() -> tzinfo:
    """Return the operator's zone, and UTC where the machine names none; UsageError where what it names is no zone."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # UTC is said with every moment
            return tzlocal.get_localzone()
    except (LookupError, ValueError, OSError) as error:
        raise UsageError(
            "TZ", "this machine's time zone can't be read", "set TZ=UTC, or a name like TZ=Europe/Berlin"
        ) from error
