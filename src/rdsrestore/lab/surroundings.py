"""What of a shell's environment reaches a lab: nothing that leads to another server, cloud or lab."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, MutableMapping

PREFIXES = ("AWS_", "BOTO_", "LIBMYSQL_", "MARIADB_", "MYSQL_", "RDSRESTORE_")
PROXIES = frozenset({"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"})
MODES = frozenset({"UMASK", "UMASK_DIR"})
"""Modes that a database server takes for its files."""
KEPT = frozenset({"RDSRESTORE_LAB_DIR", "RDSRESTORE_MYSQL_ROOT"})
NONE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Settings with which the AWS library looks at no file and asks no machine."""


def foreign(names: Iterable[str]) -> list[str]:
    """Name, in order, the variables that lead clients of AWS or of a database somewhere, or set up the tool."""
    return sorted(
        name for name in set(names) - KEPT if name.startswith(PREFIXES) or name.upper() in PROXIES or name in MODES
    )


def shut_out(environment: MutableMapping[str, str]) -> Mapping[str, str]:
    """Take them out of an environment, for this process and all that it starts; returns what they were."""
    taken = {name: environment.pop(name) for name in foreign(environment)}
    environment.update(NONE)
    return taken
