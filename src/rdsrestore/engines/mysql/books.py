"""The books of a table that took its dump as it is: counts, and checksums of its rows by their keys."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rdsrestore.core import slices
from rdsrestore.core.changes import Ledger
from rdsrestore.core.ports import Progress
from rdsrestore.core.sections import each_done
from rdsrestore.core.tables import Fingerprint
from rdsrestore.core.targets import Target
from rdsrestore.engines.mysql import pieces, rowhash, staging
from rdsrestore.engines.mysql.conditions import batches, key_columns
from rdsrestore.engines.mysql.connect import Login, Session, connect, quoted
from rdsrestore.engines.mysql.logins import Logins
from rdsrestore.engines.mysql.plan import count
from rdsrestore.engines.mysql.shelf import Shelf
from rdsrestore.engines.mysql.tally import Tally
from rdsrestore.engines.mysql.whole import apart, loaded

CHECKERS = 2
"""Ranges whose checksums are taken at a time."""
NONE = Fingerprint(0, 0)


def rest(login: Login, board: Tally, target: Target) -> Fingerprint | None:
    """Take the fingerprint of what is there before the load; None where the dump's own rows can be told by their keys.

    They are new then, and nothing but their own statements, each of which inserted as many rows as it has, wrote.
    """
    return None if apart(target) else there(login, board, target)


def there(login: Login, board: Tally, target: Target) -> Fingerprint:
    """Take the fingerprint of the rows of the dump's keys, or of all up to its last: new ones come after it as a rule.

    Range by range, some at a time.
    """
    dump = target.dump
    bound = f"{quoted(board.key[0])} <= {dump.top}" if dump.top else None
    with (
        closing(connect(login, "production")) as session,
        closing(Logins(login, "production")) as logins,
        ThreadPoolExecutor(CHECKERS, thread_name_prefix="checker") as pool,
    ):

        def take(condition: str | None) -> Fingerprint:
            with logins.borrowed() as own:
                return rowhash.fingerprint(own, board.landing, board.live.base_columns, condition)

        conditions = ranges(session, board, target, bound)  # as long as the dump has keys: never held together
        return sum(each_done(conditions, lambda each: pool.submit(take, each), CHECKERS), NONE)


def ranges(session: Session, board: Tally, target: Target, bound: str | None) -> Iterator[str | None]:
    """Yield conditions that cut these rows into ranges."""
    if not apart(target) or not target.located:
        yield from pieces.cut(session, board.live, bound, target.dump.definition)
        return
    key = key_columns(board.key, board.live.columns, board.then.columns)
    found = batches(slices.restored(slices.read(Path(target.located.path))), key)
    yield from (f"({each}) AND {bound}" if bound else each for each in found)


@dataclass(frozen=True)
class Books:
    """What is known before the books are balanced: `before` and `untouched` count and hash what was there."""

    target: Target
    shelf: Shelf
    before: int
    untouched: Fingerprint | None


def ledger(session: Session, login: Login, board: Tally, books: Books, progress: Progress) -> Ledger:
    """Balance the books by checksums of the whole; row by row only where others wrote meanwhile."""
    dump = books.target.dump
    written = loaded(session, board)
    unfit = sum(conflict.rows for conflict in written.conflicts)
    with ThreadPoolExecutor(1, thread_name_prefix="counter") as aside:
        counted = aside.submit(count, session, board.live.ref)
        now = there(login, board, books.target)
        after = counted.result()
    same = not unfit and now == (books.untouched or NONE) + dump.content
    matching = found = written.inserted
    if not same:
        staging.stage(session, login, board.schema, dump, books.shelf, progress)
        matching, found = session.one(
            f"SELECT COALESCE(SUM({board.digest('s')} = {board.digest('p')}), 0), COUNT(*)"
            f" FROM {board.source} AS s JOIN {board.landing} AS p ON {board.meet('s', 'p')}"
        )
    return Ledger(
        landing=board.live.ref,
        before=books.before,
        after=after,
        inserted=written.inserted,
        deleted=0,
        planned=dump.rows,
        done=written.inserted,
        unfit=unfit,
        matching=min(int(matching), written.inserted),
        gone=max(0, written.inserted - int(found)),
        rest=True if books.untouched and same and after == books.before + written.inserted else None,
    )
