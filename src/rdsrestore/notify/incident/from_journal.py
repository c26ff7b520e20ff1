"""A run as its journal tells it, in the words of a report. Pure; nothing but the journal is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import Interrupted, JournalError
from rdsrestore.domain.facts import (
    Approved,
    Compared,
    Dumped,
    Loaded,
    RetentionRaised,
    Swapped,
    TakenBack,
    TargetTableMade,
    Verified,
)
from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.outcome import PUT_OFF
from rdsrestore.domain.tables.transaction import LaterChanges
from rdsrestore.notify.audit_view import words
from rdsrestore.notify.console.views import MEANING, left, written
from rdsrestore.notify.incident import phases
from rdsrestore.notify.incident.report_data import Approval, IncidentReport, TableReport
from rdsrestore.workflow.journal.journal import Kind, Reading, Record, asked_for, ending, goes_on, open_steps
from rdsrestore.workflow.journal.replay import replay_facts
from rdsrestore.workflow.step import Facts, Impact

CHANGES = ("landing", "load", "swap", "swap-back")
"""The steps that write to production."""


def incident_report(
    run: str, reading: Reading, impacts: Mapping[str, Impact], *, at_work: bool, taken: TakenBack | None
) -> IncidentReport:
    """Read a report from a journal; JournalError with code `journal.version` where this release can't.

    `impacts` says what each step touches, `at_work` whether a process works on the run, `taken` which run took it back.
    """
    records = reading.records
    start = next((record for record in records if record.kind is Kind.STARTED), None)
    if start is None:
        raise JournalError(f"run {run}", "its journal does not say how it began", "rdsrestore audit shows what it has")
    facts = known_facts(run, records)
    end = None if at_work else ending(records)
    tables = tuple(table_reports(facts))
    proofs = [record for record in records if record.kind is Kind.PROOF]
    proof = proofs[-1].data if proofs else {}
    return IncidentReport(
        run=run,
        state=state(end, at_work=at_work),
        headline=headline(records, end, taken, at_work=at_work),
        production="; ".join((production(records, facts, end, taken), *settings(records, facts))),
        began=start.at,
        last=records[-1].at,
        subject=subject(start),
        exit_code=end.exit_code if end else None,
        meaning=MEANING.get(ExitCode(end.exit_code), "") if end and end.exit_code in {*ExitCode} else "",
        who=who(start),
        tables=tables,
        readings=readings(facts),
        approvals=tuple(approvals(records)),
        lost=tuple(not_restored(start, facts)),
        steps=tuple(phases.steps(records, impacts)),
        lifetimes=tuple(phases.lifetimes(records)),
        proof=tuple(words(proof.get("proof"))),
        remains=tuple(str(each.get("what")) for each in listed(proof.get("remains"))),
        hourly=price(start),
        requests=sum(len(listed(record.data.get("calls"))) for record in records),
        notes=(*notes(reading), *later(facts)),
        next=tuple(following(run, facts, end, taken, at_work=at_work, on=goes_on(records))),
        records=len(records),
        hash=records[-1].hash,
    )


def known_facts(run: str, records: Sequence[Record]) -> Facts:
    """Rebuild the facts of a journal; JournalError with code `journal.version` where this release can't."""
    try:
        return replay_facts(records)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError) as error:
        problem = "was written by another release, or is incomplete"
        hint = "use the release named in its first line; rdsrestore audit shows the records"
        raise JournalError(f"run {run}", problem, hint, code="journal.version") from error


def state(end: Ending | None, *, at_work: bool) -> str:
    """Say in a word how it stands."""
    if end is None:
        return "at-work" if at_work else "unfinished"
    if end.exit_code == ExitCode.OK:
        return "ok"
    if end.exit_code == ExitCode.INCOMPLETE:
        return "short"
    return "changed" if end.changed else "failed"


def headline(records: Sequence[Record], end: Ending | None, taken: TakenBack | None, *, at_work: bool) -> str:
    """Say what happened in a sentence."""
    if end:
        return end.sentence(taken)
    steps = [record for record in records if record.kind is Kind.INTENT]
    where = f"step {steps[-1].step}, since {steps[-1].at:%H:%M:%S} UTC" if steps else "before its first step"
    return f"{'at work' if at_work else 'unfinished: its process is gone'}, {where}"


def production(records: Sequence[Record], facts: Facts, end: Ending | None, taken: TakenBack | None) -> str:
    """Say what production had of what the run wrote at the journal's last record."""
    begun = {record.step for record in records if record.kind is Kind.INTENT}
    if not begun & {*CHANGES}:
        return "no table was written to"
    made, loaded, swapped = facts.find(TargetTableMade), facts.find(Loaded), facts.find(Swapped)
    parts = [f"created {', '.join(map(str, made.tables))}"] if made and made.tables else []
    parts += [written(load) for load in (loaded.loads if loaded else ()) if load.rows]
    if swapped:
        parts.append(f"{swapped.live} is what {swapped.shadow.table} was, and what it was is {swapped.former}")
    if taken:
        return f"{'; '.join(parts) or 'rows were written'}; then run {taken.by} took that back: {taken.how}"
    if "load" in begun and (loaded is None or not (loaded.loads or loaded.complete)):
        return "; ".join([*parts, "the load had begun; how many rows are in is not known from the journal"])
    if not parts:
        return "no row was written" if loaded or end else "a step that writes to it had begun"
    verified = facts.find(Verified)
    return "; ".join([*parts, "no other row was written" if verified else "not verified"])


def settings(records: Sequence[Record], facts: Facts) -> Iterator[str]:
    """Yield what the run has set on production and not put back."""
    raised = facts.find(RetentionRaised)
    if any(each.step == "raise-retention" for each in open_steps(records)) and not (raised and raised.problem):
        yield "its binlog retention hours is not put back yet"


def subject(start: Record) -> str:
    """Name the tables and the state that was to come back."""
    request = asked_for((start,))
    point, tables = request.get("point"), request.get("tables")
    names = ", ".join(f"{request.get('database')}.{each}" for each in tables) if isinstance(tables, list) else ""
    moment = str(point.get("utc") or point.get("id")).replace("+00:00", "Z") if isinstance(point, dict) else ""
    undoes = request.get("undoes")
    logged = request.get("transaction")
    if isinstance(logged, dict):
        place = f"{logged.get('file')}:{logged.get('position')}"
        return f"{names} of {request.get('instance')} without transaction {logged.get('gtid') or place}"
    return f"{names} of {request.get('instance')} as {f'before run {undoes}' if undoes else f'of {moment}'}"


def who(start: Record) -> Mapping[str, str]:
    """Say who did it, as whom, where and why."""
    identity, data = start.data.get("identity"), start.data
    said = {
        "operator": f"{data.get('operator')} on {data.get('host')}",
        "AWS": str(identity.get("arn")) if isinstance(identity, dict) else "",
        "reason": str(asked_for((start,)).get("reason") or ""),
        "release": f"rdsrestore {data.get('version')}",
    }
    return {name: text for name, text in said.items() if text}


def table_reports(facts: Facts) -> Iterator[TableReport]:
    """Join what is known of each table, by the table that takes the rows."""
    compared, loaded, verified = facts.find(Compared), facts.find(Loaded), facts.find(Verified)
    dumped, approved = facts.find(Dumped), facts.find(Approved)
    dumps = {str(each.definition.ref): f"{each.sha256}" for each in (dumped.dumps if dumped else ())}
    differences = {str(each.target): each for each in (compared.differences if compared else ())}
    loads = {str(each.target): each for each in (loaded.loads if loaded else ())}
    ledgers = {str(each.target): each for each in (verified.ledgers if verified else ())}
    for name in dict.fromkeys((*differences, *loads, *ledgers)):
        found = differences.get(name)
        agreed = found.digest in approved.prints if found and approved and found.digest else None
        dump = dumps.get(str(found.ref) if found else name, "")
        yield TableReport(name, found, loads.get(name), ledgers.get(name), dump, agreed)


def readings(facts: Facts) -> Sequence[tuple[str, str, str, str, str]]:
    """Return what had to be right: its name, the value on the copy, before, after, and what was expected."""
    verified = facts.find(Verified)
    found = verified.readings if verified else ()
    return tuple((each.name, each.restored, each.before, each.after, each.expect) for each in found)


def approvals(records: Sequence[Record]) -> Iterator[Approval]:
    """Yield who agreed to what, and who went on with the run."""
    by = ""
    for record in records:
        data = record.data
        if record.kind is Kind.APPROVED:
            by = str(data.get("by", ""))
            yield Approval(record.at, str(data.get("question")), str(data.get("answer")), by)
        elif record.kind is Kind.RESUMED:
            by = str(data.get("by", ""))
            yield Approval(record.at, "go on with the run", "yes", by)
        elif record.kind is Kind.DONE and record.step == "approve":
            yield Approval(record.at, "write to production?", str(data.get("result")), by)
        elif record.kind is Kind.FAILED and record.step == "approve":
            yield Approval(record.at, "write to production?", str(data.get("problem")), by)


def not_restored(start: Record, facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield what was wanted, or may be missed, and is not back; each with why."""
    for text in words(asked_for((start,)).get("skipped")):
        name, _, why = text.partition(": ")
        yield name, why
    compared, loaded = facts.find(Compared), facts.find(Loaded)
    loads = {str(load.target) for load in (loaded.loads if loaded else ())}
    for load in loaded.loads if loaded else ():
        yield from ((str(load.target), left(conflict)) for conflict in load.conflicts)
    for each in compared.differences if compared else ():
        if str(each.target) not in loads:
            yield from ((str(each.target), left(conflict)) for conflict in each.conflicts)
        yield from ((str(each.target), text) for text in each.unlike)
        for child in each.children:
            if child.lost:
                rows = f"{child.restored:,} rows then, {child.live:,} when compared; not part of this run"
                yield str(child.child), rows


def following(
    run: str, facts: Facts, end: Ending | None, taken: TakenBack | None, *, at_work: bool, on: bool
) -> Iterator[str]:
    """Say what to type now; `on` says whether the run can be gone on with."""
    if at_work:
        yield f"rdsrestore watch {run}"
    elif end is None:
        if on:
            yield f"rdsrestore resume {run} goes on"
        yield f"rdsrestore cleanup {run} removes what it left, and says what was written"
    elif end.exit_code == ExitCode.CLEANUP_INCOMPLETE or end.kept:
        yield f"rdsrestore cleanup {run} removes what is left"
    elif facts.find(Dumped) and not end.changed and end.error in {*PUT_OFF, Interrupted.default_code}:
        yield f"rdsrestore resume {run} goes on from its dump, while that is kept, without another restore"
    loaded = facts.find(Loaded)
    if not at_work and loaded and any(load.rows for load in loaded.loads) and not taken:
        yield f"rdsrestore undo {run} takes back what was written"
    yield f"rdsrestore audit {run} --verify checks that the journal was not changed since"


def notes(reading: Reading) -> Iterator[str]:
    """Yield what else has to be known of the journal and of the run."""
    if reading.broken:
        yield f"the journal is not sound from line {reading.broken.line} on ({reading.broken.problem}): up to there"
    if reading.torn:
        yield "the journal's last line is unfinished: the run was cut off while writing it"
    yield from (str(record.data.get("text")) for record in reading.records if record.kind is Kind.NOTICE)
    for record in reading.records:
        if record.kind is Kind.CLEANED:
            yield f"cleaned up at {record.at:%Y-%m-%d %H:%M:%S} UTC: {record.data.get('headline')}"


def later(facts: Facts) -> Iterator[str]:
    """Yield the transactions that changed the rows of the one that was taken back, before that was."""
    dumped = facts.find(Dumped)
    found = dumped.later if dumped and dumped.later else LaterChanges()
    yield from (f"changed rows of the transaction later: {each}" for each in found.listed)
    if found.more:
        yield f"and {found.more:,} later transactions more"


def price(start: Record) -> Decimal | None:
    """Return the copy's price an hour in USD; None where it was not known."""
    survey = start.data.get("survey")
    hourly = survey.get("hourly_cost") if isinstance(survey, dict) else None
    try:
        return Decimal(str(hourly)) if hourly else None
    except InvalidOperation:
        return None


def listed(value: Json) -> Sequence[dict[str, Json]]:
    """Return the objects of a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
