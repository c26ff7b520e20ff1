"""The lab's front: RDS instances are answered here, everything else is moto's, and both speak the cloud's protocol."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from moto.ec2.models import ec2_backends

from rdsrestore.lab.clients import OWN
from rdsrestore.lab.cloud import query_protocol
from rdsrestore.lab.cloud.access import requests, trail
from rdsrestore.lab.cloud.access.role import refuse_untrusting
from rdsrestore.lab.cloud.access.trail import Trail
from rdsrestore.lab.cloud.clusters.cluster import Cluster
from rdsrestore.lab.cloud.clusters.register import Clusters
from rdsrestore.lab.cloud.faults import Faults, nothing
from rdsrestore.lab.cloud.filters import refuse_unknown
from rdsrestore.lab.cloud.instance import ACCOUNT, REGION, Instance
from rdsrestore.lab.cloud.rds import Rds
from rdsrestore.lab.network.session_manager import SERVICES, SessionManager
from rdsrestore.lab.network.slack_server import Slack

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
LOGS = "logs"
"""Answered by moto; its refusals are JSON."""
XML = "text/xml"
NAT = "203.0.113.7"
"""As what the outside sees a machine that goes out through another's address."""
REST = {
    ("scheduler", "POST"): "CreateSchedule",
    ("scheduler", "PUT"): "UpdateSchedule",
    ("scheduler", "GET"): "GetSchedule",
    ("scheduler", "DELETE"): "DeleteSchedule",
}
"""Actions that stand in no header and no form."""


@dataclass(frozen=True)
class Call:
    """One request to the cloud, as the call log keeps it."""

    service: str
    action: str
    form: Mapping[str, str]


@dataclass
class Overlay:
    """A WSGI application before moto's; `control` answers what stands under /_lab/.

    `heard` is told of each call to the scheduler. With `behind_nat` the outside sees its caller as another address.
    """

    moto: WSGIApplication
    rds: Rds
    actions: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]
    clusters: Clusters
    slack: Slack
    control: Callable[[str, dict[str, Any]], Any]
    calls: list[Call] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    heard: Callable[[], None] = nothing
    behind_nat: bool = False
    sessions: SessionManager | None = None
    trail: Trail = field(default_factory=Trail)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = str(environ.get("PATH_INFO", ""))
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        if path.startswith("/slack/"):
            kind = str(environ.get("CONTENT_TYPE", ""))
            status, answer = self.slack.post(path[7:], str(environ.get("HTTP_AUTHORIZATION", "")), body, kind)
            text = b"ok" if path.startswith("/slack/hook/") and status == 200 else json.dumps(answer).encode()  # noqa: PLR2004 - HTTP
            return reply(start, status, "application/json", text)
        if path == "/_lab/checkip":
            seen = NAT if self.behind_nat else environ.get("REMOTE_ADDR", "")
            return reply(start, 200, "text/plain", f"{seen}\n".encode())
        if path == "/_lab/global-bundle.pem":
            return reply(start, 403, "text/plain", b"a lab has a CA of its own: RDSRESTORE_SSL_CA")
        if path.startswith("/_lab/"):
            answer = self.control(path[6:], json.loads(body or b"{}"))
            return reply(start, 200, "application/json", json.dumps(answer, default=str).encode())
        return self._cloud(environ, body, start)

    def _cloud(self, environ: WSGIEnvironment, body: bytes, start: StartResponse) -> Iterable[bytes]:
        found = SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
        service = found.group(1) if found else ""
        form = (
            dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True)) if service in {"rds", "ec2", "iam"} else {}
        )
        action = form.get("Action", str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2])
        path = str(environ.get("PATH_INFO", ""))
        action = action or REST.get((service, str(environ.get("REQUEST_METHOD"))), path.partition("/operation/")[2])
        self.calls.append(Call(service, action, form))
        ours = OWN in str(environ.get("HTTP_USER_AGENT", ""))
        if service == "scheduler" and not ours:
            self.heard()
        try:
            asked = (
                () if ours or not self.faults.policy else requests.of(service, action, form or wish(path, body), self)
            )
            after = nothing if ours else self.faults.before(service, action, asked, trial=form.get("DryRun") == "true")
            if service == "scheduler":
                refuse_untrusting(wish(path, body))
            others = self.trail if service == trail.SERVICE else self.sessions if service in SERVICES else None
            if others:
                told = others.answer(service, action, json.loads(body))
                after()
                return reply(start, 200, "application/x-amz-json-1.1", json.dumps(told).encode())
            answer = self._own(service, action, form)
            if answer is None:
                return self._moto(environ, body, start, Call(service, action, form), after)
            after()
            return reply(start, 200, XML, answer)
        except query_protocol.Fault as error:
            if service in SERVICES | {trail.SERVICE, LOGS, *(name for name, _method in REST)}:
                said = {"__type": error.code, "message": error.message, "Message": error.message}
                return reply(start, error.status, "application/json", json.dumps(said).encode(), error.code)
            return reply(start, error.status, XML, query_protocol.fault(error, service))

    def tags_of(self, name: str) -> Mapping[str, str]:
        """Read the tags of what an ARN names."""
        kind, found = name.split(":")[5].split("/", maxsplit=1)[0], name.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
        if kind == "security-group":
            groups = ec2_backends[ACCOUNT][REGION]
            return {each["key"]: each["value"] for each in groups.describe_tags(filters={"resource-id": [found]})}
        held = self.rds.instances.get(found) if kind == "db" else self.clusters.clusters.get(found)
        return {each["Key"]: each["Value"] for each in held.shown.get("TagList", ())} if held else {}

    def key_of(self, _form: Mapping[str, Any]) -> str:
        """Name the customer's key that whatever is restored here is encrypted with; empty where there is none."""
        return next((each.shown["KmsKeyId"] for each in self.rds.backups.values() if "KmsKeyId" in each.shown), "")

    def members_of(self, cluster: str) -> Sequence[str]:
        """Name the instances of a cluster, by its name, as ARNs."""
        held = self.clusters.clusters.get(cluster)
        return [each.shown["DBInstanceArn"] for each in self.clusters.members(held)] if held else []

    def _own(self, service: str, action: str, form: Mapping[str, str]) -> bytes | None:
        if service == "rds" and action in self.actions:
            if action in {"AddTagsToResource", "ListTagsForResource"} and ":db:" not in form.get("ResourceName", ""):
                return None
            answer = self.actions[action](query_protocol.request(service, action, form))
            return query_protocol.response(service, action, answer)
        if service == "iam" and action == "SimulatePrincipalPolicy":
            return query_protocol.response(
                service, action, self.faults.simulate(query_protocol.request(service, action, form))
            )
        if service == "ec2":
            refuse_unknown(action, form)
        if service == "ec2" and action == "DeleteSecurityGroup":
            holders: list[Instance | Cluster] = [*self.rds.instances.values(), *self.clusters.clusters.values()]
            for each in holders:
                if form.get("GroupId") in each.groups:
                    raise query_protocol.Fault(
                        "DependencyViolation", f"resource {form['GroupId']} has a dependent object"
                    )
        return None

    def _moto(
        self, environ: WSGIEnvironment, body: bytes, start: StartResponse, call: Call, after: Callable[[], None]
    ) -> Iterable[bytes]:
        said: list[Any] = []

        def note(status: str, headers: list[tuple[str, str]], _trouble: object = None) -> Callable[[bytes], object]:
            said[:] = [status, headers]
            return lambda _data: None

        answer = b"".join(self.moto({**environ, "wsgi.input": io.BytesIO(body)}, note))
        status, headers = said
        if status.startswith("500") and answer.lstrip().startswith(b"<!doctype"):
            raise query_protocol.Fault("InvalidAction", f"the lab does not know {call.service}:{call.action}", 501)
        after()
        start(status, headers)
        return [answer]


def wish(path: str, body: bytes) -> dict[str, Any]:
    """Read a request that is no form: its JSON, and what its path names; nothing of one that has neither."""
    try:
        found = json.loads(body)
    except ValueError:
        found = {}
    named = {"Name": path.rsplit("/", 1)[-1]} if path.startswith("/schedules/") else {}
    return {**(found if isinstance(found, dict) else {}), **named}


def reply(start: StartResponse, status: int, kind: str, body: bytes, error: str = "") -> Iterable[bytes]:
    """Answer with a body; some protocols have the error's name in a header."""
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    headers += [("x-amzn-errortype", error)] if error else []
    start(f"{status} {'OK' if status < 400 else 'Error'}", headers)  # noqa: PLR2004 - HTTP
    return [body]
