"""Delete rows of a table without a key: as many copies of each as the plan says, and never more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.mysql.merge.merge_context import MergeContext, points_to
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.session.settings import as_select

WRITTEN = "it was written by others during the run"


def take_away(session: Session, context: MergeContext, which: str) -> int:
    """Delete the rows of one range of the plan, and note it, in the transaction that is open.

    Copies that are not there are noted as conflicts; returns how many. Raises a retryable DatabaseError where others
    wrote copies meanwhile.
    """
    lines = session.rows(f"SELECT l.rr_n, HEX(l.rr_before) FROM {context.by_line} WHERE {which} ORDER BY l.rr_n")
    there = locked(session, context, {str(digest) for _line, digest in lines})
    taken = Counter(dict.fromkeys(there, 0))
    done: list[int] = []
    for line, digest in lines:
        if taken[digest] < there.get(digest, 0):
            taken[digest] += 1
            done.append(int(line))
    with as_select(session, wanted=True):  # it looks at all rows, of which one may be no text of the former spelling
        for digests, copies, limit in portions(taken, there):
            if session.run(f"DELETE FROM {context.target}{rows_of(context, digests)}{limit}") != copies:
                raise DatabaseError("load", "others wrote copies of a row while it was deleted", retryable=True)
    note(session, context, done, "l.rr_st = 'done', l.rr_why = NULL")
    gone = {int(line) for line, _digest in lines} - set(done)
    note(session, context, gone, f"l.rr_st = 'conflict', l.rr_why = '{WRITTEN}'")
    return len(gone)


def locked(session: Session, context: MergeContext, digests: Collection[str]) -> Mapping[str, int]:
    """Lock the copies of rows, and count them."""
    if not digests:
        return {}
    found = session.rows(
        f"SELECT HEX({context.digest(context.target)}) FROM {context.target}{rows_of(context, digests)} FOR UPDATE"
    )
    return Counter(str(digest) for (digest,) in found)


def portions(taken: Mapping[str, int], there: Mapping[str, int]) -> Iterator[tuple[Collection[str], int, str]]:
    """Share out what is deleted: rows that go with all their copies together, the others one by one, with a limit."""
    whole = [digest for digest, copies in taken.items() if copies and copies == there[digest]]
    if whole:
        yield whole, sum(taken[digest] for digest in whole), ""
    for digest, copies in taken.items():
        if 0 < copies < there[digest]:
            yield [digest], copies, f" LIMIT {copies}"


def rows_of(context: MergeContext, digests: Iterable[str]) -> str:
    """The condition for the copies of rows, given by their digests in hexadecimal, that no other row points to."""
    listed = ", ".join(f"x'{digest}'" for digest in digests)
    free = "".join(
        f" AND NOT EXISTS (SELECT 1 FROM {qualified(key.child)} AS c WHERE {points_to(key, context.target, 'c')})"
        for key in context.live.referenced_by
    )
    return f" WHERE {context.digest(context.target)} IN ({listed}){free}"


def note(session: Session, context: MergeContext, lines: Collection[int], what: str) -> None:
    """Note in the plan what became of its lines."""
    if lines:
        session.run(f"UPDATE {context.by_line} SET {what} WHERE l.rr_n IN ({', '.join(map(str, lines))})")
