"""The first login to a new server: names, rules and passwords need seconds until they hold everywhere."""

from __future__ import annotations

import tenacity

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.mysql.session.login.connection import Login, connect
from rdsrestore.ports.progress import Progress

PASSING = frozenset({"db.unreachable", "db.denied", "db.busy", "db.lost"})
"""What a server says, or does not say, that is on its way up, or whose rule or password is on its way to it."""
ANOTHER = "; --keep-on-failure 2h leaves the copy for a second look"
HINTS = {
    "db.unreachable": "resume the run with --my-ip ADDRESS, or --allow NETWORK, as the database sees this machine"
    "; --keep-on-failure 2h keeps the copy for that",
    "db.denied": "run the same command again: the copy did not take the password that was set for it" + ANOTHER,
}


def reach(login: Login, where: str, poll: float, within: float, progress: Progress, *, certain: bool = False) -> None:
    """Log in, and again every `poll` seconds until that works, for up to `within` seconds.

    Raises the last attempt's DatabaseError, and at once the one that no waiting helps against: also a refusal, where
    the password is `certain` to hold by now if it is right.
    """

    def is_passing(error: BaseException) -> bool:
        return isinstance(error, DatabaseError) and error.code in (PASSING - {"db.denied"} if certain else PASSING)

    def waiting(state: tenacity.RetryCallState) -> None:
        trouble = state.outcome.exception() if state.outcome else None
        said = trouble.what if isinstance(trouble, DatabaseError) else "it does not answer"
        progress(f"waiting until the copy lets us in: {said}", None)

    tries = tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_passing),
        wait=tenacity.wait_fixed(poll),
        stop=tenacity.stop_after_delay(within),
        before_sleep=waiting,
        reraise=True,
    )
    try:
        tries(lambda: connect(login, where).close())
    except DatabaseError as error:
        if not is_passing(error):
            raise
        what = f"{error.what}, also after {within:g} seconds"
        raise DatabaseError(where, what, HINTS.get(error.code, error.hint), code=error.code) from error
