"""Carry out a plan: write down, do, and always clean up.

An intent is journalled before each act and its result after it. Whatever happens, every open intent is undone at the
end; what could not be undone stays open for a later cleanup.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rdsrestore.domain.codec import Json, encode
from rdsrestore.domain.errors import CleanupIncomplete, CutOff, RdsRestoreError, VerifyError
from rdsrestore.domain.facts import (
    Compared,
    Dumped,
    Loaded,
    Recounted,
    Saved,
    Staged,
    Standing,
    Swapped,
    TakenBack,
    Verified,
)
from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.request.answer import CHILDREN, KEPT_FOR_CHILDREN
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.workflow import events
from rdsrestore.workflow.journal.journal import Kind
from rdsrestore.workflow.run.interrupts import Heard, Interrupts, Leave, Stop
from rdsrestore.workflow.run.position import Position, position
from rdsrestore.workflow.run.run_io import RunIO, calls, note, our_bug
from rdsrestore.workflow.run.teardown import Teardown, texts, undo
from rdsrestore.workflow.step import Plan, Run, Step


@dataclass(frozen=True)
class Cause:
    """Why the steps ended early; `bug` where the exception was none that we expect."""

    error: RdsRestoreError | None = None
    bug: bool = False


def execute(plan: Plan, run: Run, io: RunIO, left: Sequence[Step] = ()) -> Outcome:
    """Apply the plan's steps in order, undo whatever they made, and prove that it is gone.

    `left` are the steps that an earlier process has open, in the order it began them: they are undone at the end as
    well, and those that are to be done afresh before they are done again.
    """
    started: list[Step] = list(left)
    done: list[Step] = []
    with Interrupts(lambda heard: answer(heard, run, io, started)) as interrupts:
        cause = Cause()
        with suppress(Stop, Leave), interrupts.bounded(run.databases.hang_up):
            run.databases.listen(run.progress)
            io.announcer.tell(events.RunStarted(run.id, plan, run.world.clock.now()))
            cause = clear(plan, run, io, started) or forward(plan, run, io, started, done)
            interrupts.shelter()
        if interrupts.error and len(done) < len(plan.steps):  # whatever the steps ran into on their way out
            cause = Cause(interrupts.error)
        interrupts.shelter()
        seconds = kept_for(run, cause)
        until = run.world.clock.now() + timedelta(seconds=seconds)
        kept = keep(run, io, started, until) if seconds else ()
        outcome = replace(wind_up(run, io, cause, started, interrupts, kept), kept_until=until if kept else None)
        conclude(Kind.ENDED, outcome, run, io)
        return outcome


def clean_up(steps: Sequence[Step], run: Run, io: RunIO, cause: CutOff | None, earlier: Ending | None) -> Outcome:
    """Undo the open steps of an earlier run, given in the order they were started.

    `cause` says what the run did not come to, where it has no ending yet, and gets one unless something is left for
    another cleanup to look at; `earlier` is the ending that it has, which stays what it is.
    """
    started = list(steps)
    with Interrupts(lambda heard: answer(heard, run, io, started)) as interrupts:
        interrupts.shelter()
        io.announcer.tell(events.CleaningStarted(run.id, Plan(run.id, run.request, ()), run.world.clock.now()))
        outcome = wind_up(run, io, Cause(cause), started, interrupts)
        if earlier:  # what it says of rows was not looked at again
            outcome = replace(outcome, earlier=earlier, differences=(), loads=(), ledgers=(), recounted=None)
        conclude(Kind.CLEANED if earlier or outcome.remains else Kind.ENDED, outcome, run, io)
        return outcome


def clear(plan: Plan, run: Run, io: RunIO, started: list[Step]) -> Cause | None:
    """Remove what an earlier process left of the steps that are done afresh; a cause where that fails."""
    again = {step.name for step in plan.steps if step.afresh}
    for step in reversed([step for step in started if step.name in again]):
        remain = undo(step, run, io)
        if remain:
            return Cause(CleanupIncomplete(step.name, remain.why, remain.command))
        started.remove(step)
    return None


def forward(plan: Plan, run: Run, io: RunIO, started: list[Step], done: list[Step]) -> Cause:
    """Apply steps until one fails; every failure ends here, so that the teardown always follows.

    `done` gets each step that has its result: a signal that comes after the last one stops nothing any more.
    """
    for step in plan.steps:
        begun = time.monotonic()
        changed = any(each.changed(run) for each in started)
        try:
            announce(step, run, io, position(plan.steps, step, io.expected, changed=changed))
            apply(step, run, io, started, done, begun)
        except RdsRestoreError as error:
            return failed(step, Cause(error), error, begun, run, io)
        except Stop as stop:
            if step in done:
                return Cause() if step is plan.steps[-1] else Cause(stop.error)
            return failed(step, Cause(stop.error), stop.error, begun, run, io)
        except Exception as error:  # noqa: BLE001 - even our own bug must be followed by the teardown
            shown = our_bug(step.name, error)
            return failed(step, Cause(shown, bug=True), shown, begun, run, io)
    return Cause()


def announce(step: Step, run: Run, io: RunIO, where: Position) -> None:
    """Tell that a step begins, and where in the job it stands."""
    expected = io.expected.get(step.name, step.usual.total_seconds())
    now = run.world.clock.now()
    io.announcer.tell(events.StepStarted(step.name, step.describe(), step.impact, now, expected, where))


def apply(step: Step, run: Run, io: RunIO, started: list[Step], done: list[Step], begun: float) -> None:
    """Apply one step: intent on the disk, act, result on the disk."""
    io.journal.append(Kind.INTENT, step.name, {"intent": encode(step)})
    started[:] = [*(each for each in started if each.name != step.name), step]
    fact = step.apply(run)
    if fact is not None:
        run.facts.put(fact)
    seconds = time.monotonic() - begun
    result = step.result(fact)
    done.append(step)  # from here on a signal finds it done: its record is written even where the signal comes first
    io.journal.append(
        Kind.DONE,
        step.name,
        {"result": result, "fact": encode(fact), "seconds": round(seconds, 3), "calls": calls(run)},
    )
    io.announcer.tell(events.StepDone(step.name, result, seconds))


def failed(step: Step, cause: Cause, error: RdsRestoreError, begun: float, run: Run, io: RunIO) -> Cause:
    """Write down and tell how a step failed."""
    seconds = time.monotonic() - begun
    data: dict[str, Json] = {
        "code": error.code,
        "problem": str(error),
        "hint": error.hint,
        "seconds": round(seconds, 3),
        "calls": calls(run),
    }
    if isinstance(error, VerifyError):
        data |= {"expected": error.expected, "actual": error.actual}
    done = step.halfway(run)
    data |= {"fact": encode(done)} if done else {}
    note(io, Kind.FAILED, step.name, data)
    io.announcer.tell(events.StepFailed(step.name, str(error), error.hint, seconds))
    return cause


def wind_up(
    run: Run, io: RunIO, cause: Cause, started: Sequence[Step], interrupts: Interrupts, kept: tuple[str, ...] = ()
) -> Outcome:
    """Undo everything that was started and is not kept, read the world again, and say how it ended."""
    run.databases.hang_up()
    gone = [step for step in started if not (kept and step.keeps)]
    teardown = Teardown(run, io, gone)
    interrupts.unless_left(teardown.work)
    for problem in io.announcer.problems:
        note(io, Kind.NOTICE, "", {"text": problem})
    left = staged.left if (staged := run.facts.find(Staged)) else ()
    return Outcome(
        run=run.id.value,
        cause=cause.error,
        bug=cause.bug,
        differences=compared.differences if (compared := run.facts.find(Compared)) else (),
        loads=(*loaded.loads, *left) if (loaded := run.facts.find(Loaded)) else (),
        uncounted=loaded is not None and not loaded.loads,
        ledgers=verified.ledgers if (verified := run.facts.find(Verified)) else (),
        recounted=run.facts.find(Recounted),
        made=tuple(map(str, standing.tables)) if (standing := run.facts.find(Standing)) else (),
        swapped=run.facts.find(Swapped),
        dumped=run.facts.find(Dumped) is not None and (loaded is None or loaded.nothing),
        saved=run.facts.find(Saved) is not None,
        undoes=run.request.undoes,
        taken_back=run.facts.find(TakenBack),
        production_touched=any(step.changed(run) for step in started),
        remains=teardown.remains,
        proof=teardown.proof,
        kept=kept,
        notices=tuple(io.announcer.problems),
        skipped=run.request.skipped,
        from_binlog=run.request.rows_from is not RowsFrom.BACKUP,
    )


def conclude(kind: Kind, outcome: Outcome, run: Run, io: RunIO) -> None:
    """Write down and tell how it ended."""
    data: dict[str, Json] = {
        "exit_code": int(outcome.exit_code),
        "headline": outcome.headline,
        "error": outcome.cause.code if outcome.cause else "",
        "changed": outcome.rows_changed,
        "lacking": not outcome.cause and outcome.short,
        "kept": encode(outcome.kept),
        "kept_until": encode(outcome.kept_until),
    }
    record = note(io, kind, "", data)
    head = record.hash if record else ""
    io.announcer.tell(events.RunEnded(run.id, outcome, run.world.clock.now(), head))


def kept_for(run: Run, cause: Cause) -> int:
    """Seconds for which what can be kept is kept; 0 where nobody asked for it."""
    if cause.error and cause.error.code == CHILDREN:
        return max(run.request.keep, KEPT_FOR_CHILDREN)
    return run.request.keep if not cause.bug and (cause.error or run.request.keep_always) else 0


def keep(run: Run, io: RunIO, started: Sequence[Step], until: datetime) -> tuple[str, ...]:
    """Leave what can be kept for another use, and say what that is; nothing where it can't be seen to."""
    try:
        names = [name for step in started if step.keeps and (name := step.keep(run, until))]
    except RdsRestoreError as error:
        io.announcer.tell(events.Notice(f"nothing is kept: {error}"))
        return ()
    kept = tuple(f"{name} until {until:%Y-%m-%d %H:%M:%S} UTC" for name in names)
    for text in kept:
        note(io, Kind.NOTICE, "", {"text": f"kept: {text}"})
    return kept


def answer(heard: Heard, run: Run, io: RunIO, started: Sequence[Step]) -> None:
    """Answer a signal with what it means, and what is removed meanwhile or is left."""
    io.stopping()
    left = texts(started) or "nothing was made yet"
    said = {
        Heard.STOPPING: f"stopping, and cleaning up: {left}; once more leaves without waiting for it",
        Heard.WAITING: f"still cleaning up, please wait: {left}; once more leaves without waiting for it",
        Heard.LEAVING: f"left while cleaning up; rdsrestore cleanup {run.id} does the rest: {left}",
    }
    io.announcer.tell(events.Notice(said[heard]))
