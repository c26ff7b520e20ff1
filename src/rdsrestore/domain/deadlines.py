"""How long anything is waited for: one table, in seconds, from which everything that waits takes its end."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Deadlines:
    """Seconds until a wait ends, by what is waited for."""

    connect: float = 10.0
    """A server's first word, and each of its answers until one is logged in."""
    ask: float = 15.0
    """Between two questions, on another connection, to a server that owes an answer."""
    silence: float = 300.0
    """For a server that answers on no connection."""
    cleaning: float = 20.0
    """An answer while cleaning up; a schema that takes longer to drop is looked for again."""
    failover: float = 900.0
    """For production to be back, in a load."""
    drop: float = 30.0
    """For a drop that a failover or a lock threw back: whoever cleans up tries it again."""
    thread: float = 30.0
    """For a thread of ours to end; all of them are daemons, so that the process ends without it."""
    program_ends: float = 5.0
    """For a program to end after a signal."""
    program_words: float = 20.0
    """For a program to say what it is."""
    rehearsal: float = 60.0
    """For the dump program to write one row."""
    workers: float = 30.0
    """For workers elsewhere to answer."""
    unread: float = 120.0
    """For what was sent to be acknowledged by the other side's system, where this one can be told so."""
    keepalive: float = 60.0
    """Until a connection that carries nothing shows that it is alive: the cloud's networks forget it after 350."""
    keepalive_again: float = 15.0
    """Between two such questions that nobody answers."""

    first_login: float = 300.0
    """For a new copy to let us in: its name, rule and password need seconds until they hold everywhere."""
    own_groups: float = 30.0
    """For a new copy to let us in by groups that hold already."""
    bastion: float = 30.0
    """For a bastion to let us in."""
    bastion_asks: float = 120.0
    """The same where ssh may ask for a passphrase."""
    cloud: float = 120.0
    """For a call to the cloud that throttling or an outage threw back."""
    cloud_settles: float = 60.0
    """For the cloud to show what it was just told."""
    trail: float = 1200.0
    """For the cloud's own log to show a call: as a rule minutes."""
    group_unused: float = 900.0
    """For the cloud to let go of a group whose instance is gone."""
    password_taken: float = 900.0
    """For the copy to take a new password."""
    rotation: float = 30.0
    """For a secret to hold the password that the server has already: a rotation changes the server first."""
    instance_gone: float = 3600.0
    """For an instance to be deleted."""
    backups_catch_up: float = 1800.0
    """For the backups to reach a moment that has just been."""
    address: float = 5.0
    """For the service that says which address this machine has outside."""
    bundle: float = 30.0
    """For the certificates of the servers' authorities to be fetched."""
    chat: float = 5.0
    """For a chat to take a message."""
    http_rests: float = 240.0
    """For which a connection to the cloud's API is kept unused, below the 350 as well."""
    call_under_way: float = 1.0
    """For a call to the cloud that is under way where somebody wants to leave."""

    def scaled(self, factor: float) -> Deadlines:
        """Return all of them times a factor: tests do not wait for minutes."""
        return Deadlines(**{each.name: getattr(self, each.name) * factor for each in fields(self)})


FACTOR = "RDSRESTORE_TEST_DEADLINES"
"""Set by tests alone, so that a silence that is waited out takes seconds."""

USUAL = Deadlines().scaled(float(os.environ.get(FACTOR, "1")))
