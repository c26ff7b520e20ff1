"""The lab's commands: in anybody's shell, with anybody's typing errors, and where it can't run."""

from __future__ import annotations

import os
import shlex
import site
import subprocess
import venv
from pathlib import Path

import pytest

from rdsrestore.domain.errors import UsageError
from rdsrestore.lab.launch import ready
from tool import COMMAND, LabTool, exports, run

ELSEWHERE = {
    "AWS_ACCESS_KEY_ID": "AKIAELSEWHERE",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_PROFILE": "nobody",
    "AWS_SESSION_TOKEN": "elsewhere",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "LIBMYSQL_PLUGINS": "nothing",
    "MYSQL_HOST": "127.0.0.1",
    "MYSQL_PWD": "another",
    "MYSQL_TCP_PORT": "9",
    "MYSQL_UNIX_PORT": "/nowhere",
    "RDSRESTORE_HOME": "/nowhere",
    "RDSRESTORE_SLACK_WEBHOOK": "https://127.0.0.1:9/",
    "UMASK": "0777",
    "https_proxy": "http://127.0.0.1:9",
}
"""A shell that is set for another lab, for a company's account, or for a network with a proxy."""


def test_a_lab_comes_up_and_answers_in_a_shell_that_is_set_for_something_else(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    strange = os.environ | ELSEWHERE
    try:
        run("lab", "up", "--dir", str(folder), "--rows", "20", "--restore-delay", "0.4", env=strange, check=0)
        assert "available" in run("lab", "status", "--dir", str(folder), env=strange, check=0).stdout
        shown = run("lab", "env", "--dir", str(folder), env=strange, check=0).stdout
        words = [*COMMAND, "table", "billing", "--before", "1 second ago", "--dry-run", "--yes"]
        led = subprocess.run(
            ["sh", "-c", f'eval "$1"; {shlex.join(words)}', "sh", shown],
            env=strange,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (led.returncode, "nothing was changed" in led.stdout + led.stderr) == (0, True), led.stderr
    finally:
        run("lab", "down", "--dir", str(folder), env=strange, check=0)


def test_the_lab_s_settings_unset_what_leads_elsewhere(shop: LabTool) -> None:
    shown = run("lab", "env", "--dir", str(shop.folder), env=os.environ | ELSEWHERE, check=0).stdout
    unset = next(line.split()[1:] for line in shown.splitlines() if line.startswith("unset "))
    assert set(ELSEWHERE) <= set(unset) | exports(shown).keys()
    assert not set(unset) & exports(shown).keys()


def test_runs_on_a_lab_are_kept_with_the_lab(shop: LabTool) -> None:
    settings = exports(shop.lab("env"))
    assert Path(settings["RDSRESTORE_HOME"]).parent == shop.folder


def test_a_relative_folder_is_the_same_lab_from_everywhere(shop: LabTool) -> None:
    elsewhere = shop.folder.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    words = [*COMMAND, "lab", "status", "--dir", f"../{shop.folder.name}"]
    assert b"production" in subprocess.run(words, cwd=elsewhere, capture_output=True, check=True, timeout=60).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fault", "thottle"), "'thottle' is not a fault"),
        (("fault", "throttle", "--action", "DeleteDBInstance"), "rds:DeleteDBInstance"),
        (("next-restore", "nonsense"), "'nonsense' is not a status"),
        (("policy", "/nowhere/policy.json"), "/nowhere/policy.json: No such file"),
        (("policy", "/"), "error: /: Is a directory"),
        (("policy", __file__), "is not a policy's JSON"),
        (("failover", "--instance", "nobody"), "nobody not found"),
        (("snapshot", "twice"), "error: lab:"),
        (("up", "--deny", "sometimes"), "'sometimes' is not one of"),
        (("--install-completion",), "No such option"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_what_the_lab_does_not_know_is_refused_in_a_sentence(
    shop: LabTool, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    env = os.environ | {"RDSRESTORE_LAB_DIR": str(shop.folder), "HOME": str(tmp_path)}
    if words == ("snapshot", "twice"):
        run("lab", *words, env=env, check=0)
    ended = run("lab", *words, env=env, check=2)
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_ending_that_was_asked_for_is_taken_back(shop: LabTool) -> None:
    before = shop.moment()
    shop.lab("next-restore", "failed")
    shop.lab("next-restore", "none")
    shop.sql("DELETE FROM shop.billing_lines WHERE id < 5")
    shop("table", "billing_lines", "--before", before, "--yes", check=0)


@pytest.mark.parametrize("target", ["/dev/null", "/dev/null/lab", "/"])
def test_a_folder_that_can_t_be_a_lab_s_is_refused(target: str) -> None:
    ended = run("lab", "up", "--dir", target, env=os.environ, check=2)
    assert "choose another --dir" in ended.stderr


def python_without(*packages: str, at: Path) -> Path:
    """Make a Python that has what this one has, but for some packages."""
    venv.create(at, symlinks=True)
    (own,) = at.glob("lib/python*/site-packages")
    for path in Path(site.getsitepackages()[0]).iterdir():
        if path.name not in packages:
            (own / path.name).symlink_to(path)
    return at / "bin" / "python"


def test_without_the_extra_no_folder_is_made_and_the_way_to_it_is_said(tmp_path: Path) -> None:
    python = python_without("moto", "flask", at=tmp_path / "venv")
    words = [str(python), "-m", "rdsrestore", "lab", "up", "--dir", str(tmp_path / "lab")]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "(flask, moto missing)" in ended.stderr
    assert "pip install '.[lab]'" in ended.stderr
    assert not (tmp_path / "lab").exists()


def test_a_lab_is_refused_where_it_can_t_run() -> None:
    with pytest.raises(UsageError, match="runs on Linux alone, and this is darwin"):
        ready((), "darwin")


def test_a_system_without_posix_is_refused_in_a_sentence(tmp_path: Path) -> None:
    python = python_without(at=tmp_path / "venv")
    (own,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    names = "resource", "fcntl", "pwd", "grp", "termios"
    (own / "lacking.pth").write_text(f"import sys; sys.modules.update(dict.fromkeys({names!r}))\n")
    words = [str(python), "-m", "rdsrestore", "--version"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "error: rdsrestore: runs on Linux and macOS; on Windows use WSL\n"
