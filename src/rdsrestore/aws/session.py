"""Clients of the cloud: endpoints and credentials by the standard settings alone, every answer noted."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, RefreshWithMFAUnsupportedError

from rdsrestore.aws.errors import NO_CREDENTIALS, translated
from rdsrestore.domain.cloud.instance import ApiCall
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.ids import PREFIX

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

COMMON = Config(connect_timeout=10, read_timeout=60, user_agent_extra=PREFIX, tcp_keepalive=True)
READS = COMMON.merge(Config(retries={"mode": "standard", "total_max_attempts": 8}))
WRITES = COMMON.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
"""A call that changes something is never repeated unseen: whether it had its effect is looked up first."""
FIRST = COMMON.merge(Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}))
"""The call that everything begins with, so that a network without a way out is told soon; and what can be missed."""
QUICK = COMMON.merge(Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1}))
"""What is asked once, and done without where there is no answer."""


EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})


EXPIRATION = "AWS_CREDENTIAL_EXPIRATION"
"""Set beside the keys by the tools that export them from a sign-in."""


class CallLog:
    """The answered requests since they were last taken."""

    def __init__(self) -> None:
        self._calls: list[ApiCall] = []
        self._lock = threading.Lock()

    def note(self, service: str, operation: str, metadata: dict[str, Any]) -> None:
        """Keep one answer; requests that were only tried are not answers."""
        call = ApiCall(service, operation, str(metadata.get("RequestId", "")), int(metadata.get("HTTPStatusCode", 0)))
        with self._lock:
            self._calls.append(call)

    def take(self) -> Sequence[ApiCall]:
        """Return what was kept, and keep it no longer."""
        with self._lock:
            taken, self._calls = tuple(self._calls), []
        return taken


def region(profile: str | None, named: str | None) -> str:
    """Name the region that clients would ask; empty where there is none."""
    with translated("AWS"):
        session = boto3.Session(profile_name=profile, region_name=named or os.environ.get("AWS_REGION"))
    return session.region_name or ""


class Rest:
    """Sees that no call goes out on a connection that rested for so long that a network may have forgotten it.

    botocore's `tcp_keepalive` asks after the system's two hours; a call on a forgotten connection would wait for its
    whole timeout.
    """

    def __init__(self, client: Any, longest: float) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
        self._client = client
        self._longest = longest
        self._used = time.monotonic()

    def end(self, **_rest: object) -> None:
        """Close what rested too long; the call that follows makes a new connection."""
        now = time.monotonic()
        if now - self._used > self._longest:
            self._client.close()
        self._used = now


SignedIn = Callable[[str], bool]
"""Asks whether somebody has signed in again, once told why that is needed."""


def nobody(_trouble: str) -> bool:
    """Nobody has."""
    return False


class Clients:
    """The clients that the job uses, each made at its first use; a service that changes things has one more for that.

    A connection that was not used for `rests` seconds is closed before the next call. Where credentials that were
    taken before have ended, `signed_in` is asked, once told why, whether there are new ones by now.
    """

    def __init__(
        self,
        profile: str | None,
        region: str | None,
        log: CallLog,
        *,
        rests: float = USUAL.http_rests,
        signed_in: SignedIn = nobody,
    ) -> None:
        self._log = log
        self._rests = rests
        self._profile = profile
        self._signed_in = signed_in
        self._taken = False
        self._made: dict[tuple[str, Config], Any] = {}
        self._making = threading.RLock()
        with translated("AWS"):
            self.session = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
        self.rds: RDSClient = self._client("rds", READS)

    @property
    def region(self) -> str:
        """The region that is asked."""
        return self.rds.meta.region_name

    @property
    def profile(self) -> str:
        """The profile that was named; empty where none was."""
        return self._profile or ""

    @property
    def rds_writes(self) -> RDSClient:
        """The client that changes instances."""
        client: RDSClient = self._client("rds", WRITES)
        return client

    @property
    def ec2(self) -> EC2Client:
        """The client that reads groups and routes."""
        client: EC2Client = self._client("ec2", READS)
        return client

    @property
    def ec2_writes(self) -> EC2Client:
        """The client that changes groups."""
        client: EC2Client = self._client("ec2", WRITES)
        return client

    @property
    def sts(self) -> STSClient:
        """The client that knows who we are."""
        client: STSClient = self._client("sts", FIRST)
        return client

    def ssm(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Give the client that begins sessions."""
        return self._client("ssm", WRITES)

    def ecs(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Give the client that reads tasks."""
        return self._client("ecs", READS)

    def trail(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Give the client that reads the account's log of calls."""
        return self._client("cloudtrail", READS)

    def metrics(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Give the client that reads metrics; it can be missed, so that nobody waits for it."""
        return self._client("cloudwatch", QUICK)

    def logs(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Give the client that reads logs; nothing waits long for them."""
        return self._client("logs", FIRST)

    def secrets(self) -> SecretsManagerClient:
        """Give the client that reads secrets."""
        client: SecretsManagerClient = self._client("secretsmanager", READS)
        return client

    def scheduler(self) -> EventBridgeSchedulerClient:
        """Give the client that sets schedules; it is needed where a switch is wanted."""
        client: EventBridgeSchedulerClient = self._client("scheduler", READS)
        return client

    def iam(self) -> IAMClient:
        """Give the client that asks what is allowed."""
        client: IAMClient = self._client("iam", FIRST)
        return client

    def s3(self) -> S3Client:
        """Give the client that keeps copies."""
        client: S3Client = self._client("s3", READS)
        return client

    def _client(self, service: str, config: Config) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Make a client once; a session makes no two at a time."""
        with self._making:
            if (service, config) not in self._made:
                with translated("AWS"):
                    self._made[service, config] = self._make(service, config)
            return self._made[service, config]

    def _make(self, service: str, config: Config) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        client = self.session.client(service, config=config)  # type: ignore[call-overload]  # any service
        client.meta.events.register("before-call", self._signed)
        client.meta.events.register("before-call", Rest(client, self._rests).end)
        client.meta.events.register("after-call", self._heard)
        client.meta.events.register("needs-retry", self._renewed)
        return client

    def ends(self) -> datetime | None:
        """Say when credentials of the environment end, which nothing can renew in this process; None where unknown."""
        held = self.session.get_credentials()
        said = os.environ.get(EXPIRATION, "") if held and held.method == "env" else ""
        try:
            found = datetime.fromisoformat(said)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def _signed(self, **_rest: object) -> None:
        """Have credentials at hand before a call; raises what keeps them away, where nobody signs in again."""
        while error := self._ended():
            if not self._again(str(error)):
                raise error

    def _ended(self) -> BotoCoreError | None:
        """Say what keeps credentials from being taken; None where nothing does, or there are none.

        The library raises a RuntimeError where they ended and nothing renews them, an EOFError where a role wants the
        code of a device and there is no terminal, and one of its own where a role that had a code ended and wants
        another: these are a CredentialRetrievalError, as the others are.
        """
        held = self.session.get_credentials()
        if held is None:
            return None
        try:
            held.get_frozen_credentials()
        except RuntimeError:
            return CredentialRetrievalError(provider=held.method, error_msg="they have expired")
        except (EOFError, RefreshWithMFAUnsupportedError):
            why = "the role wants a code (MFA), which can't be asked for here: sign in beforehand"
            return CredentialRetrievalError(provider=held.method, error_msg=why)
        except NO_CREDENTIALS as error:
            return error
        return None

    def _again(self, trouble: str) -> bool:
        """Ask whether somebody has signed in again, where a sign-in was good before and can reach this process.

        What threads of ours do beside the run is asked for by nobody.
        """
        held = self.session.get_credentials()
        reachable = self._taken and held is not None and held.method != "env"
        return reachable and threading.current_thread() is threading.main_thread() and self._signed_in(trouble)

    def _renewed(self, response: tuple[object, Any] | None, attempts: int, **_rest: object) -> float | None:
        """Take up credentials that were renewed since, and have the call signed and sent again: it had no effect."""
        told = response[1].get("Error", {}) if response else {}
        held = self.session.get_credentials()
        if told.get("Code") not in EXPIRED or attempts > 1 or type(held) is not Credentials:  # others renew themselves
            return None
        while not self._take_up(held):
            if not self._again(str(told.get("Message") or told["Code"])):
                return None
        return 0.0

    def _take_up(self, held: Credentials) -> bool:
        """Take what is kept now in place of what is held; False where it is the same."""
        fresh = boto3.Session(profile_name=self._profile).get_credentials()
        if fresh is None or fresh.get_frozen_credentials() == held.get_frozen_credentials():
            return False
        for name in ("access_key", "secret_key", "token"):
            setattr(held, name, getattr(fresh, name))
        return True

    def _heard(self, model: Any, parsed: dict[str, Any], **_rest: object) -> None:  # noqa: ANN401 - botocore's event
        self._taken = self._taken or "Error" not in parsed
        self._log.note(model.service_model.service_name, model.name, parsed.get("ResponseMetadata", {}))
