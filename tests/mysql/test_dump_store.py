"""What lies on the disk comes out as it went in, for whoever has the key, and for nobody else."""

from __future__ import annotations

import os
from pathlib import Path

import pyrage
import pytest

from mysql.site import PASSWORD, USER, Site, silent
from rdsrestore.domain.errors import ToolError, UsageError
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.mysql.adapter import MysqlDatabases
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.session import age_key
from tool import counted

ROWS = b"INSERT INTO `t` VALUES (1,'Ada Lovelace');\n" * 100_000


@pytest.fixture
def key() -> Secret:
    return Secret(f"# public key: age1...\n{pyrage.x25519.Identity.generate()}\n")


def write(here: DumpStore, name: str, content: bytes = ROWS) -> str:
    kept = here.named(name)
    with here.writing(kept) as file:
        file.write(content)
    return kept


def read(here: DumpStore, name: str) -> bytes:
    with here.reading(name) as file:
        return file.read()


@pytest.mark.parametrize("name", ["t.sql", "t.sql.gz"])
@pytest.mark.parametrize("sealed", [True, False])
def test_what_was_written_is_read(tmp_path: Path, key: Secret, name: str, *, sealed: bool) -> None:
    here = DumpStore(tmp_path, key if sealed else None)

    kept = write(here, name)

    assert read(here, kept) == ROWS
    assert (b"Lovelace" in here.path(kept).read_bytes()) == (kept == "t.sql")
    assert here.path(kept).stat().st_mode & 0o777 == 0o600


def test_the_age_format_is_read_by_its_own_library(tmp_path: Path, key: Secret) -> None:
    kept = write(DumpStore(tmp_path, key), "t.sql")
    (line,) = (each for each in key.reveal().splitlines() if each.startswith("AGE-SECRET-KEY-"))

    assert pyrage.decrypt((tmp_path / kept).read_bytes(), [pyrage.x25519.Identity.from_str(line)]) == ROWS


def test_who_stops_reading_early_is_not_held_up(tmp_path: Path, key: Secret) -> None:
    here = DumpStore(tmp_path, key)
    kept = write(here, "t.sql")

    with here.reading(kept) as file:
        assert file.read(6) == b"INSERT"


@pytest.mark.parametrize("other", [None, Secret(str(pyrage.x25519.Identity.generate()))])
def test_without_the_right_key_nothing_is_read(tmp_path: Path, key: Secret, other: Secret | None) -> None:
    kept = write(DumpStore(tmp_path, key), "t.sql.gz")

    with pytest.raises(ToolError) as refused:
        read(DumpStore(tmp_path, other), kept)

    assert refused.value.code == "dump.sealed"
    assert "RDSRESTORE_DUMP_KEY_FILE" in refused.value.hint


@pytest.mark.parametrize("name", ["t.sql", "t.sql.gz"])
def test_a_changed_file_is_not_read_to_its_end(tmp_path: Path, key: Secret, name: str) -> None:
    for here in (DumpStore(tmp_path, key), DumpStore(tmp_path, None)):
        kept = write(here, name, os.urandom(1 << 20))
        whole = here.path(kept).read_bytes()
        here.path(kept).write_bytes(whole[:300_000] + bytes([whole[300_000] ^ 1]) + whole[300_001:])
        if kept == "t.sql":  # a plain file is told by its digest alone
            continue

        with pytest.raises(ToolError) as refused:
            read(here, kept)

        assert refused.value.code in {"dump.sealed", "dump.changed"}


def test_a_disk_that_takes_no_more_is_named(tmp_path: Path, key: Secret) -> None:
    here = DumpStore(tmp_path, key)
    (tmp_path / "t.sql.age").symlink_to("/dev/full")

    with pytest.raises(ToolError) as refused:
        write(here, "t.sql", os.urandom(4 << 20))

    assert refused.value.code == "dump.unwritten"


@pytest.mark.parametrize("text", ["", "nonsense", "AGE-SECRET-KEY-1NONSENSE", "a\nb"])
def test_what_is_no_key_is_refused_before_anything_begins(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        age_key.check(Secret(text))

    assert "age-keygen" in refused.value.hint
    assert "NONSENSE" not in str(refused.value)


def test_a_sealed_dump_is_not_staged_without_the_key(site: Site, key: Secret) -> None:
    site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v TEXT); INSERT INTO t SELECT seq, 'v' FROM {counted(300)}")
    with_key = MysqlDatabases(lambda: Secret(PASSWORD), site.ca, key=key)
    with with_key.copy(site.copy.endpoint, USER, Secret(PASSWORD)) as then:
        site.dumps["t"] = then.dump(site.definition("t"), Selection(), site.folder, silent)

    with pytest.raises(ToolError) as refused:
        site.stage("t")

    assert refused.value.code == "dump.sealed"
