"""Rows of other tables that went with those of the accident, brought along from the same copy when they are noticed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

from rdsrestore.app.cleanup.one_run import clean
from rdsrestore.app.context import Context
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.from_instance import FIXED
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.facts import Compared
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.answer import CHILDREN
from rdsrestore.domain.tables.rows import lost_child_tables
from rdsrestore.steps.recipe import STEPS
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.replay import replay
from rdsrestore.workflow.run.interrupts import SIGNALS

SETTLED_BY_COPY: Mapping[str, Any] = {each.name: None for each in fields(CommandLine) if each.name in FIXED}
"""What the second command line leaves unsaid."""


def bring_children(
    stored: StoredRun, asked: CommandLine, context: Context, restore: Callable[[CommandLine], ExitCode]
) -> ExitCode | None:
    """Restore the tables and those of their lost children from the copy that the run has kept for it, then remove it.

    Returns the second run's exit code, or that of a cleanup that left something; None where nobody asked for it.
    """
    ending = stored.ending()
    if ending is None or ending.error != CHILDREN or ending.kept_until is None:
        return None
    replayed = replay(stored.whole(), STEPS)
    children = lost_child_tables(replayed.facts.get(Compared).differences, replayed.request.database)
    tables = (*asked.tables, *(child for child in children if child not in replayed.request.tables))
    plain = {name: value for name, value in asked.plain.items() if name not in FIXED}
    context.screen.print(f"once more with {', '.join(children)}, from the copy that is there", soft_wrap=True)
    with signals_as_ctrl_c():
        try:
            code = restore(replace(asked, **SETTLED_BY_COPY, tables=tables, taken_from=stored.id.value, plain=plain))
        except RdsRestoreError as error:
            context.fail(error)
            code = error.exit_code
        finally:  # whatever became of it, nobody else would remove the copy
            left = clean(stored.id.value, context)
    return left if left is ExitCode.CLEANUP_INCOMPLETE else code


@contextmanager
def signals_as_ctrl_c() -> Iterator[None]:
    """Let TERM and HUP be a Ctrl-C between two runs, where they would end the process and leave the copy."""
    former = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
