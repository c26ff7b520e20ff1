"""The dump program is tried on production before anything is made: real programs, and what stands in their way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mysql import programs
from mysql.site import FAMILIES, PASSWORD, USER, Site
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.dump.program.rehearsal import rehearse
from rdsrestore.mysql.session.login.connection import Login, connect

ROWS = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)); INSERT INTO t VALUES (1, 'private'), (2, 'too')"
NEWER = 'first=$1; shift; exec {program} "$first" --no-autocommit "$@"'
"""MariaDB's program of 11.8, which writes about autocommit if it is not told to leave that."""


@pytest.fixture(params=FAMILIES)
def either(request: pytest.FixtureRequest) -> Site:
    """Production and copy of either family."""
    found: Site = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose programs come first."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def tried(site: Site, *tables: str, patience: float = 60.0) -> None:
    """Try this PATH's program on production."""
    login = Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca)
    definitions = [site.definition(table) for table in tables]
    session = connect(login, "production")
    try:
        rehearse(session, login, site.database, definitions, patience)
    finally:
        session.close()


def refused(site: Site, *tables: str, patience: float = 60.0) -> ToolError:
    with pytest.raises(ToolError) as error:
        tried(site, *tables, patience=patience)
    assert "private" not in f"{error.value} {error.value.hint}"
    assert PASSWORD not in f"{error.value} {error.value.hint}"
    return error.value


@pytest.mark.parametrize("family", ["mariadb", "mysql"])
@pytest.mark.parametrize(
    "rows", [ROWS, "CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE other (id INT)", "SELECT 1"]
)
def test_a_program_of_either_family_passes_on_a_server_of_either(
    either: Site, first: Path, family: str, rows: str
) -> None:
    if family == "mysql":
        programs.oracle(first)
    either.both(rows)
    tried(either, *(["t"] if "TABLE t" in rows else []))


def test_a_program_that_wraps_rows_in_a_transaction_by_default_is_told_not_to(site: Site, first: Path) -> None:
    programs.script(first, NEWER.format(program=programs.ours()))
    site.both(ROWS)
    tried(site, "t")
    assert site.dump("t").rows == 2


@pytest.mark.only("mariadb", "of MySQL's kinds of account its own program knows each without a plugin")
def test_a_login_that_the_program_has_no_plugin_for_is_met_before_anything_is_made(site: Site, first: Path) -> None:
    programs.oracle(first, plugins=False)
    site.both(ROWS)
    error = refused(site, "t")
    assert error.code == "db.plugin"
    assert "error 2059" in error.what
    assert "mysql_native_password" in error.what
    assert "first on the PATH" in error.hint


def test_certificates_that_the_program_does_not_accept_are_met_before_anything_is_made(site: Site, first: Path) -> None:
    programs.script(first, f'first=$1; shift; exec {programs.ours()} "$first" --ssl-ca=/etc/hostname "$@"')
    site.both(ROWS)
    error = refused(site, "t")
    assert error.code == "db.tls"
    assert "error 2026: " in error.what


def test_an_option_that_the_program_does_not_know_is_named(site: Site, first: Path) -> None:
    programs.script(first, f'first=$1; shift; exec {programs.ours()} "$first" --of-tomorrow "$@"')
    site.both(ROWS)
    assert "unknown option '--of-tomorrow'" in refused(site, "t").what


@pytest.mark.parametrize("text", ["#!/no/such/interpreter", "\x7fELF"])
def test_a_program_that_can_t_be_run_is_named(site: Site, first: Path, text: str) -> None:
    programs.script(first, "")
    (first / "mysqldump").write_text(text)
    site.both(ROWS)
    error = refused(site, "t")
    assert str(first / "mysqldump") in error.what
    assert site.databases.tools().dump == str(first / "mysqldump")


@pytest.mark.parametrize("where", ["--no-defaults --socket={socket} --user=root", "--defaults-file={file}"])
def test_a_program_that_asks_another_server_gets_no_row_of_it(
    either: Site, first: Path, tmp_path: Path, where: str
) -> None:
    """The other server has the same table with the same rows."""
    either.both(ROWS)
    file = tmp_path / "other.cnf"
    file.write_text(f"[client]\nsocket={either.production.folder / 's'}\nuser=root\n")
    options = where.format(socket=either.copy.folder / "s", file=file)
    programs.script(first, f'shift; exec {programs.ours()} {options} "$@"')

    if "socket" in where:
        assert refused(either, "t").code == "tool.elsewhere"
        either.dump("t")
    else:
        tried(either, "t")
        with pytest.raises(ToolError, match="holds 0 rows and the copy 2"):
            either.dump("t")


@pytest.mark.parametrize(
    "extra",
    ["--add-locks", "--skip-tz-utc --no-autocommit", "--skip-complete-insert", "--default-character-set=latin1"],
)
def test_what_would_be_refused_as_a_dump_is_refused_now(site: Site, first: Path, extra: str) -> None:
    programs.script(
        first,
        f'first=$1; shift; opts=; for word; do shift; [ "$word" = -- ] && set -- "$@" {extra}; set -- "$@" "$word"; done; exec {programs.ours()} "$first" "$@"',
    )
    site.both(ROWS)
    error = refused(site, "t")
    assert error.code == "dump.foreign"
    assert "first on the PATH" in error.hint


def test_a_program_that_does_not_end_is_not_waited_for_for_ever(site: Site) -> None:
    site.both(ROWS)
    with site.production.root(site.database) as root:
        root.query("LOCK TABLES t WRITE")
        assert refused(site, "t", patience=0.5).code == "tool.silent"
