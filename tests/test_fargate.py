"""docs/fargate has what the tool has: its policies, its settings, and a line for each variable."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tool import COMMAND

ROOT = Path(__file__).parent.parent
MODULE = ROOT / "docs" / "fargate"
PAGE = (ROOT / "docs" / "fargate.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("file", "options"),
    [("operator", ["--switch-role", "${switch_role}"]), ("switch", ["--of-switch"]), ("trust", ["--trust"])],
)
def test_the_roles_have_the_policies_that_the_tool_prints(file: str, options: list[str]) -> None:
    printed = subprocess.run([*COMMAND, "iam-policy", *options], capture_output=True, text=True, check=True).stdout
    assert json.loads((MODULE / "policies" / f"{file}.json").read_text("utf-8")) == json.loads(printed)


def test_every_variable_has_a_line_with_its_default() -> None:
    declared = re.findall(r'variable "(\w+)" \{(.+?)\n\}', (MODULE / "variables.tf").read_text("utf-8"), re.DOTALL)
    assert declared
    lines = {
        name: re.search(r"default += (.+)", body) for name, body in declared if re.search(r'description = "\S', body)
    }
    told = {name: default[1].strip('"') if default else "" for name, default in lines.items()}
    shown = re.findall(r"^\| `(\w+)` \| .+ \| (.*?) ?\|$", PAGE, re.MULTILINE)
    assert {name: default.strip("`") for name, default in shown} == told


def test_the_task_sets_nothing_that_the_tool_does_not_know() -> None:
    keys = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs" / "configuration.md").read_text("utf-8")))
    named = {
        name
        for file in ("main.tf", "Dockerfile")
        for name in re.findall(r"RDSRESTORE_([A-Z_]+)", (MODULE / file).read_text("utf-8"))
    }
    assert {"INSTANCE", "HOME", "SSL_CA"} <= named
    assert [name for name in named if name.lower() not in keys] == []
