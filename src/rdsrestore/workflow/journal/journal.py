"""The journal's records: their hash chain, and what they say about a run. No file is touched here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from rdsrestore.domain.codec import Json, decode, encode
from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.domain.outcome.exit_code import ExitCode

VERSION = 1


GENESIS = "0" * 64


class Kind(StrEnum):
    """What a record says."""

    STARTED = "started"
    APPROVED = "approved"
    RESUMED = "resumed"
    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"
    UNDO = "undo"
    UNDONE = "undone"
    UNDO_FAILED = "undo-failed"
    NOTICE = "notice"
    PROOF = "proof"
    ENDED = "ended"
    CLEANED = "cleaned"


@dataclass(frozen=True)
class Record:
    """One line: `prev` is the hash of the line before, `hash` covers everything else of this one."""

    v: int
    seq: int
    at: datetime
    kind: Kind
    step: str
    data: dict[str, Json]
    prev: str
    hash: str

    def line(self) -> str:
        """Write the record as its line, without the line's end."""
        return json.dumps(_fields(self) | {"hash": self.hash}, ensure_ascii=False, separators=(",", ":"))


class Journal(Protocol):
    """Where records go: each is on the disk when `append` returns."""

    def append(self, kind: Kind, step: str = "", data: dict[str, Json] | None = None) -> Record:
        """Add a record and return it; JournalError where it can't be made durable."""
        ...


@dataclass(frozen=True)
class Broken:
    """The first place where the chain does not hold: `line` counts from 1; `newer` where a later release wrote it."""

    line: int
    problem: str
    newer: bool = False


@dataclass(frozen=True)
class Reading:
    """A journal as read: its sound records, the first break where there is one, and whether the last line is torn."""

    records: tuple[Record, ...]
    broken: Broken | None = None
    torn: bool = False


def chain(previous: Record | None, at: datetime, kind: Kind, step: str, data: dict[str, Json]) -> Record:
    """Make the record that follows `previous`."""
    seq, prev = (previous.seq + 1, previous.hash) if previous else (1, GENESIS)
    bare = Record(VERSION, seq, at, kind, step, data, prev, "")
    return Record(VERSION, seq, at, kind, step, data, prev, _digest(bare))


def read(text: str) -> Reading:
    """Read a journal's text and check every link of its chain; a last line without its end is left out."""
    lines = text.split("\n")
    torn = bool(lines.pop())
    records: list[Record] = []
    for number, line in enumerate(lines, start=1):
        try:
            record = _parse(line)
        except NewerFormatError as error:
            return Reading(tuple(records), Broken(number, str(error), newer=True), torn)
        except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
            return Reading(tuple(records), Broken(number, "is not a record"), torn)
        problem = _fault(record, records)
        if problem:
            return Reading(tuple(records), Broken(number, problem), torn)
        records.append(record)
    return Reading(tuple(records), None, torn)


def open_steps(records: Iterable[Record]) -> Sequence[Record]:
    """Return the intents that were not undone, newest first; all of them where something was there after the undo."""
    begun: dict[str, Record] = {}
    intents: dict[str, Record] = {}
    for record in records:
        if record.kind is Kind.INTENT:
            begun.setdefault(record.step, record)
            intents.setdefault(record.step, record)
        elif record.kind is Kind.UNDONE:
            intents.pop(record.step, None)
        elif record.kind is Kind.PROOF and record.data.get("remains"):
            intents = dict(begun)
    return tuple(reversed(intents.values()))


def ending(records: Sequence[Record]) -> Ending | None:
    """Say how a run ended; None where it did not, or went on since. A later cleanup is no ending."""
    for record in reversed(records):
        if record.kind is Kind.ENDED:
            data = record.data
            code = data.get("exit_code")
            return Ending(
                code if isinstance(code, int) else -1,
                str(data.get("headline")),
                str(data.get("error", "")),
                changed=bool(data.get("changed")),
                kept=bool(data.get("kept")),
                lacking=bool(data.get("lacking", code == ExitCode.INCOMPLETE)),
                kept_until=decode(datetime, data["kept_until"]) if data.get("kept_until") else None,
            )
        if record.kind in {Kind.RESUMED, Kind.INTENT}:
            return None
    return None


def finished(reading: Reading) -> bool:
    """Whether a journal's last record is one that a process writes when it is through."""
    last = reading.records[-1].kind if reading.records else None
    return not reading.torn and last in {Kind.ENDED, Kind.CLEANED}


def _fault(record: Record, before: Sequence[Record]) -> str:
    if record.hash != _digest(record):
        return "was changed after it was written"
    if record.prev != (before[-1].hash if before else GENESIS):
        return "does not follow the line before it"
    return "" if record.seq == len(before) + 1 else "has the wrong number"


def _fields(record: Record) -> dict[str, Json]:
    return {
        "v": record.v,
        "seq": record.seq,
        "at": encode(record.at),
        "kind": record.kind.value,
        "step": record.step,
        "data": record.data,
        "prev": record.prev,
    }


def _digest(record: Record) -> str:
    canonical = json.dumps(_fields(record), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class NewerFormatError(Exception):
    """A record of a format that a later release writes."""


def _parse(line: str) -> Record:
    fields = json.loads(line)
    if isinstance(fields["v"], int) and fields["v"] > VERSION:
        raise NewerFormatError(f"is of format {fields['v']}, of a newer release; this one knows {VERSION}")
    if fields["v"] != VERSION:
        raise ValueError(f"version {fields['v']}")
    record: Record = Record(
        v=VERSION,
        seq=int(fields["seq"]),
        at=decode(datetime, fields["at"]),
        kind=Kind(fields["kind"]),
        step=str(fields["step"]),
        data=dict(fields["data"]),
        prev=str(fields["prev"]),
        hash=str(fields["hash"]),
    )
    if record.line() != line:
        raise ValueError("not written by this format")
    return record


def goes_on(records: Sequence[Record]) -> bool:
    """Whether a run can be gone on with: what one asked of a copy is known no more."""
    return not asked_for(records).get("looks")


def asked_for(records: Sequence[Record]) -> Mapping[str, Json]:
    """Return a run's request as its first record has it; empty where there is none."""
    start = next((record for record in records if record.kind is Kind.STARTED), None)
    request = start.data.get("request") if start else None
    return request if isinstance(request, dict) else {}
