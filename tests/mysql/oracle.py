"""What a table has to be after a restore, in plain Python: rows by key, each a tuple of exact texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = tuple[object, ...]
Rows = Mapping[object, Row]


@dataclass(frozen=True)
class Oracle:
    """The runbook's table of classes and policies; `columns` are the places in a row that changed rows take back."""

    merge: str
    conflict: str
    columns: Sequence[int]

    def after(self, then: Rows, left: Rows | None, now: Rows) -> dict[object, Row]:
        """Say what production has to hold: `then` was restored, `left` (None: not known) is what the incident left."""
        wanted = {}
        for key in {*then, *now}:
            was, is_now = then.get(key), now.get(key)
            row = self.by_policy(was, is_now) if left is None else self.by_history(was, left.get(key), is_now)
            if row is not None:
                wanted[key] = row
        return wanted

    def by_policy(self, then: Row | None, now: Row | None) -> Row | None:
        """Decide about a row of which two states are known."""
        if now is None:
            return then
        if then is None:
            return None if self.merge == "exact" else now
        return now if self.merge == "missing" else self.taken_back(now, then)

    def by_history(self, then: Row | None, left: Row | None, now: Row | None) -> Row | None:
        """Decide about a row of which three states are known."""
        if now is None:
            return self.gone(then, left)
        if then is None:
            return self.not_there(left, now)
        if self.merge == "missing" or self.same(then, left):
            return now
        if left is None:
            return now if self.conflict == "keep" else self.taken_back(now, then)
        return self.changed(then, left, now)

    def gone(self, then: Row | None, left: Row | None) -> Row | None:
        """Decide about a row that production does not have."""
        if then is None or left is None:
            return then
        deleted_later = self.same(then, left)
        return None if deleted_later or self.conflict == "keep" else then

    def not_there(self, left: Row | None, now: Row) -> Row | None:
        """Decide about a row that was not there before."""
        if self.merge != "exact" or left is None:
            return now
        return None if self.same(left, now) or self.conflict == "restore" else now

    def changed(self, then: Row, left: Row, now: Row) -> Row:
        """Decide about a row that the incident changed: column by column where the columns do not overlap."""
        hit = [place for place in self.columns if then[place] != left[place]]
        clash = [place for place in hit if now[place] not in {left[place], then[place]}]
        if not clash:
            return self.taken_back(now, then, hit)
        return now if self.conflict == "keep" else self.taken_back(now, then)

    def same(self, one: Row, other: Row | None) -> bool:
        """Whether two rows agree in the columns that count."""
        return other is not None and all(one[place] == other[place] for place in self.columns)

    def taken_back(self, now: Row, then: Row, places: Sequence[int] | None = None) -> Row:
        """Take the columns that count, or these places, back."""
        places = self.columns if places is None else places
        return tuple(then[place] if place in places else value for place, value in enumerate(now))
