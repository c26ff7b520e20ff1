"""The option file of the dump program: what it says, who can read it, and that it outlives nobody."""

from __future__ import annotations

import configparser
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysql import programs
from mysql.site import ORACLE, PASSWORD, USER, Site
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.dump.program import option_file
from rdsrestore.mysql.dump.program.option_file import OptionFile, in_memory, on_disk, option_text
from rdsrestore.mysql.session.login.connection import Login
from tiers import amount

PLACES = pytest.mark.parametrize("place", [in_memory, on_disk])
Place = Callable[[bytes], AbstractContextManager[OptionFile]]


def login(site: Site) -> Login:
    return Login(site.copy.endpoint, USER, Secret(PASSWORD), site.ca)


def run(path: str, site: Site, file: OptionFile, *words: str, **env: str) -> str:
    """Dump table t with a program on a PATH; returns what it wrote."""
    ended = subprocess.run(
        ["mysqldump", file.option, "--no-create-info", "--compact", *words, site.database, "t"],
        pass_fds=file.descriptors,
        env=option_file.environment() | {"PATH": path} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


@PLACES
@settings(max_examples=amount(40, long=400), deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30))
def test_any_password_survives_the_option_file(place: Place, password: str) -> None:
    text = option_text(Login(Endpoint("db.example", 3306), "u", Secret(password), Path("/ca.pem")), "mariadb")
    with place(text.encode()) as file:
        path = Path(file.option.removeprefix("--defaults-file="))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        read = subprocess.run(
            ["my_print_defaults", file.option, "client"], capture_output=True, check=True, pass_fds=file.descriptors
        ).stdout.decode()
    assert f"--password={password}\n" in read
    assert read.endswith(f"--password={password}\n--ssl-ca=/ca.pem\n--ssl-verify-server-cert\n")


def test_a_login_is_not_swept_by_another_command_before_it_is_locked(tmp_path: Path) -> None:
    ended = threading.Event()

    def sweeping() -> None:
        while not ended.is_set():
            option_file.sweep(tmp_path)

    with ThreadPoolExecutor(2) as others:
        swept = [others.submit(sweeping) for _each in range(2)]
        try:
            for _each in range(amount(1000, long=10_000)):
                with on_disk(b"secret", tmp_path) as file:
                    assert Path(file.option.removeprefix("--defaults-file=")).read_bytes() == b"secret"
        finally:
            ended.set()
    assert [each.result() for each in swept] == [None, None]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flavour", "line"), [("mysql", "ssl-mode=VERIFY_IDENTITY"), ("mariadb", "ssl-verify-server-cert")]
)
def test_both_families_are_told_to_verify_certificate_and_name(tmp_path: Path, flavour: str, line: str) -> None:
    lines = option_text(
        Login(Endpoint("db.example", 3306), "u", Secret("p"), tmp_path / "ca.pem"), flavour
    ).splitlines()
    assert line in lines
    assert f'ssl-ca="{tmp_path / "ca.pem"}"' in lines


def test_the_option_file_is_one_section(tmp_path: Path) -> None:
    given = Login(Endpoint("db.example", 3306), "u", Secret("a\n[mysqldump]\nresult-file=/x"), tmp_path / "ca.pem")
    parser = configparser.ConfigParser(allow_no_value=True, interpolation=None)
    parser.read_string(option_text(given, "mariadb"))
    assert parser.sections() == ["client"]


@PLACES
@pytest.mark.parametrize("flavour", ["mariadb", "mysql"])
def test_programs_of_both_families_log_in_by_either_place(
    site: Site, tmp_path: Path, place: Place, flavour: str
) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7)")
    path = programs.oracle(tmp_path / "bin") if flavour == "mysql" else os.environ["PATH"]
    words = ["--set-gtid-purged=OFF"] if flavour == "mysql" else []
    with place(option_text(login(site), flavour).encode()) as file:
        assert "(7)" in run(path, site, file, *words)


def test_a_login_file_of_oracle_s_programs_leads_nowhere(site: Site, tmp_path: Path) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7)")
    editor = [*ORACLE.program("mysql_config_editor"), "set", "--login-path=client", "--host=127.0.0.1", "--port=1"]
    home = {"HOME": str(tmp_path)}
    subprocess.run(editor, env=home, stdin=subprocess.DEVNULL, check=True, timeout=60)
    assert (tmp_path / ".mylogin.cnf").stat().st_size

    with in_memory(option_text(login(site), "mysql").encode()) as file:
        assert "(7)" in run(programs.oracle(tmp_path / "bin"), site, file, "--set-gtid-purged=OFF", **home)


def test_what_the_environment_says_of_logins_and_of_us_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {"MYSQL_HOST", "MYSQL_PWD", "MARIADB_TLS_DISABLE_PEER_VERIFICATION", "RDSRESTORE_PASSWORD", "AWS_SECRET_KEY"}
    for name in ours:
        monkeypatch.setenv(name, "x")
    assert not ours & set(option_file.environment())


@PLACES
def test_what_is_killed_leaves_nothing_that_the_next_command_does_not_remove(tmp_path: Path, place: Place) -> None:
    code = (
        f"import sys; from rdsrestore.mysql.dump.program.option_file import {place.__name__} as place\n"
        "with place(b'password=secret') as file: print(file.option, flush=True); sys.stdin.read()"
    )
    words, env = [sys.executable, "-c", code], os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as holder:
        assert holder.stdout
        assert holder.stdout.readline().startswith("--defaults-file=/")
        there = sorted(tmp_path.iterdir())
        option_file.sweep(tmp_path)
        assert sorted(tmp_path.iterdir()) == there
        holder.kill()
    assert len(there) == (0 if place is in_memory else 1)

    option_file.sweep(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_what_only_looks_like_such_a_file_is_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rdsrestore-client-a.cnf")
    (tmp_path / "kept").touch()
    (tmp_path / "rdsrestore-client-b.cnf").symlink_to(tmp_path / "kept")

    option_file.sweep(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} >= {"kept", "rdsrestore-client-b.cnf"}


def test_a_path_that_programs_would_pass_over_without_a_word_is_refused(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["long" * 20] * 5)
    deep.mkdir(parents=True)

    with pytest.raises(UsageError, match="TMPDIR"), on_disk(b"", deep):
        pass

    assert list(deep.iterdir()) == []
