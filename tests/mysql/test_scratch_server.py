"""A server of our own that does not come up: each reason is said, with the way out, and nothing stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from mysql.programs import script
from rdsrestore.child_process import start
from rdsrestore.domain.errors import ToolError, UsageError
from rdsrestore.mysql.rewind.scratch_server import ServerProgram, await_answer, end, scratch_server, server_program

SAYS_WHY = """
for word in "$@"; do case "$word" in --log-error=*) echo "[ERROR] no space left" > "${word#--log-error=}";; esac; done
"""


def tried(folder: Path, program: str, flavour: str = "mariadb") -> ToolError:
    """Start a program that is no server; returns why it did not come up."""
    place = folder / "place"
    place.mkdir()
    with pytest.raises(ToolError) as refused, scratch_server(ServerProgram(program, flavour, (10, 11, 8)), place, 0):
        pytest.fail("it is no server")
    assert "--rows-from backup" in refused.value.hint
    return refused.value


def test_without_a_server_program_of_the_family_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", script(tmp_path, 'echo "mysqld  Ver 10.11.8-MariaDB for Linux"', "mysqld"))
    with pytest.raises(
        ToolError, match="mysqld is not on this machine, and the rows of a binlog need a server"
    ) as none:
        server_program("mysql", "9.7.0")
    assert none.value.code == "tool.missing"


def test_a_program_that_can_not_be_run_is_said(tmp_path: Path) -> None:
    (tmp_path / "mariadbd").write_text("no program")
    error = tried(tmp_path, str(tmp_path / "mariadbd"))
    assert "can't be run: Permission denied" in error.what
    assert error.code == "tool.failed"


def test_a_server_that_ends_at_once_is_said_with_its_last_words(tmp_path: Path) -> None:
    path = script(tmp_path, f"{SAYS_WHY}\nexit 7", "mariadbd")
    error = tried(tmp_path, f"{path.split(':')[0]}/mariadbd")
    assert "the scratch server ended at once (exit status 7): [ERROR] no space left" in error.what


def test_a_server_that_makes_no_data_directory_is_said(tmp_path: Path) -> None:
    path = script(tmp_path, "exit 3", "mysqld")
    error = tried(tmp_path, f"{path.split(':')[0]}/mysqld", "mysql")
    assert "could make no data directory (exit status 3)" in error.what


def test_a_path_that_is_too_long_for_a_socket_is_said(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 110)
    with (
        pytest.raises(UsageError, match="its path is too long for a server's socket"),
        scratch_server(ServerProgram("mariadbd", "mariadb", (10, 11, 8)), deep, 0),
    ):
        pytest.fail("it has no socket")


def test_a_server_that_gives_no_answer_is_said(tmp_path: Path) -> None:
    process = start(["sleep", "60"], {})
    try:
        with pytest.raises(ToolError, match="gave no answer within 0 s"):
            await_answer(process, tmp_path / "s", tmp_path, 0.1)
    finally:
        end(process)
