"""Sessions of Systems Manager that forward a port to a database, begun and ended; a plugin carries them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from rdsrestore.aws.errors import FAILURES, translated
from rdsrestore.aws.session import Clients
from rdsrestore.domain.cloud.bastion import Container, Forwarding, Managed
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import PREFIX, Endpoint
from rdsrestore.domain.secret import Secret

DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"
"""Forwards to an address behind the node, from a free port of this machine where none is given."""


class SessionManager:
    """Sessions to one node or container."""

    def __init__(self, clients: Clients, target: Managed) -> None:
        self._clients = clients
        self.target = target

    def start(self, endpoint: Endpoint) -> Forwarding:
        """Begin a session; CloudError where AWS lets nobody in there.

        The words are what AWS's own command line gives its plugin after the session.
        """
        wish = {
            "Target": self._named(),
            "DocumentName": DOCUMENT,
            "Parameters": {"host": [endpoint.host], "portNumber": [str(endpoint.port)]},
            "Reason": PREFIX,
        }
        with translated("--via"):
            ssm = self._clients.ssm()
            begun = ssm.start_session(**wish)
        token = json.dumps({name: begun[name] for name in ("SessionId", "TokenValue", "StreamUrl")})
        words = (self._clients.region, "StartSession", self._clients.profile, json.dumps(wish), ssm.meta.endpoint_url)
        return Forwarding(str(begun["SessionId"]), Secret(token), words)

    def end(self, session: str) -> None:
        """End a session; one that can't be ended ends by itself once it is idle."""
        with contextlib.suppress(*FAILURES, CloudError):
            self._clients.ssm().terminate_session(SessionId=session)

    def _named(self) -> str:
        """Name the target as StartSession takes it: a container by its runtime's id (ECS API reference, Container)."""
        if not isinstance(self.target, Container):
            return self.target.id
        cluster, task = self.target.cluster, self.target.task
        with translated("--via"):
            tasks: list[Any] = self._clients.ecs().describe_tasks(cluster=cluster, tasks=[task])["tasks"]
        found = {each["name"]: each.get("runtimeId", "") for one in tasks for each in one["containers"]}
        runtime = found.get(self.target.name)
        if not runtime:
            running = f"; its containers are {', '.join(sorted(found))}" if found else ""
            what = f"no container {self.target.name} runs in task {task} of {cluster}{running}"
            raise CloudError("--via", what, "name one of a running task that was started with execute command enabled")
        return f"ecs:{cluster}_{task}_{runtime}"
