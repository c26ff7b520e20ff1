"""Credentials, regions, networks and secrets: what is wrong is said before anything is made."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from account import Account
from rdsrestore.aws.passwords import login
from rdsrestore.aws.rds.instances import RdsInstances
from rdsrestore.aws.session import CallLog, Clients
from rdsrestore.domain.errors import CloudError, UsageError
from rdsrestore.lab.status import client
from tool import COMMAND


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_credentials_that_are_not_accepted_name_the_ways_to_others(account: Account, code: str) -> None:
    account.proxy.refuse("GetCallerIdentity", code, "The security token included in the request is expired", 403)
    with pytest.raises(CloudError, match=code) as raised:
        account.cloud.identity()
    assert raised.value.code == "aws.credentials"
    assert "--profile" in raised.value.hint


def test_credentials_that_were_renewed_meanwhile_are_taken_up(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(kept))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    kept.write_text("[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = s\naws_session_token = old\n")
    clients = Clients(None, None, CallLog())
    assert clients.sts.get_caller_identity()
    kept.write_text("[default]\naws_access_key_id = AKIANEW\naws_secret_access_key = s\naws_session_token = new\n")

    account.proxy.refuse("GetCallerIdentity", "ExpiredToken", "The security token is expired", 403)

    assert clients.sts.get_caller_identity()
    held = clients.session.get_credentials()
    assert held
    assert (held.access_key, held.token) == ("AKIANEW", "new")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Keys in a file, which is written anew by whoever signs in, and none in the environment."""
    path = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    def keep(key: str) -> None:
        path.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = s\naws_session_token = t\n")

    keep("AKIAOLD")
    return keep


def test_whoever_signs_in_again_when_asked_loses_no_call(account: Account, kept: Callable[[str], None]) -> None:
    asked: list[str] = []

    def signed_in(trouble: str) -> bool:
        asked.append(trouble)
        if len(asked) == 2:  # the first yes came too early
            kept("AKIANEW")
        return True

    clients = Clients(None, None, CallLog(), signed_in=signed_in)
    assert clients.sts.get_caller_identity()
    account.proxy.refuse("GetCallerIdentity", "ExpiredToken", "The security token is expired", 403)

    assert clients.sts.get_caller_identity()
    assert asked == ["The security token is expired"] * 2


class Refusing:
    """Somebody who signs in nowhere; keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, trouble: str) -> bool:
        """Say no."""
        self.asked.append(trouble)
        return False


@pytest.mark.usefixtures("kept")
def test_who_does_not_sign_in_again_is_told_why_and_nobody_is_asked_at_the_first_call(account: Account) -> None:
    clients = Clients(None, None, CallLog(), signed_in=(person := Refusing()))
    for calls in (0, 1):
        account.proxy.refuse("GetCallerIdentity", "ExpiredToken", "The security token is expired", 403)
        with pytest.raises(ClientError, match="ExpiredToken"):
            clients.sts.get_caller_identity()
        assert len(person.asked) == calls
        assert clients.sts.get_caller_identity()


@pytest.mark.usefixtures("kept")
def test_a_thread_beside_the_run_asks_nobody(account: Account) -> None:
    clients = Clients(None, None, CallLog(), signed_in=(person := Refusing()))
    assert clients.sts.get_caller_identity()
    account.proxy.refuse("GetCallerIdentity", "ExpiredToken", "The security token is expired", 403)
    with ThreadPoolExecutor(1) as pool, pytest.raises(ClientError, match="ExpiredToken"):
        pool.submit(clients.sts.get_caller_identity).result(30)
    assert person.asked == []


@pytest.mark.usefixtures("account", "kept")
def test_a_program_that_gives_no_keys_any_more_is_asked_again_after_a_sign_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer, config = tmp_path / "answer", tmp_path / "config"
    config.write_text(f"[profile signed]\ncredential_process = cat {answer}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    def give(minutes: int) -> None:
        end = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        keys = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": end}
        answer.write_text(json.dumps(keys))

    def signed_in(trouble: str) -> bool:
        assert "expired" in trouble
        give(60)
        return True

    give(5)  # which is so soon that each call asks the program for others
    clients = Clients("signed", None, CallLog(), signed_in=signed_in)
    assert clients.sts.get_caller_identity()
    give(-5)
    assert clients.sts.get_caller_identity()


def test_a_connection_that_rested_for_longer_than_networks_remember_is_not_used_again(account: Account) -> None:
    def opened(rests: float) -> int:
        clients, before = Clients(None, None, CallLog(), rests=rests), account.proxy.connections
        for _call in range(3):
            clients.sts.get_caller_identity()
        return account.proxy.connections - before

    assert (opened(60.0), opened(0.0)) == (1, 3)


def test_credentials_that_ended_are_told_as_such_and_so_is_when_they_will(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "temporary")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", soon.isoformat())
    clients = Clients(None, None, CallLog())
    assert clients.ends() == soon
    assert clients.sts.get_caller_identity()

    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    with pytest.raises(CloudError, match="they have expired") as raised:
        login(Clients(None, None, CallLog()), "any")
    assert raised.value.code == "aws.credentials"
    assert account.proxy.count("GetSecretValue") == 0


def test_a_role_that_wants_a_code_says_so_where_there_is_no_terminal(account: Account, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n"
        "[profile careful]\nsource_profile = base\nrole_arn = arn:aws:iam::123456789012:role/x\n"
        "mfa_serial = arn:aws:iam::123456789012:mfa/me\nregion = eu-central-1\n"
    )
    names = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    env = {name: value for name, value in os.environ.items() if name not in names}
    env |= {"AWS_CONFIG_FILE": str(config), "AWS_ENDPOINT_URL": account.proxy.url, "RDSRESTORE_HOME": str(tmp_path)}
    words = [*COMMAND, "doctor", "--profile", "careful", "--instance", "production"]
    ended = subprocess.run(
        words,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        start_new_session=True,
    )
    said = " ".join((ended.stdout + ended.stderr).split())
    assert "the role wants a code (MFA), which can't be asked for here: sign in beforehand" in said
    assert "bug" not in said


def test_the_region_may_be_set_as_other_kits_have_it(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    del account
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert Clients(None, None, CallLog()).region == "eu-west-3"


def test_no_credentials_at_all_are_told_as_such(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    clients = Clients(None, None, CallLog())
    with pytest.raises(CloudError, match="no usable AWS credentials") as raised:
        login(clients, "any")
    assert raised.value.code == "aws.credentials"
    assert account.proxy.count("GetSecretValue") == 0


def test_no_region_names_the_flag(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    del account
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(UsageError) as raised:
        Clients(None, None, CallLog())
    assert raised.value.where == "--region"


@pytest.mark.parametrize(
    ("profile", "region", "where"), [("nobody", None, "--profile"), (None, "not a place", "--region")]
)
def test_an_unknown_profile_and_an_impossible_region_name_their_flag(
    account: Account, profile: str | None, region: str | None, where: str
) -> None:
    del account
    with pytest.raises(UsageError) as raised:
        Clients(profile, region, CallLog())
    assert raised.value.where == where


def test_a_service_that_nobody_answers_for_is_told_soon(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    del account
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    log = CallLog()
    cloud = RdsInstances(Clients(None, None, log), log, 0.1, "http://127.0.0.1:9")
    with pytest.raises(CloudError, match="does not answer") as raised:
        cloud.identity()
    assert raised.value.code == "aws.timeout"


def test_a_network_that_answers_in_the_clouds_place_is_told_as_no_answer(account: Account) -> None:
    account.proxy.say("GetCallerIdentity", b"<html>Welcome to the airport. Please log in.</html", times=3)
    with pytest.raises(CloudError) as raised:
        account.cloud.identity()
    account.proxy.reset()
    assert raised.value.code == "aws.timeout"


def test_every_answer_is_noted_once_with_its_request_id_also_a_refusal(account: Account) -> None:
    account.cloud.identity()
    with pytest.raises(CloudError):
        account.cloud.snapshot("nightly")
    first, *others = account.cloud.take_calls()
    assert (first.service, first.operation, first.status) == ("sts", "GetCallerIdentity", 200)
    asked = {"DescribeDBSnapshots", "DescribeDBClusterSnapshots"}
    assert {(each.service, each.operation) for each in others} == {("rds", each) for each in asked}
    assert 404 in {each.status for each in others}
    assert len({each.request_id for each in (first, *others)}) == 1 + len(others)
    assert account.cloud.take_calls() == ()


def test_our_calls_can_be_told_from_others_in_the_clouds_own_trail(account: Account) -> None:
    config: Any = account.clients.rds_writes.meta.config
    assert "rdsrestore" in config.user_agent_extra
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}


@pytest.mark.parametrize(
    ("text", "user", "password"),
    [
        (json.dumps({"username": "admin", "password": "p 1", "port": 3306}), "admin", "p 1"),
        (json.dumps({"password": "p2"}), None, "p2"),
        ("just-a-password", None, "just-a-password"),
        ("12345", None, "12345"),
    ],
)
def test_a_secret_holds_a_login_or_a_password_alone(
    account: Account, text: str, user: str | None, password: str
) -> None:
    store = client(account.state, "secretsmanager")
    arn = store.create_secret(Name=f"test/{account.run}", SecretString=text)["ARN"]
    found = login(account.clients, arn)
    store.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    assert (found.user, found.password.reveal()) == (user, password)
    assert password not in repr(found)


@pytest.mark.parametrize("text", [json.dumps({"username": "admin"}), json.dumps({"password": 5}), json.dumps({})])
def test_a_secret_without_a_password_is_told_without_showing_it(account: Account, text: str) -> None:
    store = client(account.state, "secretsmanager")
    arn = store.create_secret(Name=f"test/{account.run}", SecretString=text)["ARN"]
    with pytest.raises(CloudError, match="no password") as raised:
        login(account.clients, arn)
    store.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    assert raised.value.code == "aws.no-secret"
    assert "admin" not in str(raised.value)


def test_a_missing_secret_names_the_setting(account: Account) -> None:
    with pytest.raises(CloudError) as raised:
        login(account.clients, "production/nothing")
    assert raised.value.code == "aws.no-secret"
    assert "password_secret" in raised.value.hint
