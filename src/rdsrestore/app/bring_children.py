"""Rows of other tables that went with those of the accident, brought along from the same copy when they are noticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from rdsrestore.app.cleanup.one_run import clean
from rdsrestore.app.context import Context
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.from_instance import FIXED
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Compared
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.answer import CHILDREN
from rdsrestore.domain.tables.rows import lost_children
from rdsrestore.steps.recipe import STEPS
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.replay import replay

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
    children = lost_children(replayed.facts.get(Compared).differences, replayed.request.database)
    tables = (*asked.tables, *(child for child in children if child not in replayed.request.tables))
    plain = {name: value for name, value in asked.plain.items() if name not in FIXED}
    context.screen.print(f"once more with {', '.join(children)}, from the copy that is there", soft_wrap=True)
    try:
        code = restore(replace(asked, **SETTLED_BY_COPY, tables=tables, taken_from=stored.id.value, plain=plain))
    except Refused as error:
        context.screen.print(f"{error}; {error.hint}", soft_wrap=True)
        code = error.exit_code
    left = clean(stored.id.value, context)
    return left if left is ExitCode.CLEANUP_INCOMPLETE else code
