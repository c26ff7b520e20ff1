"""From an engine's name to its adapter, which is loaded at its first use."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rdsrestore.domain.cloud.engine import ENGINES, Engine, engine
from rdsrestore.domain.secret import Secret
from rdsrestore.ports.databases import Access, Databases


@dataclass
class EngineAdapters:
    """The adapters of `known` engines, each made once; `login_name` tells whose password production's is.

    `found_in` says where it was found, where nobody told.
    """

    access: Access
    login_name: Callable[[], str | None]
    found_in: Callable[[], str] = lambda: ""
    known: Mapping[str, Engine] = field(default_factory=lambda: ENGINES)
    _made: dict[str, Databases] = field(default_factory=dict, init=False)

    def of(self, name: str) -> Databases:
        """Return the adapter of an engine; CloudError with code `aws.engine` for an unknown one."""
        place = engine(name, self.known).adapter
        if place not in self._made:
            module, function = place.split(":")
            self._made[place] = getattr(importlib.import_module(module), function)(self.access)
        return self._made[place]

    def user(self) -> str | None:
        """Name whose password production's is, where that is kept with it."""
        return self.login_name()

    def password_from(self) -> str:
        """Say where production's password was found without being told; empty where it was told."""
        return self.found_in()

    def password(self) -> Secret | None:
        """Give production's password."""
        return None if self.access.token else self.access.password()

    def close(self) -> None:
        """Leave what the adapters have reached."""
        for made in self._made.values():
            made.close()
