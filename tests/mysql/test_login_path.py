"""Login paths, in files that MySQL's own editor has written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from mysql.site import ORACLE
from rdsrestore.mysql.session.login import login_path

READ = (
    "from rdsrestore.mysql.session.login.login_path import read; u, p = read({!r}); print(u, p and p.reveal(), sep='|')"
)


def kept(folder: Path, name: str, user: str, password: str) -> Path:
    """Have the editor keep a login, as somebody at a terminal does."""
    file = folder / "mylogin.cnf"
    program, *words = ORACLE.program("mysql_config_editor")
    asked = pexpect.spawn(
        program,
        [*words, "set", f"--login-path={name}", f"--user={user}", "--host=elsewhere", "--password"],
        env={"PATH": os.environ["PATH"], "MYSQL_TEST_LOGIN_FILE": str(file), "LC_ALL": "C.UTF-8"},
        timeout=60,
        encoding="utf-8",
    )
    asked.expect("password")
    asked.sendline(password)
    asked.expect(pexpect.EOF)
    asked.close()
    assert asked.exitstatus == 0, asked.before
    return file


def found(file: Path, name: str) -> str:
    """Read a login path in a process that has its file in the environment."""
    env = os.environ | {"MYSQL_TEST_LOGIN_FILE": str(file)}
    ended = subprocess.run(
        [sys.executable, "-c", READ.format(name)], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.stdout.rstrip("\n") or ended.stderr.splitlines()[-1]


def own(file: Path, name: str) -> str:
    """Have MySQL's own program read it."""
    words = [*ORACLE.program("my_print_defaults"), "--show", f"--login-path={name}", name]
    env = {"MYSQL_TEST_LOGIN_FILE": str(file), "LC_ALL": "C.UTF-8"}
    printed = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=True).stdout
    options = dict(line.removeprefix("--").split("=", 1) for line in printed.rstrip("\n").split("\n--"))
    return f"{options['user']}|{options['password']}"


@pytest.mark.parametrize("password", ['a"b', "a\\b", "a\\\\b", '"x"', "'y'", " begin", "a\\'b"])
def test_quotes_and_backslashes_are_read_as_mysql_s_own_programs_read_them(tmp_path: Path, password: str) -> None:
    file = kept(tmp_path, "shop", "dba", password)
    assert found(file, "shop") == own(file, "shop")


@pytest.mark.parametrize("password", ["simple", "a#b c=d;e", "it's", "ü€", "[x]"])
def test_what_the_editor_keeps_is_read_and_nothing_else_is_taken(tmp_path: Path, password: str) -> None:
    file = kept(tmp_path, "shop", "dba", password)
    assert found(file, "shop") == f"dba|{password}"


def test_a_login_path_stands_upon_the_group_client(tmp_path: Path) -> None:
    kept(tmp_path, "client", "everybody", "first")
    file = kept(tmp_path, "shop", "dba", "second")
    assert found(file, "shop") == "dba|second"
    assert found(file, "client") == "everybody|first"
    assert "has no login path other" in found(file, "other")


def test_a_file_that_others_may_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    file = kept(tmp_path, "shop", "dba", "secret")
    whole = file.read_bytes()
    file.chmod(0o644)
    assert "is open to others (mode 044)" in found(file, "shop")
    file.chmod(0o600)
    for torn in (b"", whole[:30], whole[:-1], b"[client]\nuser=dba\npassword=secret\n"):
        file.write_bytes(torn)
        said = found(file, "shop")
        assert "is no file of login paths" in said
        assert "secret" not in said
    assert "can't be read" in found(tmp_path / "none", "shop")


def test_a_value_loses_its_quotes_and_escapes_alone() -> None:
    assert [login_path.plain(each) for each in ('"a b"', r"a\sb\\c", "it's", '"', r"\q")] == [
        "a b",
        "a b\\c",
        "it's",
        '"',
        r"\q",
    ]


def test_a_file_of_nothing_holds_no_line() -> None:
    with pytest.raises(ValueError, match="key"):
        list(login_path.lines(b"\0" * 10))
