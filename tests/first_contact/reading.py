"""The questions that only read."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pymysql

from first_contact.account import Account
from first_contact.findings import Answer, Findings, said
from rdsrestore.aws.errors import FAILURES, MEANINGS, code_of
from rdsrestore.aws.rds.restored_instance import USABLE
from rdsrestore.aws.rds.snapshots import KINDS
from rdsrestore.aws.tags import MANAGED, RUN
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.health import State
from rdsrestore.mysql.binlog import keep
from rdsrestore.mysql.schema import server_info
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.write.throttle import STATEMENTS, UNKNOWN

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef

HIDDEN = re.compile(r" IDENTIFIED .*?(?= REQUIRE | WITH GRANT OPTION|$)")
"""How a grant says by what somebody logs in: a hash of the password, which is nobody's business."""
OTHER_REGIONS = ("us-east-1", "eu-west-1")
SNAPSHOT_OF_RDS = "rds:"
"""How the names of automated snapshots begin."""


def identity(at: Account) -> Answer:
    me = at.cloud.identity()
    return Answer(f"{me.arn} in {at.clients.region}", supposed=True)


def instance(at: Account) -> Answer:
    found = at.source
    what = f"{found.engine} {found.version}, {found.instance_class}, {found.storage} GiB {found.storage_type}"
    return Answer(f"{what}, {found.status}", found.status in USABLE)


def fields(at: Account) -> Answer:
    """What a description has that the restored instance's own description is made of."""
    wanted = (
        *("DbiResourceId", "DBSubnetGroup", "DBParameterGroups", "OptionGroupMemberships", "StorageType"),
        *("CACertificateIdentifier", "NetworkType", "LatestRestorableTime", "VpcSecurityGroups"),
    )
    of_cluster = {"LatestRestorableTime", "NetworkType"} if at.source.member_of else set[str]()
    missing = [name for name in wanted if name not in of_cluster and not at.shown.get(name)]
    return Answer(f"without {', '.join(missing)}" if missing else "has all that is copied", not missing)


def backups(at: Account) -> Answer:
    found = at.source
    return Answer(f"{found.earliest} to {found.latest}", bool(found.earliest and found.latest))


def cluster_backups(at: Account) -> Answer:
    """What the restore of a cluster that was deleted goes by."""
    cluster = at.source.member_of
    if cluster is None:
        return Answer("it is in no cluster", supposed=None)
    found = at.clients.rds.describe_db_cluster_automated_backups(DbClusterResourceId=cluster.resource_id)
    windows = [each.get("RestoreWindow") for each in found["DBClusterAutomatedBackups"]]
    return Answer(f"{len(windows)} by {cluster.resource_id}: {windows}", len(windows) == 1 and all(windows))


def by_arn(at: Account) -> Answer:
    arn = at.shown["DBInstanceArn"]
    found = at.clients.rds.describe_db_instances(DBInstanceIdentifier=arn)["DBInstances"]
    return Answer(f"{len(found)} described by {arn}", len(found) == 1)


def by_foreign_arn(at: Account) -> Answer:
    """A replica of another region is never described from here, since that is said to be refused."""
    parts = at.shown["DBInstanceArn"].split(":")
    parts[3] = next(each for each in OTHER_REGIONS if each != at.clients.region)
    try:
        at.clients.rds.describe_db_instances(DBInstanceIdentifier=":".join(parts))
    except FAILURES as error:
        return Answer(f"refused: {said(error)}", code_of(error) in MEANINGS)
    return Answer("described", supposed=None)


def automated_snapshot(at: Account) -> Answer:
    """One that RDS made by itself, asked for by its name: each kind in turn, until one shows it."""
    names = [each.id for each in at.cloud.snapshots(at.instance) if each.id.startswith(SNAPSHOT_OF_RDS)]
    if not names:
        return Answer("there is none yet", supposed=None)
    shown = [kind or "no kind" for kind in KINDS if shows(at, names[0], kind)]
    found = at.cloud.snapshot(names[0])
    return Answer(f"{names[0]} is shown with {', '.join(shown)}", found.id == names[0])


def shows(at: Account, snapshot: str, kind: str) -> bool:
    wish: dict[str, Any] = {"SnapshotType": kind} if kind else {}
    try:
        return bool(at.clients.rds.describe_db_snapshots(DBSnapshotIdentifier=snapshot, **wish)["DBSnapshots"])
    except FAILURES:
        return False


def listed_snapshots(at: Account) -> Answer:
    found = at.cloud.snapshots(at.instance)
    return Answer(f"{len(found)}", all(each.instance == at.instance for each in found))


def rules(name: str, value: Callable[[Account], str], at: Account) -> Answer:
    filters: list[FilterTypeDef] = [{"Name": name, "Values": [value(at)]}]
    pages = at.clients.ec2.get_paginator("describe_security_group_rules").paginate(Filters=filters)
    found = [each for page in pages for each in page["SecurityGroupRules"]]
    return Answer(f"{len(found)} rules", all("SecurityGroupRuleId" in each for each in found))


def groups(name: str, value: Callable[[Account], str], at: Account) -> Answer:
    filters: list[FilterTypeDef] = [{"Name": name, "Values": [value(at)]}]
    pages = at.clients.ec2.get_paginator("describe_security_groups").paginate(Filters=filters)
    return Answer(f"{sum(len(page['SecurityGroups']) for page in pages)} groups", supposed=True)


def own_group(at: Account) -> str:
    return str(at.shown["VpcSecurityGroups"][0]["VpcSecurityGroupId"])


def tags(at: Account) -> Answer:
    found = at.clients.rds.list_tags_for_resource(ResourceName=at.shown["DBInstanceArn"])["TagList"]
    same = sorted(map(str, found)) == sorted(map(str, at.shown.get("TagList", [])))
    return Answer(f"{len(found)} tags, {'the same' if same else 'others'} in the description", supposed=True)


def events(at: Account) -> Answer:
    found = at.clients.rds.describe_events(SourceIdentifier=at.instance, SourceType="db-instance", Duration=1440)
    return Answer(f"{len(found['Events'])} in a day", supposed=True)


def trial(at: Account) -> Answer:
    denied = at.cloud.denied(at.source.vpc)
    return Answer(f"denied: {', '.join(denied)}" if denied else "not denied", not denied)


def simulated(at: Account) -> Answer:
    doubted = at.cloud.doubted(switch=bool(at.settings.given.get("switch_role")))
    return Answer(f"not allowed: {', '.join(doubted)}" if doubted else "nothing doubted", not doubted)


def price(at: Account) -> Answer:
    found = at.cloud.hourly_cost(at.source, at.source.instance_class)
    return Answer(f"{found} USD an hour" if found else "not known", True if found else None)


def certificate(at: Account) -> Answer:
    """As the tool takes it: host name and chain, without what X509_STRICT adds."""
    version, cipher = at.production.one("SELECT VERSION(), @@hostname")[0], at.production.one(CIPHER)[1]
    return Answer(f"accepted by {at.settings.ssl_ca or 'this system'}: {version}, {cipher}", bool(cipher))


CIPHER = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"


def strict_certificate(at: Account) -> Answer:
    """As Python 3.13 takes it by itself; the tool does not ask for that."""
    context = ssl.create_default_context(cafile=at.settings.ssl_ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    where, password = at.source.endpoint, at.password().reveal()
    try:
        pymysql.connect(host=where.host, port=where.port, user=at.user, password=password, ssl=context).close()
    except pymysql.MySQLError as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Answer(f"refused: {cause.verify_message}", supposed=None)
        raise DatabaseError("production", f"no login: {error.args[-1]}", code="db.unreachable") from error
    return Answer("accepted", supposed=None)


def grants(at: Account) -> Answer:
    lines = [HIDDEN.sub("", line) for (line,) in at.production.rows("SHOW GRANTS")]
    facts = server_info.facts(at.production, at.source.endpoint)
    lacks = f"; not seen in it: {', '.join(facts.privileges_missing)}" if facts.privileges_missing else ""
    return Answer("; ".join(lines) + lacks, not facts.privileges_missing)


def address(at: Account) -> Answer:
    found = server_info.facts(at.production, at.source.endpoint)
    certain = f", behind the name {found.caller_name}" if found.caller_name else ""
    return Answer(f"production sees {found.caller}{certain}", found.caller is not None)


def replication(at: Account) -> Answer:
    """What `--max-lag` asks of a replica, by the newer words or by the older ones; nothing else rests on it."""
    for statement in STATEMENTS:
        try:
            return Answer(f"{statement} is answered, {len(at.production.rows(statement))} rows", supposed=True)
        except DatabaseError as error:
            if number_of(error) != UNKNOWN:
                return Answer(f"--max-lag can't be used by this login: {error.what}", supposed=None)
    return Answer("no statement of the two is known", supposed=False)


def retention(at: Account) -> Answer:
    return Answer(f"binlog retention hours: {keep.hours(at.production)}", supposed=True)


def managed(_: Account) -> str:
    return "true"


QUESTIONS: tuple[tuple[str, Callable[[Account], Answer]], ...] = (
    ("who we are", identity),
    ("the instance, and whether its status is one in which it answers", instance),
    ("its description", fields),
    ("the window of its automated backups", backups),
    ("its cluster's backups by their resource id", cluster_backups),
    ("the instance by its ARN", by_arn),
    ("the same ARN with another region", by_foreign_arn),
    ("its tags", tags),
    ("its events", events),
    ("its snapshots", listed_snapshots),
    ("an automated snapshot by its name", automated_snapshot),
    ("rules by a tag of ours", partial(rules, f"tag:{MANAGED}", managed)),
    ("rules of production's group", partial(rules, "group-id", own_group)),
    ("groups that have a tag of ours", partial(groups, "tag-key", lambda _: RUN)),
    ("groups of a name", partial(groups, "group-name", lambda _: "default")),
    ("making a group, as a trial without effect", trial),
    ("what the policy simulator says", simulated),
    ("the price of the class", price),
    ("the server's certificate", certificate),
    ("the same with X509_STRICT", strict_certificate),
    ("the login's grants", grants),
    ("this machine's address", address),
    ("how far a replica is behind", replication),
    ("how long RDS keeps the binlog", retention),
)


def read(at: Account, findings: Findings) -> None:
    """Ask everything that only reads, then the tool's own check-up."""
    for asked, look in QUESTIONS:
        findings.ask(asked, partial(look, at))
    for check, answer in doctor(at.instance):
        findings.ask(f"doctor: {check}", lambda answer=answer: answer)  # type: ignore[misc]  # mypy knows no defaults


def doctor(name: str) -> list[tuple[str, Answer]]:
    """Run `rdsrestore doctor`; a warning is no surprise, a failure is."""
    command = [sys.executable, "-m", "rdsrestore", "doctor", "--json", "--instance", name]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, stdin=subprocess.DEVNULL)
    checks = [json.loads(line) for line in ended.stdout.splitlines()]
    return [(each["check"], Answer(each["what"], judged(each["state"]))) for each in checks if "check" in each]


def judged(state: str) -> bool | None:
    return {State.OK: True, State.FAILED: False}.get(State(state))
