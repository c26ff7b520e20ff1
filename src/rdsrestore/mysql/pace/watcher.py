"""Looks after production while rows are written to it, in a thread and a session of its own."""

from __future__ import annotations

import threading
from collections import deque
from typing import Self

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.mysql.pace import activity
from rdsrestore.mysql.pace.activity import Look
from rdsrestore.mysql.pace.batch_size import SOFT, BatchSize
from rdsrestore.mysql.pace.controller import Commits, Pace
from rdsrestore.mysql.pace.turns import Turns
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.ports.progress import Progress

EARLY = 0.05
"""Seconds within which a small load is over: nobody logs in for that."""
EVERY, OFTEN = 0.25, 0.1
"""Seconds between two looks: where nobody else is known to be at work, and where somebody is."""
HORIZON = 1.0
"""Seconds for which statements of others are counted together."""
AT_WORK, AT_REST, KEPT = 8, 4, 16
"""Commits before each judgement while we write, and while we keep still; the last ones of either that count."""
STILL = 1.0
"""Seconds within which writers come to their end, so that production can be seen without us."""
LEAVE = 1.0
"""Seconds that the end of a load waits for the last look: a server that is silent must hold up nobody."""


class Watcher:
    """Gives out `turns` by what it sees of others, from the beginning of a context to its end.

    All is taken where the rules do not leave it to what is measured, and where workers `elsewhere` write, whose
    statements are not seen here. A server that can't be asked is written to as one that is busy.
    """

    def __init__(
        self, logins: Logins, schema: str, rules: ThrottleRules, progress: Progress, *, elsewhere: bool = False
    ) -> None:
        self._logins, self._schema, self._rules, self._progress = logins, schema, rules, progress
        measured = rules.limits.measured and not elsewhere
        self._said: tuple[str, float | None] = ("", None)
        self._why = ""
        self._pace, self._looks = Pace(alone=not measured), deque[Look]()
        self._busy, self._still, self._seen = Commits(), Commits(), 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._watch, name="pace", daemon=True)] if measured else []
        self.turns = Turns(self.size, self.remind)

    def size(self) -> BatchSize:
        """How much may be written at a time."""
        return SOFT if self._rules.gentle() else self._pace.size

    def told(self, text: str, share: float | None) -> None:
        """Say how far the load is, and why it does not take all it can where it does not."""
        self._said, self._why = (text, share), "" if self._rules.gentle() else self._pace.why
        self._progress(f"{text}; {self._why}" if self._why else text, share)

    def remind(self) -> None:
        """Say it again where the pace is another one: a load that rests says nothing for a while.

        Whoever writes calls this, not the thread that looks: a listener that raises has to end the load.
        """
        if self._said[0] and not self._rules.gentle() and self._why != self._pace.why:
            self.told(*self._said)

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join(LEAVE)

    def _watch(self) -> None:
        pause = EARLY
        while not self._over.wait(pause):
            pause = EVERY
            try:
                with self._logins.borrowed() as session:
                    self._look_on(session)
            except DatabaseError:  # whoever writes says what is wrong
                self._pace = Pace()
                self._looks.clear()
                self._busy, self._still = Commits(), Commits()

    def _look_on(self, session: Session) -> None:
        """Look and judge until the end."""
        self._looks.append(self._look(session))
        while not self._over.wait(EVERY if self._pace.alone or not self._pace.known else OFTEN):
            now = self._look(session)
            self._looks.append(now)
            while now.at - self._looks[1].at >= HORIZON:
                self._looks.popleft()
            self._pace = self._pace.among(now.since(self._looks[0]))
            if self._pace.alone:
                self._busy, self._still = Commits(), Commits()
            else:
                self._compare(session)

    def _compare(self, session: Session) -> None:
        """See what a commit takes while we write and, now and then, while we keep still, and judge both."""
        if not self._still.seconds:
            activity.prepare(session, self._schema)
            self._keep_still(session)
        self._busy = (self._busy + self._commit(session, self._pace.size.writers)).last(KEPT)
        self._seen += 1
        if self._seen >= AT_WORK:
            self._seen = 0
            self._keep_still(session)
            if self._still.seconds:
                self._pace = self._pace.judged(self._busy, self._still)

    def _keep_still(self, session: Session) -> None:
        with self.turns.still(STILL) as still:
            for _each in range(AT_REST if still else 0):
                self._still = (self._still + self._commit(session, 0)).last(KEPT)

    def _commit(self, session: Session, writers: int) -> Commits:
        """Commit once, and see which threads run beside ours."""
        seconds = activity.commit(session, self._schema)
        return Commits((seconds,), (max(self._look(session).running - 1 - writers, 0),))

    def _look(self, session: Session) -> Look:
        login = self._logins.login
        return activity.look(session, lambda: login.line.asked(login.endpoint))
