"""How steps log in: to production with the operator's login, to the copy with the run's own."""

from __future__ import annotations

from contextlib import AbstractContextManager

from rdsrestore.domain.facts import AfterInstance, TempInstance
from rdsrestore.domain.ids import TableRef
from rdsrestore.ports.production import Production
from rdsrestore.ports.restored_database import RestoredDatabase
from rdsrestore.steps.reset_password import COPY
from rdsrestore.workflow.step import Run


def production(run: Run) -> AbstractContextManager[Production]:
    """Log in to the source."""
    return run.databases.production(run.survey.source.endpoint, run.request.user)


def copy(run: Run) -> AbstractContextManager[RestoredDatabase]:
    """Log in to the temporary instance."""
    endpoint = run.facts.get(TempInstance).endpoint
    return run.databases.copy(endpoint, run.survey.copied.master_user, run.secrets[COPY])


def after(run: Run) -> AbstractContextManager[RestoredDatabase]:
    """Log in to the second temporary instance."""
    endpoint = run.facts.get(AfterInstance).endpoint
    assert endpoint is not None  # noqa: S101 - for the type checker: the step before waited for it
    return run.databases.copy(endpoint, run.survey.copied.master_user, run.secrets[COPY])


def target_of(run: Run, ref: TableRef) -> TableRef:
    """Name the table that takes the rows: the table itself, or the one beside it."""
    return TableRef(ref.database, run.request.into) if run.request.into else ref


def counted(number: int, noun: str) -> str:
    """Count in words an operator reads aloud."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
