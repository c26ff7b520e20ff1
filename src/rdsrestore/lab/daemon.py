"""The lab's process: the cloud's front, the servers behind it, and a Slack.

Started by `lab up`, ended by `lab down`.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from rdsrestore.lab import account
from rdsrestore.lab.clients import Cloud
from rdsrestore.lab.cloud.access.policy import Asked, Policy
from rdsrestore.lab.cloud.clusters import kinds
from rdsrestore.lab.cloud.clusters.cluster import Cluster
from rdsrestore.lab.cloud.clusters.handlers import ClusterHandlers
from rdsrestore.lab.cloud.clusters.register import Clusters
from rdsrestore.lab.cloud.defaults import KEY, Network, seeded
from rdsrestore.lab.cloud.handlers import Handlers
from rdsrestore.lab.cloud.instance import ACCOUNT, REGION, Instance
from rdsrestore.lab.cloud.overlay import Overlay
from rdsrestore.lab.cloud.rds import Pace, Rds
from rdsrestore.lab.cloud.schedules import Schedules
from rdsrestore.lab.cloud.stored.backups import AutomatedBackup
from rdsrestore.lab.directory import CONTAINERS, LabDirectory, Options, State
from rdsrestore.lab.network import session_manager
from rdsrestore.lab.network.firewall import Firewall
from rdsrestore.lab.network.iam_auth import Front, Keys
from rdsrestore.lab.network.session_manager import SessionManager
from rdsrestore.lab.network.slack_server import Slack
from rdsrestore.lab.network.ssh import Bastion
from rdsrestore.lab.servers import retention, seed, tls
from rdsrestore.lab.servers.local import LocalServers
from rdsrestore.lab.servers.programs import choose
from rdsrestore.lab.servers.servers import Servers, Tls

USER = "admin"
IAM_USER = "by_token"


class Quiet(WSGIRequestHandler):
    """Serves without a line a request."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class's signature
        """Say nothing."""


class Lab:
    """Everything that one lab is made of."""

    def __init__(self, place: LabDirectory, options: Options) -> None:
        self._place = place
        self._options = options
        self._password = secrets.token_urlsafe(18)
        self.slack = Slack(f"xoxb-{secrets.token_hex(12)}", "#incidents", secrets.token_urlsafe(24))
        tls.make(place.folder / "tls")
        files = Tls(place.ca, place.folder / "tls" / "server.pem", place.folder / "tls" / "server.key")
        self.servers: Servers = make_servers(place, files, options)
        self.rds = Rds(
            servers=self.servers,
            pace=Pace(restore=options.restore_delay, lag=options.lag, settle=options.settle),
            allows=self._allows,
            drop=options.deny == "drop",
            earliest=datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=options.history),
        )
        self._http = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=Quiet)
        self.cloud = Cloud(
            f"http://127.0.0.1:{self._http.server_port}",
            "AKIA" + secrets.token_hex(8).upper(),
            secrets.token_urlsafe(30),
        )
        self._firewall = Firewall(self.cloud)
        network, self.clusters = Network(self.cloud), Clusters(self.rds)
        instances, clusters = Handlers(self.rds, network), ClusterHandlers(self.clusters, network)
        self._bastion = Bastion(place.folder / "bastion") if options.bastion else None
        self._sessions = SessionManager(place.bin) if options.session_manager else None
        self.rds.sees = between.sees if (between := self._bastion or self._sessions) else self.rds.sees
        self.overlay = Overlay(
            moto=DomainDispatcherApplication(create_backend_app),
            rds=self.rds,
            actions={**instances.actions, **clusters.actions},
            clusters=self.clusters,
            slack=self.slack,
            control=self._control,
            behind_nat=options.behind_nat,
            sessions=self._sessions,
        )
        threading.Thread(target=self._http.serve_forever, daemon=True, name="http").start()
        targets = {"deleteDBInstance": instances.delete, "deleteDBCluster": clusters.delete}
        self.schedules = Schedules(self.cloud, targets, self.overlay, self.overlay.trail)
        self.overlay.heard = self.schedules.wake

    def _front(self) -> Front:
        """Stand before the servers for the user that logs in by tokens of the account's keys."""
        chain = (self._place.folder / "tls" / "server.pem", self._place.folder / "tls" / "server.key")
        keys = Keys(self.cloud.access_key, self.cloud.secret_key, REGION)
        return Front(keys, {IAM_USER: secrets.token_urlsafe(18)}, chain, self._connects)

    def _app(self, environ: dict[str, Any], start: Any) -> Any:  # noqa: ANN401 - WSGI
        return self.overlay(environ, start)

    def _allows(self, groups: list[str], peer: str, port: int) -> bool:
        return self._firewall.allows(groups, peer, port)

    def raise_up(self) -> State:
        """Make production and its account, the server beside the account; returns how to reach it all."""
        self.rds.front = self._front() if self._options.iam else None
        family, release = self.servers.describe()
        engine, version = kinds.sold_as(self._options.kind, family, release)
        tables = seed.shop(self._options.rows) if self._options.rows else ""
        users = {USER: self._password, **(self.rds.front.users if self.rds.front else {})}
        sql = seed.account(users, family) + retention.PROCEDURES + tables
        with ThreadPoolExecutor(1) as pool:
            made = pool.submit(account.make, self.cloud, engine, version, managed=self._options.managed)
            server = self.rds.pool.submit(self.servers.source, "production", sql)
            ids, running = made.result(), server.result()
        network = Network(self.cloud)
        shown = seeded(engine, version, network.subnets("production-subnets"), network.groups([ids.group], "active"))
        shown |= self._as_asked(ids.secret)
        self._keep(Instance(shown, server=running))
        port = int(shown["Endpoint"]["Port"])
        login = {"username": USER, "password": self._password, "host": "127.0.0.1", "port": port, "engine": engine}
        between = self._bastion or self._sessions
        account.let_in(self.cloud, ids, port, login, between.address if between else "127.0.0.1")
        self._login, self._secret = login, ids.secret
        return State(
            pid=os.getpid(),
            endpoint=self.cloud.endpoint,
            host="127.0.0.1",
            port=port,
            user=USER,
            password=self._password,
            access_key=self.cloud.access_key,
            secret_key=self.cloud.secret_key,
            region=REGION,
            secret_arn=ids.secret,
            slack_token=self.slack.token,
            slack_channel=self.slack.channel,
            slack_hook=f"{self.cloud.endpoint}/slack/hook/{self.slack.hook}",
            engine=f"{engine} {version}",
            ssh_config=str(self._bastion.config) if self._bastion else "",
            node=session_manager.NODE if self._sessions else "",
        )

    def _as_asked(self, secret: str) -> dict[str, Any]:
        """Say what the options make of production."""
        shown = kinds.of_kind(self._options.kind)
        if self._options.customer_key:
            shown |= {"StorageEncrypted": True, "KmsKeyId": KEY}
        if self._options.managed:
            shown |= {"MasterUserSecret": {"SecretArn": secret, "SecretStatus": "active"}}
        return shown

    def _keep(self, production: Instance) -> None:
        """Register production, with its backups and the cluster it may be the writer of."""
        shown, name = production.shown, production.name
        self.rds.open(production)
        self.rds.instances[name] = production
        self.rds.backups[shown["DbiResourceId"]] = AutomatedBackup(shown, self.rds.earliest)
        if production.cluster:
            whole = kinds.cluster(self._options.kind, shown, self.rds.earliest)
            self.clusters.keep(Cluster(whole, production.server, name, name))

    def _rotate(self) -> None:
        """Change the master user's password as Secrets Manager does: on the server, then in the secret."""
        password, store = secrets.token_urlsafe(18), self.cloud.client("secretsmanager")
        self.rds.set_password(self.rds.instances["production"], password)
        account.keep(store, self._secret, self._login | {"password": password})
        state = self._place.running()
        self._place.write(replace(state, password=password))

    def close(self) -> None:
        """Stop every server."""
        self.schedules.close()
        if self._bastion:
            self._bastion.close()
        for instance in list(self.rds.instances.values()):
            instance.gone.set()
            instance.close()
        self.clusters.close()

    def _control(self, name: str, wish: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        wishes: dict[str, Callable[[dict[str, Any]], Any]] = {
            "ending": self._ending,
            "slack": self._slack,
            "fault": lambda wish: self.overlay.faults.plan(wish["kind"], wish["action"], int(wish["times"])),
            "faults": lambda _wish: self.overlay.faults.happened,
            "network": self._network,
            "rotate": lambda _wish: self._rotate(),
            "policy": self._policy,
            "snapshot": lambda wish: {"id": self.rds.snap_as(wish["name"], wish["kind"], wish["version"])},
            "sessions": lambda _wish: self._sessions.open() if self._sessions else {},
            "calls": lambda _wish: [asdict(call) for call in self.overlay.calls],
        }
        answer = wishes[name](wish) if name in wishes else None
        return {"ok": True} if answer is None else answer

    def _ending(self, wish: dict[str, Any]) -> None:
        self.rds.endings = [] if wish["status"] == "none" else [*self.rds.endings, str(wish["status"])]

    def _slack(self, wish: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        self.slack.down = bool(wish.get("down", self.slack.down))
        if wish.get("text"):
            self.slack.post("hook/" + self.slack.hook, "", json.dumps({"text": wish["text"]}).encode(), "json")
        return self.slack.messages

    def _network(self, wish: dict[str, Any]) -> dict[str, Any]:
        self.rds.network.delay = float(wish.get("delay", 0))
        self.rds.network.loss = float(wish.get("loss", 0))
        self.rds.network.forget_idle = float(wish.get("forget_idle", 0))
        everywhere, forgotten = bool(wish.get("everywhere")), self.rds.network.forgotten
        asked = self.rds.network.fall_silent(int(wish.get("silent_at", 0)), everywhere=everywhere)
        return {"asked": asked, "forgotten": forgotten}

    def _policy(self, wish: dict[str, Any]) -> None:
        statements = wish.get("statements")
        self.overlay.faults.policy = None if statements is None else Policy(statements)

    def _connects(self, user: str) -> bool:
        place = f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:production/{user}"
        return self.overlay.faults.allows(Asked("rds-db:connect", place))


def make_servers(place: LabDirectory, files: Tls, options: Options) -> Servers:
    """Choose where servers run."""
    if options.image:
        (place.folder / CONTAINERS).touch()
        from rdsrestore.lab.servers.containers import ContainerServers  # noqa: PLC0415 - Docker is needed only here

        return ContainerServers(place.folder / "servers", files, options.image)
    programs = choose(options.server)
    programs.lend(place.bin)
    return LocalServers(place.folder / "servers", files, programs, kept=options.binlog_kept)


def main() -> None:
    """Run a lab in the directory given until a signal ends it; what stops it from coming up is left in `failed`."""
    place = LabDirectory(Path(sys.argv[1]))
    options = Options(**json.loads(sys.argv[2]))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop.set())
    lab = Lab(place, options)
    try:
        place.write(lab.raise_up())
        stop.wait()
    except Exception as error:  # noqa: BLE001 - whatever it was, `lab up` is waiting to be told
        (place.folder / "failed").write_text(str(error))
        traceback.print_exc()
    finally:
        lab.close()
    os._exit(0)  # worker threads may still be waiting on what is gone now
