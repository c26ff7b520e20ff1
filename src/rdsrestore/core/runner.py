"""Carry out a plan: write down, do, and always clean up.

An intent is journalled before each act and its result after it. Whatever happens, every open intent is undone at the
end, newest first; a failing undo never stops the next and stays open for a later cleanup.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from rdsrestore.core import events
from rdsrestore.core.codec import Json, encode
from rdsrestore.core.errors import CleanupIncomplete, CutOff, JournalError, RdsRestoreError, VerifyError, said_of
from rdsrestore.core.facts import Compared, Loaded, Recounted, Saved, Standing, Swapped, TakenBack, Verified
from rdsrestore.core.interrupts import Interrupts, Stop
from rdsrestore.core.journal import Ending, Journal, Kind
from rdsrestore.core.outcome import Outcome, Remains
from rdsrestore.core.step import Plan, Run, Step


@dataclass(frozen=True)
class Desk:
    """Where the runner writes and speaks; `expected` holds the usual seconds of each step."""

    journal: Journal
    announcer: events.Announcer
    expected: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Cause:
    """Why the steps ended early; `bug` where the exception was none that we expect."""

    error: RdsRestoreError | None = None
    bug: bool = False


def execute(plan: Plan, run: Run, desk: Desk, left: Sequence[Step] = ()) -> Outcome:
    """Apply the plan's steps in order, undo whatever they made, and prove that it is gone.

    `left` are the steps that an earlier process has open, in the order it began them: they are undone at the end as
    well, and those that are to be done afresh before they are done again.
    """
    started: list[Step] = list(left)
    with Interrupts(lambda: remark(desk, started)) as interrupts:
        try:
            desk.announcer.tell(events.RunStarted(run.id, plan, run.world.clock.now()))
            cause = clear(plan, run, desk, started) or forward(plan, run, desk, started)
            interrupts.shelter()
        except Stop as stop:
            cause = Cause(stop.error)
        kept = keep(run, desk, started) if cause.error and not cause.bug and run.request.keep else ()
        outcome = wind_up(run, desk, cause, started, kept)
        conclude(Kind.ENDED, outcome, run, desk)
        return outcome


def clean_up(steps: Sequence[Step], run: Run, desk: Desk, cause: CutOff | None, earlier: Ending | None) -> Outcome:
    """Undo the open steps of an earlier run, given in the order they were started.

    `cause` says what the run did not come to, where it has no ending yet, and gets one unless something is left for
    another cleanup to look at; `earlier` is the ending that it has, which stays what it is.
    """
    started = list(steps)
    with Interrupts(lambda: remark(desk, started)) as interrupts:
        interrupts.shelter()
        desk.announcer.tell(events.CleaningStarted(run.id, Plan(run.id, run.request, ()), run.world.clock.now()))
        outcome = wind_up(run, desk, Cause(cause), started)
        if earlier:  # what it says of rows was not looked at again
            outcome = replace(outcome, earlier=earlier, differences=(), loads=(), ledgers=(), recounted=None)
        conclude(Kind.CLEANED if earlier or outcome.remains else Kind.ENDED, outcome, run, desk)
        return outcome


def clear(plan: Plan, run: Run, desk: Desk, started: list[Step]) -> Cause | None:
    """Remove what an earlier process left of the steps that are done afresh; a cause where that fails."""
    again = {step.name for step in plan.steps if step.afresh}
    for step in reversed([step for step in started if step.name in again]):
        remain = undo(step, run, desk)
        if remain:
            return Cause(CleanupIncomplete(step.name, remain.why, remain.command))
        started.remove(step)
    return None


def forward(plan: Plan, run: Run, desk: Desk, started: list[Step]) -> Cause:
    """Apply steps until one fails; every failure ends here, so that the teardown always follows."""
    for step in plan.steps:
        begun = time.monotonic()
        try:
            apply(step, run, desk, started, begun)
        except RdsRestoreError as error:
            return failed(step, Cause(error), error, begun, run, desk)
        except Stop as stop:
            return failed(step, Cause(stop.error), stop.error, begun, run, desk)
        except Exception as error:  # noqa: BLE001 - even our own bug must be followed by the teardown
            shown = our_bug(step.name, error)
            return failed(step, Cause(shown, bug=True), shown, begun, run, desk)
    return Cause()


def apply(step: Step, run: Run, desk: Desk, started: list[Step], begun: float) -> None:
    """Apply one step: intent on the disk, act, result on the disk."""
    expected = desk.expected.get(step.name, step.usual.total_seconds())
    desk.announcer.tell(events.StepStarted(step.name, step.describe(), step.impact, run.world.clock.now(), expected))
    desk.journal.append(Kind.INTENT, step.name, {"intent": encode(step)})
    started[:] = [*(each for each in started if each.name != step.name), step]
    fact = step.apply(run)
    if fact is not None:
        run.facts.put(fact)
    seconds = time.monotonic() - begun
    result = step.result(fact)
    desk.journal.append(
        Kind.DONE,
        step.name,
        {"result": result, "fact": encode(fact), "seconds": round(seconds, 3), "calls": calls(run)},
    )
    desk.announcer.tell(events.StepDone(step.name, result, seconds))


def failed(step: Step, cause: Cause, error: RdsRestoreError, begun: float, run: Run, desk: Desk) -> Cause:
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
    note(desk, Kind.FAILED, step.name, data)
    desk.announcer.tell(events.StepFailed(step.name, str(error), error.hint, seconds))
    return cause


def wind_up(run: Run, desk: Desk, cause: Cause, started: Sequence[Step], kept: tuple[str, ...] = ()) -> Outcome:
    """Undo everything that was started and is not kept, read the world again, and say how it ended."""
    gone = [step for step in started if not (kept and step.keeps)]
    undone = [remain for step in reversed(gone) if (remain := undo(step, run, desk))]
    proof, found = prove(run, gone)
    known = {remain.what for remain in undone}
    remains = (*undone, *(remain for remain in found if remain.what not in known))
    note(desk, Kind.PROOF, "", {"proof": encode(proof), "remains": encode(remains), "calls": calls(run)})
    for problem in desk.announcer.problems:
        note(desk, Kind.NOTICE, "", {"text": problem})
    return Outcome(
        run=run.id.value,
        cause=cause.error,
        bug=cause.bug,
        differences=compared.differences if (compared := run.facts.find(Compared)) else (),
        loads=loaded.loads if (loaded := run.facts.find(Loaded)) else (),
        uncounted=loaded is not None and not loaded.loads,
        ledgers=verified.ledgers if (verified := run.facts.find(Verified)) else (),
        recounted=run.facts.find(Recounted),
        made=tuple(map(str, standing.tables)) if (standing := run.facts.find(Standing)) else (),
        swapped=run.facts.find(Swapped),
        saved=run.facts.find(Saved) is not None,
        undoes=run.request.undoes,
        taken_back=run.facts.find(TakenBack),
        production_touched=any(step.changed(run) for step in started),
        remains=remains,
        proof=proof,
        kept=kept,
        notices=tuple(desk.announcer.problems),
    )


def conclude(kind: Kind, outcome: Outcome, run: Run, desk: Desk) -> None:
    """Write down and tell how it ended."""
    data: dict[str, Json] = {
        "exit_code": int(outcome.exit_code),
        "headline": outcome.headline,
        "error": outcome.cause.code if outcome.cause else "",
        "changed": outcome.rows_changed,
        "kept": encode(outcome.kept),
    }
    note(desk, kind, "", data)
    desk.announcer.tell(events.RunEnded(run.id, outcome, run.world.clock.now()))


def keep(run: Run, desk: Desk, started: Sequence[Step]) -> tuple[str, ...]:
    """Leave what can be kept for a second look, and say what that is; nothing where it can't be seen to."""
    until = run.world.clock.now() + timedelta(seconds=run.request.keep)
    try:
        names = [name for step in started if step.keeps and (name := step.keep(run, until))]
    except RdsRestoreError as error:
        desk.announcer.tell(events.Notice(f"nothing is kept: {error}"))
        return ()
    kept = tuple(f"{name} until {until:%Y-%m-%d %H:%M:%S} UTC" for name in names)
    for text in kept:
        note(desk, Kind.NOTICE, "", {"text": f"kept: {text}"})
    return kept


def undo(step: Step, run: Run, desk: Desk) -> Remains | None:
    """Undo one step; returns what remains where that failed."""
    text = step.undo_text()
    if not text:
        return None
    begun = time.monotonic()
    desk.announcer.tell(events.UndoStarted(step.name, text))
    note(desk, Kind.UNDO, step.name, {"text": text})
    problem = ""
    try:
        step.undo(run)
    except RdsRestoreError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - a bug in one undo must not stop the next
        problem = str(our_bug(step.name, error))
    seconds = time.monotonic() - begun
    data: dict[str, Json] = {"seconds": round(seconds, 3), "calls": calls(run)}
    if problem:
        data["problem"] = problem
    note(desk, Kind.UNDO_FAILED if problem else Kind.UNDONE, step.name, data)
    desk.announcer.tell(events.UndoDone(step.name, text, seconds, problem))
    return Remains(text, problem, f"rdsrestore cleanup {run.id}") if problem else None


def prove(run: Run, started: Sequence[Step]) -> tuple[tuple[str, ...], tuple[Remains, ...]]:
    """Read the world again: each step that made something says whether it is really gone."""
    proof, remains = [], []
    for step in reversed(started):
        try:
            sentence = step.prove_gone(run)
        except RdsRestoreError as error:
            remains.append(Remains(step.undo_text(), str(error), f"rdsrestore cleanup {run.id}"))
        else:
            if sentence:
                proof.append(sentence)
    return tuple(proof), tuple(remains)


def note(desk: Desk, kind: Kind, step: str, data: dict[str, Json]) -> None:
    """Write a record that must not stop the cleanup: a full disk is told, not raised."""
    try:
        desk.journal.append(kind, step, data)
    except JournalError as error:
        desk.announcer.tell(events.Notice(str(error)))


def remark(desk: Desk, started: Sequence[Step]) -> None:
    """Answer a signal during the teardown with what is still being removed."""
    things = "; ".join(text for step in reversed(started) if (text := step.undo_text()))
    desk.announcer.tell(events.Notice(f"still cleaning up, please wait: {things}"))


def calls(run: Run) -> Json:
    """Take the cloud requests answered since the last record."""
    return encode(tuple(run.world.cloud.take_calls()))


def our_bug(where: str, error: Exception) -> RdsRestoreError:
    """Name a failure that no step foresaw; the exception itself is kept as the cause, for --debug."""
    shown = RdsRestoreError(where, said_of(error), "run again with --debug", code="bug")
    shown.__cause__ = error
    return shown
