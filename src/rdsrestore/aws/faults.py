"""What the cloud's error codes mean for the job: one table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from rdsrestore.core.errors import CloudError, UsageError


@dataclass(frozen=True)
class Meaning:
    """A stable code, a hint, and whether the same call may work later."""

    code: str
    hint: str
    retryable: bool = False


CREDENTIALS = Meaning(
    "aws.credentials", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run aws sso login, or use --profile"
)
DENIED = Meaning("aws.denied", "ask for the permission, or use --profile with another identity")
THROTTLED = Meaning("aws.throttled", "try again in a minute", retryable=True)
BROKEN = Meaning("aws.unavailable", "try again in a minute; the AWS health page may say more", retryable=True)
QUOTA = Meaning("aws.quota", "delete what is not needed, or ask for a higher quota")
CAPACITY = Meaning("aws.capacity", "try another --class")
SETTINGS = Meaning("aws.settings", "check the source's groups; they may have been deleted since")
WRONG = Meaning("aws.refused", "the message says which setting is wrong")
STATE = Meaning("aws.state", "try again when the instance is available", retryable=True)
MEANINGS: dict[str, Meaning] = {
    "AccessDenied": DENIED,
    "AccessDeniedException": DENIED,
    "UnauthorizedOperation": DENIED,
    "ExpiredToken": CREDENTIALS,
    "ExpiredTokenException": CREDENTIALS,
    "RequestExpired": CREDENTIALS,
    "InvalidClientTokenId": CREDENTIALS,
    "AuthFailure": CREDENTIALS,
    "SignatureDoesNotMatch": CREDENTIALS,
    "UnrecognizedClientException": CREDENTIALS,
    "Throttling": THROTTLED,
    "ThrottlingException": THROTTLED,
    "RequestLimitExceeded": THROTTLED,
    "InternalFailure": BROKEN,
    "InternalError": BROKEN,
    "ServiceUnavailable": BROKEN,
    "Unavailable": BROKEN,
    "500": BROKEN,
    "502": BROKEN,
    "503": BROKEN,
    "504": BROKEN,
    "DBInstanceNotFound": Meaning("aws.no-instance", "check --instance and --region"),
    "DBInstanceAlreadyExists": Meaning("aws.name-taken", "run again: each run has a name of its own"),
    "DBSnapshotNotFound": Meaning("aws.no-snapshot", "check --snapshot"),
    "PointInTimeRestoreNotEnabled": Meaning("aws.no-backups", "use --snapshot ID"),
    "InvalidParameterValue": WRONG,
    "InvalidParameterCombination": WRONG,
    "InvalidRestoreFault": WRONG,
    "InvalidVPCNetworkStateFault": SETTINGS,
    "InvalidSubnet": SETTINGS,
    "DBSubnetGroupNotFoundFault": SETTINGS,
    "DBSubnetGroupDoesNotCoverEnoughAZs": SETTINGS,
    "DBParameterGroupNotFound": SETTINGS,
    "OptionGroupNotFoundFault": SETTINGS,
    "DBSecurityGroupNotFound": SETTINGS,
    "CertificateNotFound": SETTINGS,
    "InvalidGroup.NotFound": SETTINGS,
    "InstanceQuotaExceeded": QUOTA,
    "StorageQuotaExceeded": QUOTA,
    "SecurityGroupLimitExceeded": QUOTA,
    "RulesPerSecurityGroupLimitExceeded": QUOTA,
    "InsufficientDBInstanceCapacity": CAPACITY,
    "StorageTypeNotSupported": SETTINGS,
    "ProvisionedIopsNotAvailableInAZFault": CAPACITY,
    "NetworkTypeNotSupported": SETTINGS,
    "KMSKeyNotAccessibleFault": Meaning("aws.kms", "ask for the use of the instance's encryption key"),
    "InvalidDBInstanceState": STATE,
    "DependencyViolation": Meaning("aws.in-use", "wait some minutes, then rdsrestore cleanup", retryable=True),
    "ResourceNotFoundException": Meaning("aws.no-secret", "check password_secret in rdsrestore.toml"),
    "DecryptionFailure": Meaning("aws.kms", "ask for the use of the secret's encryption key"),
}
OTHER = Meaning("aws.failed", "the message is the cloud's own")


def code_of(error: BaseException) -> str:
    """Return the code of an answer, empty where there was no answer."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def unanswered(error: BaseException) -> bool:
    """Whether a call may have had its effect although it failed.

    No answer came, or the service broke while answering.
    """
    return isinstance(error, HTTPClientError) or MEANINGS.get(code_of(error)) is BROKEN


def translate(where: str, error: ClientError | BotoCoreError) -> CloudError | UsageError:
    """Turn the library's error into ours."""
    if isinstance(error, ClientError):
        code = code_of(error)
        meaning = MEANINGS.get(code, OTHER)
        what = f"{error.response['Error'].get('Message') or code} ({code}, {error.operation_name})"
        return CloudError(where, what, meaning.hint, code=meaning.code, retryable=meaning.retryable)
    if isinstance(error, ProfileNotFound):
        return UsageError("--profile", str(error), "name a section of rdsrestore.toml or an AWS profile")
    if isinstance(error, NoRegionError):
        return UsageError("--region", "no region is set", "use --region, or set AWS_REGION")
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError | TokenRetrievalError):
        return CloudError(where, f"no usable AWS credentials: {error}", CREDENTIALS.hint, code=CREDENTIALS.code)
    if isinstance(error, EndpointConnectionError | HTTPClientError):
        return CloudError(
            where, "AWS does not answer", "check the network and --region", code="aws.timeout", retryable=True
        )
    return CloudError(where, str(error), OTHER.hint, code=OTHER.code)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Let only errors of ours out."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(where, error) from error
