"""Before the day: one page that says whether a restore would find what it needs."""

from __future__ import annotations

import json

from rdsrestore.lab.status import client
from tool import LabTool, awaited

SWITCH = "rdsrestore-switch"


def states(told: str) -> dict[str, str]:
    """Read the state of each check."""
    return {each["check"]: each["state"] for each in map(json.loads, told.splitlines())}


def test_all_is_well_and_what_is_not_has_its_own_line(own: LabTool) -> None:
    own.up("--rows", "30")
    assert states(own("doctor", "--json", check=0).stdout)["binlog kept"] == "warned"
    own.sql("CALL mysql.rds_set_configuration('binlog retention hours', 24)")
    page = own("doctor", check=0).stdout
    assert "a restore would find what it needs" in page
    assert "production" in page
    well = states(own("doctor", "--all", "--json", check=0).stdout)
    assert {name for name, state in well.items() if state != "ok"} <= {"switch"}
    assert {
        "account",
        "authorities",
        "backups",
        "binlog",
        "binlog kept",
        "certificate",
        "maintenance",
        "network",
        "dump program",
        "Slack",
    } <= well.keys()

    refused = own("doctor", "--json", check=3, RDSRESTORE_PASSWORD="wrong")
    told = states(refused.stdout)
    assert (told["production"], told["dump program"], told["backups"]) == ("failed", "unknown", "ok")
    unknown = states(own("doctor", "--json", "--instance", "prodution", check=3).stdout)
    assert (unknown["account"], unknown["instance"], unknown["production"]) == ("ok", "failed", "unknown")
    assert own.ours() == []


def test_the_switch_is_proved_by_a_deletion_of_nothing_that_the_account_has_logged(own: LabTool) -> None:
    own.up("--rows", "30")
    iam = client(own.place.running(), "iam")
    trust, allowed = (own("iam-policy", flag, check=0).stdout for flag in ("--trust", "--of-switch"))
    made = iam.create_role(RoleName=SWITCH, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=SWITCH, PolicyName="delete-the-copy", PolicyDocument=allowed)
    own.env["RDSRESTORE_SWITCH_ROLE"] = made

    proved = states(own("doctor", "--prove-switch", "--json").stdout)
    assert (proved["switch"], proved["switch proved"]) == ("ok", "ok")

    with own.started("doctor", "--prove-switch") as process:
        awaited(lambda: own.status()["schedules"])
        process.kill()
    awaited(lambda: not own.status()["schedules"])
    assert own.ours() == []

    less = json.loads(allowed)
    less["Statement"] = [each for each in less["Statement"] if each["Sid"] != "ProveThatItMay"]
    iam.put_role_policy(RoleName=SWITCH, PolicyName="delete-the-copy", PolicyDocument=json.dumps(less))
    refused = own("doctor", "--prove-switch")
    assert "is not authorized to perform: rds:DeleteDBInstance" in " ".join(refused.stdout.split())

    iam.update_assume_role_policy(
        RoleName=SWITCH, PolicyDocument=trust.replace("scheduler.amazonaws.com", "ec2.amazonaws.com")
    )
    assert states(own("doctor", "--prove-switch", "--json").stdout)["switch proved"] == "unknown"
    assert own.status()["schedules"] == []
    assert own.ours() == []
    unset = own("doctor", "--prove-switch", check=2, RDSRESTORE_SWITCH_ROLE="")
    assert "no switch_role is set" in unset.stderr
