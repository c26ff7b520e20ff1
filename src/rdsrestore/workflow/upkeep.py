"""What changes by itself with time: production's certificate, its maintenance, its binlog, the copy's network."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rdsrestore.domain.cloud.instance import SourceInstance, Subnets
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.health import Check, State
from rdsrestore.domain.survey import Survey
from rdsrestore.ports.production import BinlogCopies

SOON = timedelta(days=30)
"""Before a certificate's end: changing it takes a window."""
AHEAD = timedelta(hours=6)
"""In which a restore begun now has come to its end, as a rule."""
WEEK = timedelta(days=7)
LEAST = 24
"""Hours of binlog, so that an accident of the night is found in the morning."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def certificate(read: Survey) -> Check:
    """Whether production's certificate, with which the copy comes too, holds on."""
    found = read.source
    name, until = found.ca_certificate or "production's certificate", found.certificate_until
    if until is None:
        return Check("certificate", State.UNKNOWN, "the account does not tell until when production's holds")
    said = f"{name}: until {until:%Y-%m-%d}"
    if until - read.at > SOON:
        return Check("certificate", State.OK, said)
    state = State.FAILED if until <= read.at else State.WARNED
    change = f"aws rds modify-db-instance --db-instance-identifier {found.id} --ca-certificate-identifier NEWER"
    hint = f"in a quiet hour, since it may restart the instance: {change}"
    return Check("certificate", state, said, hint, "source.certificate")


def maintenance(read: Survey) -> Check:
    """Whether AWS may be at work on production while a restore that begins now is under way."""
    text = read.source.maintenance
    window = next_window(text, read.at) if text else None
    if window is None:
        return Check("maintenance", State.UNKNOWN, "the account does not tell when production's window is")
    begins, ends = window
    said = f"the next window is {begins:%a %Y-%m-%d %H:%M} to {ends:%H:%M} UTC"
    if begins - read.at > AHEAD:
        return Check("maintenance", State.OK, said)
    hint = "what is pending then may restart production: aws rds describe-pending-maintenance-actions names it"
    return Check("maintenance", State.WARNED, said, hint, "source.maintenance")


def next_window(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Read a weekly window like `sun:05:00-sun:06:00`, in UTC: the one under way or the next; None for another form."""
    try:
        first, last = (into_week(each) for each in text.lower().split("-"))
    except ValueError:
        return None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=now.weekday())
    length = (last - first) % WEEK
    begins = monday + first - WEEK
    while begins + length <= now:
        begins += WEEK
    return begins, begins + length


def into_week(text: str) -> timedelta:
    """Read `sun:05:00` as the time since Monday's midnight; ValueError for anything else."""
    day, hour, minute = text.strip().split(":")
    return timedelta(days=DAYS.index(day), hours=int(hour), minutes=int(minute))


def road(source: SourceInstance, found: Subnets) -> Check:
    """Whether the copy will lie where production does, and can be reached there as far as routes tell."""
    name = source.subnet_group
    if found.unseen:
        return Check("network", State.UNKNOWN, f"subnet group {name} may not be looked at ({found.unseen})")
    if found.vpc != source.vpc:
        what = f"subnet group {name} is of {found.vpc}, not of {source.vpc}" if found.vpc else f"there is no {name}"
        hint = f"look at it: aws rds describe-db-subnet-groups --db-subnet-group-name {name}"
        return Check("network", State.FAILED, what, hint, "source.network")
    if found.closed:
        what = f"production is public, and {', '.join(found.closed)} of {name} has no route to an internet gateway"
        return Check("network", State.WARNED, what, "add the route, or run it from within the VPC", "source.road")
    return Check("network", State.OK, f"subnet group {name} of {source.vpc}, as production")


def of_time_and_place(read: Survey, found: Subnets) -> Iterator[Check]:
    """Look at all three."""
    yield certificate(read)
    yield maintenance(read)
    yield road(read.source, found)


def retention(production: BinlogCopies) -> Check:
    """Whether production's binlog is still there when somebody has noticed."""
    name, short = "binlog kept", "binlog.short"
    hint = f"as the master user: CALL mysql.rds_set_configuration('binlog retention hours', {LEAST})"
    try:
        hours = production.retention()
    except DatabaseError as error:
        return Check(name, State.UNKNOWN, f"this login is not told for how long: {error.what}")
    if hours is None:
        what = "RDS removes a file minutes after it has copied it: rdsrestore find may come too late for it"
        return Check(name, State.WARNED, what, hint, short)
    if hours < LEAST:
        return Check(name, State.WARNED, f"for {hours} hours, and no longer does rdsrestore find see", hint, short)
    return Check(name, State.OK, f"for {hours} hours")
