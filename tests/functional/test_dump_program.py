"""A dump program that lies, goes elsewhere or is killed, through the whole command: production has nothing of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import COMMAND, LabTool

FORGED = r"""
INSERT INTO `lied` (`id`, `text`) VALUES (2,'two');
{between}
INSERT INTO `lied` (`id`, `text`) VALUES (3,'a\'); DROP TABLE shop.canary; -- ');
-- Dump completed
"""
LIES = """#!/bin/sh
case "$*" in *"LIMIT 1"* | *--help* | *--version*) exec {program} "$@" ;; esac
cat {forged}
"""
"""Honest as long as it is only tried."""


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    """Two rows are gone, a canary sits beside them; gives the moment before."""
    shop.sql("CREATE TABLE shop.lied (id INT PRIMARY KEY, text VARCHAR(60)); CREATE TABLE shop.canary (id INT)")
    shop.sql("INSERT INTO shop.lied VALUES (1, 'quite private'), (2, 'two'), (3, 'three')")
    before = shop.moment()
    shop.sql("DELETE FROM shop.lied WHERE id > 1")
    yield before
    shop.sql("DROP TABLE shop.lied; DROP TABLE shop.canary")


def program(folder: Path, text: str) -> str:
    """Put a program first on the PATH."""
    (folder / "mysqldump").write_text(text)
    (folder / "mysqldump").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.parametrize("between", ["/*!40101 SET SQL_MODE='NO_BACKSLASH_ESCAPES' */;", "\\! touch /tmp/x"])
@pytest.mark.parametrize("merge", ["missing", "overwrite"])
def test_a_dump_with_anything_between_its_rows_reaches_no_server(
    shop: LabTool, damaged: str, tmp_path: Path, between: str, merge: str
) -> None:
    (tmp_path / "forged").write_text(FORGED.format(between=between))
    lies = LIES.format(program=shutil.which("mysqldump"), forged=tmp_path / "forged")

    ended = shop("table", "lied", "--before", damaged, "--merge", merge, "--yes", PATH=program(tmp_path, lies), check=4)

    assert "something stands between its rows" in ended.stderr
    assert shop.sql("SELECT COUNT(*) FROM shop.canary") == [["0"]]
    assert shop.ours() == []


def test_a_program_that_will_be_refused_is_refused_before_anything_is_made(
    shop: LabTool, damaged: str, tmp_path: Path
) -> None:
    path = program(
        tmp_path, "#!/bin/sh\necho 'mysqldump: Got error: 2059: \"no plugin\" when trying to connect' >&2\nexit 2\n"
    )

    for words in (["--yes"], ["--dry-run"]):
        ended = shop("table", "lied", "--before", damaged, *words, PATH=path, check=3)
        assert "error 2059: " in ended.stdout + ended.stderr
        assert "first on the PATH" in ended.stdout + ended.stderr
    assert shop.ours() == []


def test_a_kill_while_the_program_runs_leaves_no_password_and_no_row_on_the_disk(
    shop: LabTool, damaged: str, tmp_path: Path
) -> None:
    home, running = tmp_path / "home", tmp_path / "running"
    home.mkdir()
    slow = f'#!/bin/sh\n{shutil.which("mysqldump")} "$@"\ncase "$*" in *\'LIMIT 1\'*) echo $$ > {running}; exec sleep 60 ;; esac\n'
    env = shop.env | {"PATH": program(tmp_path, slow), "TMPDIR": str(home), "RDSRESTORE_HOME": str(home)}
    words = [*COMMAND, "table", "lied", "--before", damaged, "--yes"]
    with subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while not (running.exists() and running.read_text().strip()):
            assert process.poll() is None
            assert time.monotonic() < until
        process.kill()
    os.kill(int(running.read_text()), signal.SIGKILL)

    secrets = [shop.env["RDSRESTORE_PASSWORD"].encode(), b"quite private"]
    left = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert not [secret for secret in secrets for content in left if secret in content]


def test_a_folder_with_a_very_long_path_leads_no_program_astray(shop: LabTool, damaged: str, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-folder-of-a-folder" * 5] * 6)
    deep.mkdir(parents=True)

    shop("table", "lied", "--before", damaged, "--merge", "overwrite", "--yes", RDSRESTORE_HOME=str(deep), check=0)

    assert shop.sql("SELECT text FROM shop.lied ORDER BY id") == [["quite private"], ["two"], ["three"]]
