"""What to do after a run, most urgent first."""

from __future__ import annotations

from collections.abc import Iterable

from rdsrestore.domain.outcome.outcome import Outcome

DROPPED = "was dropped since"
"""How a difference says that a column is gone."""
AGAIN = "run the same command again when you are ready"
AGAINS = ("run the same command again", AGAIN)
"""Hints that say no more than that."""


def following(outcome: Outcome) -> Iterable[str]:
    """Say what to do next, most urgent first, each once."""
    return dict.fromkeys(steps_on(outcome))


def steps_on(outcome: Outcome) -> Iterable[str]:
    """Say what to do next, most urgent first."""
    yield from (remain.command for remain in outcome.remains)
    if outcome.kept:
        on = f"rdsrestore resume {outcome.run} goes on with what was kept; " if outcome.cause else ""
        yield f"{on}rdsrestore cleanup {outcome.run} removes what was kept"
        yield f"rdsrestore table OTHER --from {outcome.run} takes other tables from it, without another restore"
        yield f"rdsrestore sql {outcome.run} looks at its rows"
    yield from another_way(outcome)
    if outcome.planned and not (outcome.loads or outcome.cause):
        yield f"rdsrestore table --from {outcome.run} does what is shown here, without another restore"
    if outcome.lacking and not outcome.cause:
        yield "in the run's folder report.md says why rows are not back, and plan-*.jsonl which"
    if not outcome.kept:
        yield from from_the_dump(outcome)
    hint = outcome.cause.hint if outcome.cause else ""
    if hint and not (outcome.resumable and hint in AGAINS):
        yield hint
    if outcome.production_touched and outcome.cause:
        yield "rdsrestore help 4 says how to go on from here"
    elif outcome.cause and not (outcome.resumable or hint in AGAINS):
        yield AGAIN
    if outcome.production_touched and outcome.saved and not outcome.taken_back:
        yield f"rdsrestore undo {outcome.run} takes back what was written"
    yield f"rdsrestore report {outcome.run} writes a page about it for those who were not there"
    yield f"rdsrestore audit {outcome.run} shows who did what, when"


def another_way(outcome: Outcome) -> Iterable[str]:
    """Say what brings back what this way did not."""
    if outcome.idle and not outcome.cause:
        yield "if rows are lost, the moment was too late: the same command with an earlier --before"
        yield "rdsrestore compare, with the same tables and moment, shows what differs, changed rows too"
    if any(text.endswith(DROPPED) for each in outcome.differences for text in each.unlike):
        yield "what a dropped column held comes back beside the table: the same command with --into NEW_TABLE"


def from_the_dump(outcome: Outcome) -> Iterable[str]:
    """Say how to go on where the restore need not be waited for again."""
    if outcome.resumable:
        yield f"rdsrestore resume {outcome.run} goes on from the dump, without another restore"
    if outcome.reusable:
        yield f"rdsrestore table --from {outcome.run} puts back what is missing yet, without another restore"
