"""What each role of the cloud's port promises, held against the fake and against the adapter over HTTP alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from account import Account
from fakes import FakeCloud
from rdsrestore.domain.cloud.audit_log import AuditEntry
from rdsrestore.domain.cloud.instance import ExpirySpec, GroupSpec, RestoreSpec
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import RunId
from rdsrestore.lab.launch import control
from rdsrestore.ports.cloud import Cloud

EXPIRES = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
RUN = RunId.new(EXPIRES, "abcd").value
CIDR = "203.0.113.9/32"
LOG = "/aws/rds/instance/production/audit"
ROLE = "arn:aws:iam::123456789012:role/switch"


@dataclass(frozen=True)
class Subject:
    """A cloud with one instance, `production`; `expect_restore` has it leave the next restore without a server, `audit` has entries arrive in `LOG`."""

    cloud: Cloud
    run: str
    expect_restore: Callable[[], Any]
    audit: Callable[[Sequence[AuditEntry]], None]

    @property
    def name(self) -> str:
        return RunId(self.run).resource

    def group(self) -> str:
        return self.cloud.create_group(GroupSpec(self.name, self.cloud.source("production").vpc, EXPIRES), self.run)

    def restore(self, group: str) -> str:
        source = self.cloud.source("production")
        assert source.latest
        return self.cloud.restore(
            RestoreSpec(self.name, source, group, EXPIRES, "db.t3.micro", source.latest), self.run
        )

    def kinds(self, run: str | None = None) -> list[str]:
        return sorted(each.kind for each in self.cloud.leftovers(run or self.run))


@pytest.fixture(params=["fake", "adapter"])
def subject(request: pytest.FixtureRequest) -> Subject:
    """The fake, then the adapter."""
    if request.param == "fake":
        fake = FakeCloud()
        return Subject(fake, RUN, lambda: None, lambda entries: fake.audit(LOG, *entries))
    account: Account = request.getfixturevalue("account")
    stuck = partial(control, account.state, "ending", {"status": "stuck"})
    return Subject(account.cloud, account.run, stuck, partial(account.export, LOG))


def silent(text: str, share: float | None) -> None:
    del text, share


def test_sources_are_named_and_read_and_an_unknown_one_has_its_code(subject: Subject) -> None:
    assert "production" in subject.cloud.instances()
    assert subject.cloud.source("production").id == "production"
    with pytest.raises(CloudError) as raised:
        subject.cloud.source("nothing")
    assert raised.value.code == "aws.no-instance"


def test_a_snapshot_that_is_not_there_has_its_code(subject: Subject) -> None:
    with pytest.raises(CloudError) as raised:
        subject.cloud.snapshot("nothing")
    assert raised.value.code == "aws.no-snapshot"


def test_a_group_is_adopted_found_and_removed_and_removing_it_again_is_fine(subject: Subject) -> None:
    assert subject.cloud.find_group(subject.name) is None
    made = subject.group()
    assert subject.group() == made == subject.cloud.find_group(subject.name)
    assert subject.kinds() == ["group"]
    for _time in range(2):
        subject.cloud.delete_group(subject.name, silent)
        assert subject.cloud.find_group(subject.name) is None
    assert subject.kinds() == []


def test_an_open_rule_is_left_over_until_it_is_closed_and_closing_again_is_fine(subject: Subject) -> None:
    group = subject.group()
    assert subject.cloud.open_rule(group, CIDR, 3306, subject.run)
    assert subject.kinds() == ["group", "rule"]
    for _time in range(2):
        subject.cloud.close_rules(group)
        assert subject.kinds() == ["group"]


def test_a_restore_is_adopted_and_deleted_and_deleting_again_is_fine(subject: Subject) -> None:
    group = subject.group()
    subject.expect_restore()
    made = subject.restore(group)
    assert subject.restore(group) == made
    assert subject.kinds() == ["group", "instance"]
    assert subject.name not in subject.cloud.instances()
    for _time in range(2):
        subject.cloud.delete_instance(subject.name, silent)
        assert subject.kinds() == ["group"]


def test_what_is_left_over_is_told_by_run(subject: Subject) -> None:
    subject.group()
    assert subject.kinds(RunId.new(EXPIRES, "0000").value) == []
    assert "group" in [each.kind for each in subject.cloud.leftovers() if each.run == subject.run]


def test_an_audit_log_tells_what_one_connection_did_in_a_time(subject: Subject) -> None:
    at = datetime.now(UTC).replace(microsecond=5000) - timedelta(minutes=1)
    second = timedelta(seconds=1)
    assert list(subject.cloud.audited(LOG, 47, at - second, at + second)) == []  # there is no such log yet
    entry = AuditEntry(at, "production", "app", "10.0.0.5", 47, "QUERY")
    others = (replace(entry, thread=48), replace(entry, at=at + 3 * second), replace(entry, at=at - 3 * second))
    subject.audit([*others, entry])
    assert list(subject.cloud.audited(LOG, 47, at - second, at + second)) == [entry]


def test_calls_are_taken_once_each_with_its_request_id(subject: Subject) -> None:
    subject.group()
    calls = subject.cloud.take_calls()
    assert calls
    assert all(call.request_id for call in calls)
    assert subject.cloud.take_calls() == ()


def test_an_expiry_is_armed_put_off_and_taken_back_and_taking_it_back_again_is_fine(subject: Subject) -> None:
    cloud, spec = subject.cloud, ExpirySpec((subject.name,), ROLE, EXPIRES)
    cloud.put_off(spec)
    assert list(cloud.armed(spec.instances)) == []
    cloud.arm(spec)
    cloud.arm(spec)
    cloud.put_off(spec)
    assert list(cloud.armed((subject.name, "another"))) == [subject.name]
    for _time in range(2):
        cloud.disarm(spec.instances)
        assert list(cloud.armed(spec.instances)) == []
