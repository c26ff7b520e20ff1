"""Where an interrupted run goes on: what was done once is not done again where its result is still good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Dumped, Loaded, Swapped, Verified
from rdsrestore.steps.close_rule import CloseRule
from rdsrestore.steps.load import Load
from rdsrestore.steps.rewind_binlog import RewindBinlog
from rdsrestore.steps.rewind_transaction import RewindTransaction
from rdsrestore.steps.swap import Swap
from rdsrestore.steps.take_dumps import TakeDifferences, TakeDumps
from rdsrestore.steps.verify import Verify
from rdsrestore.workflow.journal.replay import ReplayedRun
from rdsrestore.workflow.step import Step


@dataclass(frozen=True)
class Found:
    """What of an interrupted run the world still has: its dumps, sound to the last byte, and its scratch schema."""

    run: str
    dumps: bool
    scratch: bool


def remaining(steps: Sequence[Step], replayed: ReplayedRun, found: Found) -> Sequence[Step]:
    """Return the steps of a run that are still to be done, in order.

    A sound dump is never fetched twice: then neither a copy nor a rule is needed any more. What rests on the scratch
    schema is done afresh until the load has written a row; from then on the plan in it is what was approved, and says
    what is written already. What was verified is verified again. Refused where rows are written and the plan is gone:
    to compare anew would put another undo file in the place of theirs.
    """
    loaded = replayed.facts.find(Loaded)
    again = loaded is not None and loaded.nothing and found.dumps and not found.scratch
    if loaded is not None and not again:
        return after_load(steps, replayed, found)
    if replayed.facts.find(Dumped) is not None and found.dumps:
        return since(steps, CloseRule) or after_dumps(steps)
    return steps


def after_load(steps: Sequence[Step], replayed: ReplayedRun, found: Found) -> Sequence[Step]:
    """Return what is left once the load has begun."""
    loaded = replayed.facts.find(Loaded)
    if replayed.facts.find(Swapped) is not None:
        return ()
    if replayed.facts.find(Verified) is not None and not found.scratch:
        return since(steps, Swap)
    if not found.scratch:
        from_dump = f"rdsrestore table --from {found.run}, without another restore"
        command = from_dump if found.dumps else "run the same command again"
        command = f"rdsrestore undo {replayed.request.undoes}" if replayed.request.undoes else command
        raise Refused(
            "resume",
            "the load had begun, and its plan was removed with the scratch schema",
            f"what is back stays, and the rest is compared anew: {command}",
        )
    return since(steps, Verify if loaded and loaded.complete else Load)


def after_dumps(steps: Sequence[Step]) -> Sequence[Step]:
    """Return the steps that follow once there are dumps without a copy: an earlier run's, or of the binlog."""
    done = TakeDifferences | TakeDumps | RewindBinlog | RewindTransaction
    return [step for step in steps if not isinstance(step, done)]


def since(steps: Sequence[Step], first: type[Step]) -> Sequence[Step]:
    """Return the steps from one on; none where the plan is without it."""
    names = [step.name for step in steps]
    return steps[names.index(first.name) :] if first.name in names else ()
