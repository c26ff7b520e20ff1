"""Errors of the cloud's library become ours, by one table that leaves out nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import ResponseParserError

from rdsrestore.aws.errors import BROKEN, MEANINGS, OTHER, TABLE, Failure, translate, translated, unanswered
from rdsrestore.domain.errors import CloudError, UsageError

CALLED = {
    "rds": (
        "DescribeDBInstances",
        "DescribeDBInstanceAutomatedBackups",
        "DescribeDBSnapshots",
        "DescribeEvents",
        "RestoreDBInstanceToPointInTime",
        "RestoreDBInstanceFromDBSnapshot",
        "ModifyDBInstance",
        "DeleteDBInstance",
    ),
    "secretsmanager": ("GetSecretValue",),
    "sts": ("GetCallerIdentity",),
}
URL = "https://rds.eu-central-1.amazonaws.com"


def declared() -> Iterator[tuple[str, str]]:
    """Yield every error that the service models declare for what we call."""
    for service, operations in CALLED.items():
        model = ServiceModel(Loader().load_service_model(service, "service-2"))
        for operation in operations:
            shapes: list[Any] = model.operation_model(operation).error_shapes
            yield from ((operation, shape.error_code) for shape in shapes)


def answered(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeDBInstances")


@pytest.mark.parametrize(("operation", "code"), sorted(set(declared())))
def test_every_error_that_a_call_of_ours_declares_has_a_meaning(operation: str, code: str) -> None:
    assert code in MEANINGS, f"{operation} may answer {code}"


def test_no_code_stands_in_the_table_twice() -> None:
    codes = [code for _meaning, listed in TABLE for code in listed.split()]
    assert sorted(codes) == sorted(set(codes))


def test_every_meaning_has_a_slug_of_ours_and_a_hint() -> None:
    for meaning, _codes in (*TABLE, (OTHER, "")):
        assert meaning.code.startswith("aws.")
        assert meaning.hint


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_an_answered_error_keeps_the_clouds_words_and_takes_our_slug(code: str) -> None:
    error = translate("restore-instance", answered(code, "so it is"))
    assert isinstance(error, CloudError)
    assert str(error) == f"restore-instance: so it is ({code}, DescribeDBInstances)"
    assert (error.code, error.hint, error.retryable) == (
        MEANINGS[code].code,
        MEANINGS[code].hint,
        MEANINGS[code].retryable,
    )


def test_an_unknown_code_is_shown_as_it_is() -> None:
    error = translate("here", answered("SomethingNew", ""))
    assert isinstance(error, CloudError)
    assert (error.what, error.code, error.retryable) == (
        "SomethingNew (SomethingNew, DescribeDBInstances)",
        "aws.failed",
        False,
    )


NOT_SENT = [
    exceptions.EndpointConnectionError(endpoint_url=URL, error="dns"),
    exceptions.ConnectTimeoutError(endpoint_url=URL),
    exceptions.ProxyConnectionError(proxy_url=URL),
]
NOT_HEARD = [
    exceptions.ReadTimeoutError(endpoint_url=URL),
    exceptions.ConnectionClosedError(endpoint_url=URL),
    exceptions.HTTPClientError(error="broken"),
    exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ResponseParserError("not what was expected"),
]


@pytest.mark.parametrize("error", [*NOT_SENT, *NOT_HEARD], ids=lambda error: type(error).__name__)
def test_a_call_without_an_answer_may_be_tried_again(error: Failure) -> None:
    ours = translate("here", error)
    assert isinstance(ours, CloudError)
    assert (ours.code, ours.retryable) == ("aws.timeout", True)


@pytest.mark.parametrize("error", NOT_HEARD, ids=lambda error: type(error).__name__)
def test_a_call_that_was_sent_may_have_had_its_effect(error: Failure) -> None:
    assert unanswered(error)


@pytest.mark.parametrize("error", NOT_SENT, ids=lambda error: type(error).__name__)
def test_a_call_that_was_not_sent_has_had_none(error: Failure) -> None:
    assert not unanswered(error)


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_only_a_service_that_broke_leaves_the_effect_open(code: str) -> None:
    assert unanswered(answered(code)) == (MEANINGS[code] is BROKEN)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.NoCredentialsError(),
        exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        exceptions.CredentialRetrievalError(provider="process", error_msg="it failed"),
        exceptions.TokenRetrievalError(provider="sso", error_msg="expired"),
        exceptions.UnauthorizedSSOTokenError(),
        exceptions.SSOTokenLoadError(profile_name="p", error_msg="gone"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_missing_and_expired_logins_are_one_thing_to_the_operator(error: BotoCoreError) -> None:
    ours = translate("AWS", error)
    assert isinstance(ours, CloudError)
    assert (ours.code, ours.retryable) == ("aws.credentials", False)


@pytest.mark.parametrize(
    ("error", "flag"),
    [
        (exceptions.ProfileNotFound(profile="p"), "--profile"),
        (exceptions.NoRegionError(), "--region"),
        (exceptions.InvalidRegionError(region_name="not a place"), "--region"),
    ],
)
def test_what_a_flag_can_mend_is_a_usage_error_that_names_it(error: BotoCoreError, flag: str) -> None:
    ours = translate("AWS", error)
    assert isinstance(ours, UsageError)
    assert ours.where == flag


def test_only_errors_of_the_library_are_translated() -> None:
    with pytest.raises(CloudError) as raised, translated("here"):
        raise answered("Throttling")
    assert isinstance(raised.value.__cause__, ClientError)
    with pytest.raises(KeyError), translated("here"):
        raise KeyError("a bug stays a bug")
