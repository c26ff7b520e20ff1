"""What a lab holds now, asked through the same API as everybody's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rdsrestore.domain.errors import UsageError
from rdsrestore.lab.clients import Cloud
from rdsrestore.lab.directory import State
from rdsrestore.lab.launch import control
from rdsrestore.lab.network.firewall import shown
from rdsrestore.lab.network.ssh import NAME
from rdsrestore.lab.surroundings import NONE


@cache
def client(state: State, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """A client of the lab's cloud; to make one takes longer than most calls."""
    return Cloud(state.endpoint, state.access_key, state.secret_key).client(service)


@contextmanager
def asked() -> Iterator[None]:
    """Raise a UsageError with the cloud's words where it refuses a call."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise UsageError("lab", str(error), "rdsrestore lab status shows what there is") from error


def status(state: State) -> dict[str, Any]:
    """List instances, clusters, the source network's groups with their rules, schedules, and count Slack's messages."""
    instances = [
        {"id": each["DBInstanceIdentifier"], "status": each["DBInstanceStatus"], "endpoint": endpoint(each)}
        for page in client(state, "rds").get_paginator("describe_db_instances").paginate()
        for each in page["DBInstances"]
    ]
    clusters = [
        {"id": each["DBClusterIdentifier"], "status": each["Status"]}
        for page in client(state, "rds").get_paginator("describe_db_clusters").paginate()
        for each in page["DBClusters"]
    ]
    groups = [
        {
            "id": each["GroupId"],
            "name": each["GroupName"],
            "rules": [text for rule in each["IpPermissions"] for text in shown(rule)],
        }
        for page in client(state, "ec2").get_paginator("describe_security_groups").paginate()
        for each in page["SecurityGroups"]
        if each["GroupName"] != "default"
    ]
    schedules = [each["Name"] for each in client(state, "scheduler").list_schedules()["Schedules"]]
    return {
        "instances": instances,
        "clusters": clusters,
        "security_groups": groups,
        "schedules": schedules,
        "slack": len(control(state, "slack")),
    }


def endpoint(instance: dict[str, Any]) -> str | None:
    """Write an instance's endpoint as host:port, None while it has none."""
    found = instance.get("Endpoint")
    return f"{found['Address']}:{found['Port']}" if found else None


def exports(state: State, ca: str, home: str) -> dict[str, str]:
    """The settings that point the tool, the AWS tools and the mysql client at the lab."""
    return {
        "RDSRESTORE_HOME": home,
        "AWS_ENDPOINT_URL": state.endpoint,
        "AWS_ACCESS_KEY_ID": state.access_key,
        "AWS_SECRET_ACCESS_KEY": state.secret_key,
        "AWS_REGION": state.region,
        "AWS_DEFAULT_REGION": state.region,
        **NONE,
        "RDSRESTORE_INSTANCE": "production",
        "RDSRESTORE_DATABASE": "shop",
        "RDSRESTORE_USER": state.user,
        "RDSRESTORE_PASSWORD": state.password,
        "RDSRESTORE_SSL_CA": ca,
        "RDSRESTORE_CHECKIP_URL": f"{state.endpoint}/_lab/checkip",
        "RDSRESTORE_CA_URL": f"{state.endpoint}/_lab/global-bundle.pem",
        "RDSRESTORE_POLL": "0.3",
        "RDSRESTORE_SLACK_API_URL": f"{state.endpoint}/slack/api/",
        "RDSRESTORE_SLACK_TOKEN": state.slack_token,
        "RDSRESTORE_SLACK_CHANNEL": state.slack_channel,
        **({"RDSRESTORE_VIA": f"ssh:{NAME}", "RDSRESTORE_SSH_CONFIG": state.ssh_config} if state.ssh_config else {}),
        **({"RDSRESTORE_VIA": f"ssm:{state.node}"} if state.node else {}),
        "MYSQL_HOST": state.host,
        "MYSQL_TCP_PORT": str(state.port),
        "MYSQL_PWD": state.password,
    }
