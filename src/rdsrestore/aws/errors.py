"""What the cloud's error codes mean for the job: one table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from rdsrestore.domain.errors import CloudError, UsageError

Failure: TypeAlias = ClientError | BotoCoreError | ResponseParserError
FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""All that a call to the cloud may raise."""


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
SILENT = Meaning("aws.timeout", "check the network, the proxy settings and --region", retryable=True)
BROKEN = Meaning("aws.unavailable", "try again in a minute; the AWS health page may say more", retryable=True)
QUOTA = Meaning("aws.quota", "delete what is not needed, or ask for a higher quota")
CAPACITY = Meaning("aws.capacity", "try another --class")
SETTINGS = Meaning("aws.settings", "check the groups that the source uses; one may have been deleted since")
WRONG = Meaning("aws.refused", "the message says which setting is wrong; --class takes another class for the copy")
STATE = Meaning("aws.state", "try again when it is available", retryable=True)
KMS = Meaning("aws.kms", "ask for the use of the encryption key that the message names")
NO_INSTANCE = Meaning("aws.no-instance", "check --instance and --region")
NO_CLUSTER = Meaning("aws.no-cluster", "check --instance and --region")
NO_SNAPSHOT = Meaning("aws.no-snapshot", "check --snapshot and --region")
NO_BACKUPS = Meaning("aws.no-backups", "none are kept: use --snapshot ID, or another --backups-of")
NO_SECRET = Meaning("aws.no-secret", "check password_secret in rdsrestore.toml")
TAKEN = Meaning("aws.name-taken", "run again: each run has a name of its own", retryable=True)
"""What is ours is adopted when the cloud shows it, which may be later than it refuses to make another."""
IN_USE = Meaning("aws.in-use", "wait some minutes, then rdsrestore cleanup", retryable=True)
OTHER = Meaning("aws.failed", "the message is the cloud's own")

TABLE: tuple[tuple[Meaning, str], ...] = (
    (DENIED, "AccessDenied AccessDeniedException UnauthorizedOperation OptInRequired Blocked PendingVerification"),
    (CREDENTIALS, "ExpiredToken ExpiredTokenException RequestExpired InvalidClientTokenId AuthFailure"),
    (CREDENTIALS, "SignatureDoesNotMatch UnrecognizedClientException MissingAuthenticationToken IncompleteSignature"),
    (THROTTLED, "Throttling ThrottlingException RequestLimitExceeded TooManyRequestsException"),
    (BROKEN, "InternalFailure InternalError InternalServiceError ServiceUnavailable Unavailable RequestTimeout"),
    (BROKEN, "500 502 503 504"),
    (NO_INSTANCE, "DBInstanceNotFound"),
    (NO_CLUSTER, "DBClusterNotFoundFault"),
    (NO_SNAPSHOT, "DBSnapshotNotFound DBClusterSnapshotNotFoundFault"),
    (NO_BACKUPS, "PointInTimeRestoreNotEnabled DBInstanceAutomatedBackupNotFound"),
    (NO_BACKUPS, "DBClusterAutomatedBackupNotFoundFault"),
    (NO_SECRET, "ResourceNotFoundException InvalidRequestException InvalidParameterException"),
    (TAKEN, "DBInstanceAlreadyExists DBSnapshotAlreadyExists InvalidGroup.Duplicate InvalidPermission.Duplicate"),
    (TAKEN, "DBClusterAlreadyExistsFault"),
    (IN_USE, "DependencyViolation InvalidGroup.InUse"),
    (STATE, "InvalidDBInstanceState InvalidDBClusterStateFault InvalidDBSnapshotState InvalidDBSecurityGroupState"),
    (STATE, "InvalidDBClusterSnapshotStateFault"),
    (WRONG, "InvalidParameterValue InvalidParameterCombination InvalidRestoreFault DBUpgradeDependencyFailure"),
    (SETTINGS, "InvalidVPCNetworkStateFault InvalidSubnet DBSubnetGroupNotFoundFault InvalidVpcID.NotFound"),
    (SETTINGS, "DBSubnetGroupDoesNotCoverEnoughAZs DBParameterGroupNotFound OptionGroupNotFoundFault"),
    (SETTINGS, "DBSecurityGroupNotFound CertificateNotFound InvalidGroup.NotFound DomainNotFoundFault"),
    (SETTINGS, "StorageTypeNotSupported NetworkTypeNotSupported VpcEncryptionControlViolationException"),
    (SETTINGS, "DBClusterParameterGroupNotFound StorageTypeNotSupportedFault"),
    (SETTINGS, "AuthorizationNotFound BackupPolicyNotFoundFault"),
    (QUOTA, "InstanceQuotaExceeded StorageQuotaExceeded SnapshotQuotaExceeded TenantDatabaseQuotaExceeded"),
    (QUOTA, "DBInstanceAutomatedBackupQuotaExceeded DBClusterQuotaExceededFault DBClusterRoleQuotaExceeded"),
    (QUOTA, "SecurityGroupLimitExceeded RulesPerSecurityGroupLimitExceeded"),
    (CAPACITY, "InsufficientDBInstanceCapacity ProvisionedIopsNotAvailableInAZFault"),
    (CAPACITY, "InsufficientDBClusterCapacityFault InsufficientStorageClusterCapacity"),
    (CAPACITY, "DBCapacityReservationNotFound InvalidDBCapacityReservationState"),
    (KMS, "KMSKeyNotAccessibleFault DecryptionFailure"),
)
MEANINGS = {code: meaning for meaning, codes in TABLE for code in codes.split()}
NOT_SENT = (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyConnectionError)
NOT_HEARD = (exceptions.HTTPClientError, exceptions.IncompleteReadError, ResponseParserError)
NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.NoAuthTokenError,
    exceptions.SSOError,
    exceptions.LoginError,
)
ENCODED = " Encoded authorization failure message"
"""What EC2 adds to a denial: hundreds of letters that only another call could read."""


def code_of(error: BaseException) -> str:
    """Return the code of an answer, empty where there was no answer."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def unanswered(error: BaseException) -> bool:
    """Whether a call may have had its effect although it failed.

    It was sent and no answer came, or the service broke while answering.
    """
    return isinstance(error, NOT_HEARD) or MEANINGS.get(code_of(error)) is BROKEN


def translate(where: str, error: Failure) -> CloudError | UsageError:
    """Turn the library's error into ours."""
    if isinstance(error, ClientError):
        code = code_of(error)
        said = str(error.response["Error"].get("Message") or code).partition(ENCODED)[0]
        return cloud_error(where, f"{said} ({code}, {error.operation_name})", MEANINGS.get(code, OTHER))
    return wrong_setting(error) or no_answer(where, error)


def wrong_setting(error: Exception) -> UsageError | None:
    """Name the flag that is wrong or missing; None where it is none."""
    if isinstance(error, exceptions.ProfileNotFound):
        return UsageError("--profile", str(error), "name a section of rdsrestore.toml or an AWS profile")
    if isinstance(error, exceptions.NoRegionError):
        return UsageError("--region", "no region is set", "use --region, or set AWS_REGION")
    if isinstance(error, exceptions.InvalidRegionError):
        return UsageError("--region", str(error), "use --region with a name such as eu-central-1")
    return None


def no_answer(where: str, error: Exception) -> CloudError:
    """Say why there was no answer."""
    if isinstance(error, NO_CREDENTIALS):
        return cloud_error(where, f"no usable AWS credentials: {error}", CREDENTIALS)
    if isinstance(error, (*NOT_SENT, *NOT_HEARD)):
        return cloud_error(where, "the API does not answer", SILENT)
    return cloud_error(where, str(error), OTHER)


def cloud_error(where: str, what: str, meaning: Meaning) -> CloudError:
    """Make an error of ours out of a meaning."""
    return CloudError(where, what, meaning.hint, code=meaning.code, retryable=meaning.retryable)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Let only errors of ours out."""
    try:
        yield
    except FAILURES as error:
        raise translate(where, error) from error
