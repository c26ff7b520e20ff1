"""A dump program that falls silent is ended: its socket is not ours to give a deadline."""

from __future__ import annotations

from pathlib import Path

import pytest

from mysql.programs import ours, script
from mysql.site import PASSWORD, USER, Site
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.dump import mysqldump
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.session.login.connection import Login


def test_a_dump_program_that_writes_nothing_any_more_is_ended(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    text = f'case "$*" in *--help* | *--version*) exec {ours()} "$@" ;; esac\necho $$ >{pid}\nexec sleep 600'
    monkeypatch.setenv("PATH", script(tmp_path / "bin", text))
    store = DumpStore(tmp_path, None)
    login = Login(site.copy.endpoint, USER, Secret(PASSWORD), site.ca)

    with pytest.raises(ToolError, match=r"wrote nothing for 0\.5 s and was ended") as caught:
        mysqldump.write(login, (site.database, "t"), "1", store, store.named("t.sql"), lambda: None, within=0.5)

    assert caught.value.retryable
    assert not Path(f"/proc/{int(pid.read_text())}").exists()
