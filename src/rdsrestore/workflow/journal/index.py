"""The index of all runs' journals: how long each was, and its last hash, whenever a process began or ended its work.

A journal alone can't show that its last records were taken away; beside its entries in the index it can. No file is
touched here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rdsrestore.domain.codec import Json, decode, encode
from rdsrestore.workflow.journal.journal import GENESIS, Kind, Reading, Record, finished

VERSION: Final = 1
TOMBSTONE: Final = 2
"""The schema of a line that stands for a run whose folder was removed on purpose."""


@dataclass(frozen=True)
class Entry:
    """One line: at `at` the journal of `run` had so many `records`, and the last one's hash was `head`.

    `prev` is the SHA-256 of the line before, as it stands in the file; 64 zeros in the first. `by` is who had the run
    forgotten then: its journal is gone, and this is what is left of it.
    """

    v: int
    at: datetime
    run: str
    records: int
    head: str
    prev: str
    by: str = ""

    def line(self) -> str:
        """Write the entry as its line, without the line's end."""
        fields: dict[str, Json] = {
            "v": self.v,
            "at": encode(self.at),
            "run": self.run,
            "records": self.records,
            "head": self.head,
            "prev": self.prev,
        } | ({"by": self.by} if self.by else {})
        return json.dumps(fields, separators=(",", ":"))


@dataclass(frozen=True)
class Index:
    """An index as read: the sound entries, the first line that is not as it was written, and each line's hash."""

    entries: tuple[Entry, ...]
    hashes: tuple[str, ...] = ()
    broken: int | None = None
    torn: bool = False

    @property
    def head(self) -> str:
        """The hash of the last line."""
        return self.hashes[-1] if self.hashes else GENESIS

    def of(self, run: str) -> tuple[Entry, ...]:
        """Return the entries of one run, oldest first."""
        return tuple(entry for entry in self.entries if entry.run == run)

    @property
    def forgotten(self) -> Mapping[str, Entry]:
        """The runs whose folders were removed on purpose, each with its last line."""
        return {entry.run: entry for entry in self.entries if entry.by}


def read_index(content: bytes) -> Index:
    """Read an index and check its chain; a last line without its end is left out."""
    *lines, rest = content.split(b"\n")
    entries: list[Entry] = []
    hashes: list[str] = []
    broken = None
    for number, line in enumerate(lines, start=1):
        entry = _parse(line)
        if broken is None and (entry is None or entry.prev != (hashes[-1] if hashes else GENESIS)):
            broken = number
        if entry and broken is None:
            entries.append(entry)
        hashes.append(hashlib.sha256(line).hexdigest())
    return Index(tuple(entries), tuple(hashes), broken, bool(rest))


def entry_after(index: Index, at: datetime, run: str, record: Record) -> Entry:
    """Make the entry that says that `record` is the last one of a run's journal; it goes behind all there are."""
    return Entry(VERSION, at, run, record.seq, record.hash, index.head)


def tombstone_after(index: Index, at: datetime, run: str, records: Sequence[Record], by: str) -> Entry:
    """Make the entry that stands for a run which somebody has forgotten."""
    return Entry(TOMBSTONE, at, run, len(records), records[-1].hash if records else GENESIS, index.head, by)


def belongs(record: Record, *, first: bool) -> bool:
    """Say whether a record's hash goes into the index: the first of each process, and each that ends a run's work."""
    return first or record.kind in {Kind.ENDED, Kind.CLEANED}


def began_with(records: Sequence[Record]) -> str | None:
    """Return the index's head as it was when a run began; None where its release kept no index."""
    start = next((record for record in records if record.kind is Kind.STARTED), None)
    head = start.data.get("index") if start else None
    return head if isinstance(head, str) else None


@dataclass(frozen=True)
class Comparison:
    """What a journal is beside the index: `problem` where records of it, or of the index, are gone or were rewritten.

    `known` where the index has entries of it, `complete` where the last one is of the journal's last record, an ending.
    """

    known: bool
    complete: bool
    problem: str = ""


def compare(run: str, reading: Reading, index: Index) -> Comparison:
    """Hold a journal, whose own chain was checked, against the index, whose chain was."""
    records, entries, began = reading.records, index.of(run), began_with(reading.records)
    if began is not None and began not in {GENESIS, *index.hashes}:
        return Comparison(bool(entries), complete=False, problem="it began when the index had a line that is gone")
    for entry in entries:
        if entry.records > len(records):
            problem = f"it had {entry.records:,} records, and has {len(records):,}"
            return Comparison(known=True, complete=False, problem=problem)
        if records[entry.records - 1].hash != entry.head:
            problem = f"its record {entry.records:,} is not the one that was written"
            return Comparison(known=True, complete=False, problem=problem)
    if not entries and began is not None and len(records) > 1:  # killed before the first entry, it has one record
        return Comparison(known=False, complete=False, problem="it began with an index, which has no entry of it")
    complete = bool(entries) and finished(reading) and entries[-1].records == len(records)
    return Comparison(bool(entries), complete)


def _parse(line: bytes) -> Entry | None:
    try:
        fields = json.loads(line)
        entry = Entry(
            int(fields["v"]),
            decode(datetime, fields["at"]),
            str(fields["run"]),
            int(fields["records"]),
            str(fields["head"]),
            str(fields["prev"]),
            str(fields.get("by", "")),
        )
        known = entry.v == TOMBSTONE if entry.by else entry.v == VERSION and entry.records > 0
        sound = known and entry.line().encode() == line
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        return None
    return entry if sound else None
