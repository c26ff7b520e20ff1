"""The names of what is made and worked on."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from rdsrestore.domain.codec import written

PREFIX = "rdsrestore"


BUNDLE = "global-bundle.pem"
"""The file of trusted certificates that is looked for beside the settings."""


@dataclass(frozen=True)
class RunId:
    """A run's name, from which every name of what the run makes is derived before it is made."""

    value: str

    @classmethod
    def new(cls, now: datetime, entropy: str) -> RunId:
        """Name a run by its UTC start and four hexadecimal digits of `entropy`."""
        return cls(f"{now.astimezone(UTC):%y%m%d-%H%M%S}-{entropy[:4]}")

    @property
    def resource(self) -> str:
        """Name of the temporary instance and of its security group: at most 63 letters, digits and hyphens."""
        return f"{PREFIX}-{self.value}"

    @property
    def after(self) -> str:
        """Name of the second temporary instance, restored as of the incident's end."""
        return f"{self.resource}-after"

    @property
    def schema(self) -> str:
        """Name of the scratch schema on production."""
        return f"{PREFIX}_{self.value.replace('-', '_')}"

    def __str__(self) -> str:
        return self.value


RUN_ID = re.compile(r"\d{6}-\d{6}-[0-9a-f]{4}")


@written("TableRef")
@dataclass(frozen=True)
class TableRef:
    """A table by database and name, exactly as the server spells them."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"

    @property
    def stem(self) -> str:
        """Name the table's files: no two tables of a database share one, and no name leads elsewhere."""
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", self.table).lstrip(".")[:60] or "table"
        digest = hashlib.sha256(self.table.encode()).hexdigest()[:8]
        return plain if plain == self.table else f"{plain}-{digest}"


@written("Endpoint")
@dataclass(frozen=True)
class Endpoint:
    """Where a server is reached."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
