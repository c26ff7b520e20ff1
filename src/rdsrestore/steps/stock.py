"""Take stock of what a run that was cut off has done to production, before anything is said of it.

What its journal says of rows was true when it was written. The plan in the scratch schema, which notes each row in the
transaction that writes it, and the tables themselves say what is so now.
"""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.core.errors import CutOff
from rdsrestore.core.facts import Loaded, Recounted, Staged, Swapped, TakenBack, Verified
from rdsrestore.core.model import RunId, TableRef
from rdsrestore.core.replay import Told
from rdsrestore.core.servers import Production
from rdsrestore.steps.swap import Swap

AGAIN = "the same command again goes on: what is in stays, and the rest is compared anew"


def take_stock(told: Told, run: RunId, database: Production) -> None:
    """Bring what is known of written rows up to date."""
    loaded, staged = told.facts.find(Loaded), told.facts.find(Staged)
    if loaded and staged and database.scratch_exists(run.schema):
        loads = tuple(database.loaded(run.schema, target) for target in staged.targets)
        told.facts.put(replace(loaded, loads=loads))
    swap = next((step for step in told.open if isinstance(step, Swap)), None)
    if swap and database.definition(swap.aside) and not database.definition(swap.shadow):
        told.facts.put(Swapped(swap.live, swap.shadow, swap.aside))
    recount(told, database)


def recount(told: Told, database: Production) -> None:
    """Count the rows of the tables that were verified."""
    verified, swapped = told.facts.find(Verified), told.facts.find(Swapped)
    if verified and told.verified:
        moved = {swapped.shadow: swapped.live} if swapped else {}
        places = (moved.get(ledger.landing, ledger.landing) for ledger in verified.ledgers)
        told.facts.put(Recounted(told.verified, tuple(count(database, place) for place in places)))


def count(database: Production, place: TableRef) -> int:
    """Count a table's rows; none where the table is gone."""
    return database.count(place) if database.definition(place) else 0


def lacks(told: Told) -> CutOff | None:
    """Say that a run did not come to its end; None where all but its teardown was done."""
    done = told.facts.find(Verified) and ("swap" not in told.recipe or told.facts.find(Swapped))
    if done and not told.facts.find(TakenBack):
        return None
    what = f"cut off in its cleanup, after {told.failure}," if told.failure else "cut off"
    return CutOff("run", what, AGAIN if told.facts.find(Loaded) else "run the same command again")
