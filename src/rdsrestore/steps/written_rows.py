"""Take stock of what a run that was cut off has done to production, before anything is said of it.

What its journal says of rows was true when it was written. The plan in the scratch schema, which notes each row in the
transaction that writes it, and the tables themselves say what is so now.
"""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.domain.errors import CutOff
from rdsrestore.domain.facts import Loaded, Recounted, Staged, Swapped, TakenBack, Verified
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.ports.production import Catalog, Production
from rdsrestore.steps.swap import Swap
from rdsrestore.workflow.journal.replay import ReplayedRun

AGAIN = "the same command again goes on: what is in stays, and the rest is compared anew"


def read_written_rows(replayed: ReplayedRun, run: RunId, database: Production) -> None:
    """Bring what is known of written rows up to date."""
    loaded, staged = replayed.facts.find(Loaded), replayed.facts.find(Staged)
    if loaded and staged and database.scratch_exists(run.schema):
        loads = tuple(database.loaded(run.schema, target) for target in staged.targets)
        replayed.facts.put(replace(loaded, loads=loads))
    swap = next((step for step in replayed.open if isinstance(step, Swap)), None)
    if swap and database.definition(swap.former) and not database.definition(swap.shadow):
        replayed.facts.put(Swapped(swap.live, swap.shadow, swap.former))
    recount(replayed, database)


def recount(replayed: ReplayedRun, database: Catalog) -> None:
    """Count the rows of the tables that were verified."""
    verified, swapped = replayed.facts.find(Verified), replayed.facts.find(Swapped)
    if verified and replayed.verified:
        moved = {swapped.shadow: swapped.live} if swapped else {}
        places = (moved.get(ledger.target, ledger.target) for ledger in verified.ledgers)
        replayed.facts.put(Recounted(replayed.verified, tuple(count(database, place) for place in places)))


def count(database: Catalog, place: TableRef) -> int:
    """Count a table's rows; none where the table is gone."""
    return database.count(place) if database.definition(place) else 0


def lacks(replayed: ReplayedRun) -> CutOff | None:
    """Say that a run did not come to its end; None where all but its teardown was done."""
    done = replayed.facts.find(Verified) and ("swap" not in replayed.recipe or replayed.facts.find(Swapped))
    if done and not replayed.facts.find(TakenBack):
        return None
    what = f"cut off in its cleanup, after {replayed.failure}," if replayed.failure else "cut off"
    return CutOff("run", what, AGAIN if replayed.facts.find(Loaded) else "run the same command again")
