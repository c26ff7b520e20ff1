"""An option file that the user names is read as the servers' own programs read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rdsrestore.domain.errors import UsageError
from rdsrestore.mysql.session.login.defaults_file import read


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "my.cnf"
    file.write_text(text)
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    ("line", "password"),
    [
        ("password=plain", "plain"),
        ('password="with # and ; inside"', "with # and ; inside"),
        ("password = spaces at the ends  ", "spaces at the ends"),
        (r"password=back\\slash\sspace", "back\\slash space"),
        ("password='=begins with it'", "=begins with it"),
        ("password=ünïcode", "ünïcode"),
    ],
)
def test_quotes_and_escapes_are_the_programs_own(tmp_path: Path, line: str, password: str) -> None:
    user, found = read(written(tmp_path, f"[mysqld]\nuser=mysql\n[client]\nuser=dba\n{line}\n[mysql]\nuser=other\n"))
    assert user == "dba"
    assert found
    assert found.reveal() == password


def test_a_file_with_a_user_alone_leaves_the_password_to_be_asked_for(tmp_path: Path) -> None:
    assert read(written(tmp_path, "[client]\nuser=dba\npassword\n")) == ("dba", None)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("[client]\npassword=x\n", 0o644, "open to others"),
        ("[mysql]\npassword=x\n", 0o600, "neither user nor password"),
        ("[client]\n!include /nowhere/at/all\n", 0o600, "can't read|neither user nor password"),
        ("password=x\n", 0o600, "can't read|neither user nor password"),
    ],
)
def test_a_file_that_is_no_use_is_told_as_such(tmp_path: Path, text: str, mode: int, words: str) -> None:
    with pytest.raises(UsageError, match=words) as raised:
        read(written(tmp_path, text, mode))
    assert "=x" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.cnf can't be read"):
        read(tmp_path / "none.cnf")
