"""Before the day: one page that says whether a restore would find what it needs."""

from __future__ import annotations

import json

from tool import LabTool


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
