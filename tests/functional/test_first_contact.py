"""The first contact with a copy in an ordinary estate: private addresses, and rules and passwords that need seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rdsrestore.lab.launch import control
from rdsrestore.lab.status import client
from tool import LabTool, events

AUTHORIZE = "ec2:AuthorizeSecurityGroupIngress"
WITHIN = 120.0


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """Databases see another address of this machine than the outside; rules and passwords need seconds."""
    folder: Path = tmp_path_factory.mktemp("office")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--behind-nat", "--settle", "3")
    yield lab
    lab.lab("down")


def test_production_s_view_of_us_is_let_in_and_what_needs_seconds_is_waited_for(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")

    with session.started("table", "billing_lines", "--before", before, "--yes") as process:
        told = [each for each in events(process) if each.get("step") == "open-rule"]

    assert process.returncode == 0
    assert "let 127.0.0.1/32, and nobody else" in str(told)
    assert any("waiting until the copy lets us in" in str(each.get("message")) for each in told)
    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert session.ours() == []


def test_the_user_that_a_secret_names_is_the_one_that_logs_in(session: LabTool) -> None:
    made = "CREATE USER dba2@'%' IDENTIFIED BY 'pass-of-dba2'; GRANT ALL ON *.* TO dba2@'%'"
    session.as_root(made)
    store = client(session.place.running(), "secretsmanager")
    login = json.dumps({"username": "dba2", "password": "pass-of-dba2"})
    secret = store.create_secret(Name="shop/dba2", SecretString=login)["ARN"]
    env = {"RDSRESTORE_PASSWORD": "", "RDSRESTORE_USER": "", "RDSRESTORE_PASSWORD_SECRET": secret}

    shown = session("table", "billing", "--before", session.moment(), "--dry-run", check=0, **env).stdout

    assert "dba2 on the server" in shown
    assert "pass-of-dba2" not in shown


def office(session: LabTool, *networks: str) -> str:
    """Make a prefix list."""
    ec2 = client(session.place.running(), "ec2")
    made = ec2.create_managed_prefix_list(
        PrefixListName="office", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": each} for each in networks]
    )
    return str(made["PrefixList"]["PrefixListId"])


def test_who_is_named_is_let_in_and_shown_everywhere_and_shut_out_in_the_end(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")
    named = office(session, "198.51.100.0/24", "127.0.0.0/8")

    ended = session(
        "table", "billing_lines", "--before", before, "--allow", named, "--allow", "10.7.0.0/16", "--yes", check=0
    )

    assert "10.7.0.0/16 (65,536 addresses)" in " ".join(ended.stdout.split())
    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert session.ours() == []
    folder = max((session.home / "runs").iterdir())
    assert named in (folder / "journal.jsonl").read_text("utf-8")
    assert named in (folder / "report.md").read_text("utf-8")
    assert f"prefix list {named}" in " ".join(session("audit", check=0).stdout.split())


@pytest.mark.parametrize(
    ("names", "code"),
    [(("0.0.0.0/0",), 2), (("10.7.0.1/16",), 2), (("pl-00000000000000000",), 3), (("2001:db8::/64",), 3)],
)
def test_who_can_not_be_let_in_is_refused_before_anything_is_made(
    session: LabTool, names: tuple[str, ...], code: int
) -> None:
    words = [word for name in names for word in ("--allow", name)]
    ended = session("table", "billing", "--before", session.moment(), *words, "--yes", check=code)
    assert names[0] in ended.stdout + ended.stderr
    assert session.ours() == []


def test_a_kill_between_two_rules_leaves_nothing_open(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")
    words = ("table", "billing_lines", "--before", before, "--my-ip", "127.0.0.1", "--allow", "10.7.0.0/16", "--yes")
    for way in (("cleanup",), ("resume", "--yes")):
        control(session.place.running(), "fault", {"kind": "hang-after", "action": AUTHORIZE, "times": 1})
        known = control(session.place.running(), "faults", {}).get("hanging", 0)
        with session.started(*words) as process:
            deadline = time.monotonic() + WITHIN
            while control(session.place.running(), "faults", {}).get("hanging", 0) == known:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.kill()
        assert session.ours() != []
        session(*way, check=0)
        assert session.ours() == []
    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40


def test_in_production_s_own_groups_the_copy_needs_no_rule_where_they_let_us_in_and_gets_one_where_not(
    session: LabTool,
) -> None:
    before = session.moment()
    ec2 = client(session.place.running(), "ec2")
    named = [{"Name": "group-name", "Values": ["production-sg"]}]
    words = ("table", "billing_lines", "--before", before, "--same-groups", "--yes")
    for rule in ("sgr-", "no rule was opened"):
        session.sql("DELETE FROM shop.billing_lines")
        ended = session(*words, check=0, RDSRESTORE_TEST_DEADLINES="0.2")
        shown = " ".join(ended.stdout.split())
        assert rule in shown
        assert "whoever production's own groups let in still reaches the copy" in shown
        assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
        assert session.ours() == []
        (own,) = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
        assert len(own["IpPermissions"]) == (1 if rule == "sgr-" else 2)
        if rule == "sgr-":  # a copy of the lab answers at another port than production, which its rule does not name
            everything = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535, "IpRanges": [{"CidrIp": "127.0.0.0/8"}]}
            ec2.authorize_security_group_ingress(GroupId=own["GroupId"], IpPermissions=[everything])
