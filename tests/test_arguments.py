"""Whatever is typed behind a command: a plain error or an answer, never a traceback, and nothing of it is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.main import get_command
from typer.testing import CliRunner

from rdsrestore.cli.main import app
from rdsrestore.domain.outcome.exit_code import ExitCode
from tiers import amount

STORED = Path(__file__).parent / "stored" / "journal-1"
GROUP: Any = get_command(app)
COMMANDS: dict[str, Any] = {
    name: command for name, command in GROUP.commands.items() if name not in {"lab", "permissions"}
}
"""Without the lab's, which makes things."""
NOT_TRIED = {"--executor", "--debug", "--help", "-h"}
"""An address is reached for, and a traceback is what is asked for."""
ODD = (
    "", " ", "-", "--", "-1", "0", "1e999", "9" * 40, "nan", "true", "billing", "shop.billing", "a,b,,c", "`", "``", "a.b.c",
    "2017-06-01T10:14Z", "10:14", "15 minutes ago", "99999-99-99", "2017-06-01 25:61", "now", "yesterday", "0001-01-01T00:00Z",
    "9999-12-31T23:59:59Z", "/", "/nowhere/x", "~nobody-of-this-name/x", "id = 1", "id = 1; DROP TABLE t", "(", "'", "\udcff",
    "é\u202e", "\x1b[31m", "2h", "-2h", "1000000000h", "10.0.0.0/8", "::1", "300.1.1.1", "missing", "exact", "{}", "[1",
    "261126-023646-97f1", "../../etc", "x" * 5000,
)  # fmt: skip
some = settings(
    max_examples=amount(25, long=300),
    deadline=None,
    derandomize=amount(1, long=0) == 1,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with some runs and without an account: nothing is reached."""
    home = tmp_path / "home"
    for run in STORED.glob("*/*"):
        if (run / "journal.jsonl").exists():
            shutil.copytree(run, home / "runs" / run.name)
    for name in (
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ENDPOINT_URL",
        "RDSRESTORE_INSTANCE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("RDSRESTORE_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    return home


def words(command: Any, data: st.DataObject) -> list[str]:  # noqa: ANN401 - click leaves it so
    """Draw arguments and options of a command, each with a value of any kind."""
    value = st.sampled_from(ODD) | st.text(st.characters(exclude_characters="\0"), max_size=12)
    drawn: list[str] = []
    for each in command.params:
        flags = [flag for flag in each.opts if flag not in NOT_TRIED]
        if not flags or not data.draw(st.booleans()):
            continue
        if each.param_type_name == "argument":
            drawn += data.draw(st.lists(value, min_size=1, max_size=3 if each.nargs < 0 else 1))
        else:
            drawn += flags[:1] if each.is_flag else [flags[0], data.draw(value)]
    return drawn


@pytest.mark.parametrize("name", sorted(COMMANDS))
@some
@given(data=st.data())
def test_any_arguments_get_a_plain_answer(alone: Path, name: str, data: st.DataObject) -> None:
    given_words = words(COMMANDS[name], data)
    before = sorted(path.name for path in (alone / "runs").iterdir())
    ended = CliRunner().invoke(app, [name, *given_words])
    said = f"{json.dumps([name, *given_words])}: {ended.exit_code}\n{ended.output}"
    assert ended.exception is None or isinstance(ended.exception, SystemExit), said
    assert ended.exit_code in {code.value for code in ExitCode} - {ExitCode.BUG}, said
    assert "Traceback" not in ended.output, said
    assert "\x1b" not in ended.output, said
    assert sorted(path.name for path in (alone / "runs").iterdir()) == before, said


@pytest.mark.parametrize("words", [["runs"], ["audit"], ["status", "--json"], ["report", "--json"], ["report", "--md"]])
def test_an_output_that_takes_no_more_is_a_plain_error(alone: Path, words: list[str]) -> None:
    env = os.environ | {"RDSRESTORE_HOME": str(alone)}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "rdsrestore", *words], stdout=full, stderr=subprocess.PIPE, env=env, check=False
        )
    assert ended.returncode == ExitCode.USAGE
    said = ended.stderr.decode()
    assert "error: standard output: can't be written: No space left on device" in said
    assert "Traceback" not in said


CTRL_C = """
import runpy, signal, sys
class Here:
    def find_spec(self, name, *_more):
        if name == at:
            signal.raise_signal(signal.SIGINT)
at, sys.argv = sys.argv[1], ["rdsrestore", "runs"]
sys.meta_path.insert(0, Here())
runpy.run_module("rdsrestore", run_name="__main__")
"""


@pytest.mark.parametrize(
    "at", ["rdsrestore.cli.main", "typer", "rdsrestore.app.audit.history", "rdsrestore.app.context"]
)
def test_ctrl_c_before_a_command_has_begun_ends_it_without_a_word(at: str) -> None:
    ended = subprocess.run([sys.executable, "-c", CTRL_C, at], capture_output=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGINT
    assert ended.stdout + ended.stderr == b""
