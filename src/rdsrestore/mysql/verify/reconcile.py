"""Reconciliation of a table that took its dump as it is: counts, and checksums of its rows by their keys."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rdsrestore.diff import chunk_file
from rdsrestore.diff.parallel import each_done
from rdsrestore.domain.outcome.load_result import Ledger
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.checksum.key_conditions import batches, key_columns
from rdsrestore.mysql.dump import chunks
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.merge import staging
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.plan import count
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.write.direct import apart, loaded
from rdsrestore.ports.progress import Progress

CHECKERS = 2
"""Ranges whose checksums are taken at a time."""
FEW = 50_000
"""Rows whose checksums are taken before another session could have logged in for half of them."""
NONE = Fingerprint(0, 0)


def untouched_rows(session: Session, logins: Logins, context: MergeContext, target: Target) -> Fingerprint | None:
    """Take the fingerprint of what is there before the load; None where the dump's own rows can be told by their keys.

    They are new then, and nothing but their own statements, each of which inserted as many rows as it has, wrote.
    """
    return None if apart(target) else there(session, logins, context, target)


def there(session: Session, logins: Logins, context: MergeContext, target: Target) -> Fingerprint:
    """Take the fingerprint of the rows of the dump's keys, or of all up to its last: new ones come after it as a rule.

    Range by range, some at a time.
    """
    dump = target.dump
    bound = f"{quoted(context.key[0])} <= {dump.top}" if dump.top else None
    conditions = ranges(session, context, target, bound)  # as long as the dump has keys: never held together
    if dump.rows <= FEW:
        return sum((of_range(session, context, each) for each in conditions), NONE)
    with ThreadPoolExecutor(CHECKERS, thread_name_prefix="checker") as pool:

        def take(condition: str | None) -> Fingerprint:
            with logins.borrowed() as own:
                return of_range(own, context, condition)

        return sum(each_done(conditions, lambda each: pool.submit(take, each), CHECKERS), NONE)


def of_range(session: Session, context: MergeContext, condition: str | None) -> Fingerprint:
    """Take the fingerprint of one range."""
    columns, index = context.live.base_columns, context.live.key_index
    return row_hash.fingerprint(session, context.target, columns, condition, index=index)


def ranges(session: Session, context: MergeContext, target: Target, bound: str | None) -> Iterator[str | None]:
    """Yield conditions that cut these rows into ranges."""
    if not apart(target) or not target.located:
        yield from chunks.cut(session, context.live, bound, target.dump.definition)
        return
    key = key_columns(context.key, context.live.columns, context.then.columns)
    found = batches(chunk_file.restored(chunk_file.read(Path(target.located.path))), key)
    yield from (f"({each}) AND {bound}" if bound else each for each in found)


@dataclass(frozen=True)
class Reconciliation:
    """What is known before the reconciliation: `before` and `untouched` count and hash what was there."""

    target: Target
    store: DumpStore
    before: int
    untouched: Fingerprint | None


def ledger(
    session: Session, logins: Logins, context: MergeContext, known: Reconciliation, progress: Progress
) -> Ledger:
    """Reconcile by checksums of the whole; row by row only where others wrote meanwhile."""
    dump = known.target.dump
    written = loaded(session, context)
    unfit = sum(conflict.rows for conflict in written.conflicts)
    now = there(session, logins, context, known.target)
    after = count(session, context.live.ref)
    same = not unfit and now == (known.untouched or NONE) + dump.content
    matching = found = written.inserted
    if not same:
        staging.stage(session, context.schema, dump, known.store, progress)
        matching, found = session.one(
            f"SELECT COALESCE(SUM({context.digest('s')} = {context.digest('p')}), 0), COUNT(*)"
            f" FROM {context.source} AS s JOIN {context.target} AS p ON {context.meet('s', 'p')}"
        )
    return Ledger(
        target=context.live.ref,
        before=known.before,
        after=after,
        inserted=written.inserted,
        deleted=0,
        planned=dump.rows,
        done=written.inserted,
        unfit=unfit,
        matching=min(int(matching), written.inserted),
        gone=max(0, written.inserted - int(found)),
        untouched=True if known.untouched and same and after == known.before + written.inserted else None,
    )
