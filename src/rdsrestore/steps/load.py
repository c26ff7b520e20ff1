"""Put the missing rows back: the only step that writes rows to production."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from rdsrestore.core.errors import RdsRestoreError
from rdsrestore.core.facts import Dumped, Fact, Loaded
from rdsrestore.core.step import Impact, Run
from rdsrestore.core.tables import DumpFile, TableLoad
from rdsrestore.steps.on_scratch import OnScratch
from rdsrestore.steps.sessions import counted, landing, production


@dataclass(frozen=True)
class Load(OnScratch):
    """Insert rows whose key production does not have, in small transactions."""

    name: ClassVar[str] = "load"
    impact: ClassVar[Impact] = Impact.PRODUCTION
    usual: ClassVar[timedelta] = timedelta(minutes=2)

    def describe(self) -> str:
        """Say what is written and what never is."""
        return "insert the missing rows in small transactions; no row is changed or deleted"

    def apply(self, run: Run) -> Fact:
        """Load table by table; what was inserted is known, and its keys kept, even where a load fails half-way."""
        loads: list[TableLoad] = []
        with production(run) as database:
            for dump in run.facts.get(Dumped).dumps:
                target = landing(run, dump.definition.ref)
                run.facts.put(Loaded(tuple(loads), complete=False))
                try:
                    loads.append(database.load(self.schema, dump, target, run.progress))
                except RdsRestoreError:
                    run.facts.put(Loaded((*loads, database.loaded(self.schema, dump, target)), complete=False))
                    raise
                finally:
                    keep_keys(run, dump, database.inserted(self.schema, dump, target))
        return Loaded(tuple(loads))

    def changed(self, run: Run) -> bool:
        """Any row inserted, or a table that was being loaded when it failed."""
        loaded = run.facts.find(Loaded)
        return loaded is not None and (not loaded.complete or any(load.inserted for load in loaded.loads))

    def result(self, fact: Fact | None) -> str:
        """Count what was inserted and what was not."""
        return "; ".join(map(counts, fact.loads)) if isinstance(fact, Loaded) else "loaded"


def counts(load: TableLoad) -> str:
    """Count one table's load in a line."""
    unfit = sum(conflict.rows for conflict in load.conflicts)
    left = f", {counted(unfit, 'row')} left out" if unfit else ""
    return f"{load.landing.table}: {counted(load.inserted, 'row')} inserted{left}"


def keep_keys(run: Run, dump: DumpFile, conditions: Iterator[str]) -> None:
    """Write the conditions that find the inserted rows into the run's folder, one a line."""
    path = run.folder / f"inserted-{Path(dump.path).stem}.keys"
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{condition}\n" for condition in conditions)
