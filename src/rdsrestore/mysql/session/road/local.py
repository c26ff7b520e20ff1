"""The road to a server of this machine: a file that it answers at."""

from __future__ import annotations

import socket
from pathlib import Path


def to_file(path: Path, patience: float) -> socket.socket:
    """Connect to a server of this machine; OSError where nobody is there."""
    opened = socket.socket(socket.AF_UNIX)
    opened.settimeout(patience)
    try:
        opened.connect(str(path))
    except OSError:
        opened.close()
        raise
    return opened
