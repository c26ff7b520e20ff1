"""Rows from the binlog on a scratch server that several tests share: to start one for each would take most of the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from mysql.site import PASSWORD, USER, Site, silent
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.target import TurnedBack
from rdsrestore.mysql.binlog import fetch
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.rewind.rows_from_binlog import Server, check, played
from rdsrestore.mysql.rewind.scratch_server import scratch_server, server_program
from rdsrestore.mysql.rewind.whole_log import walked
from rdsrestore.mysql.session.login.connection import Login, connect

Scratches = Callable[[Site], Login]
"""Gives the scratch server of a site's family."""


@contextmanager
def running(folders: pytest.TempPathFactory) -> Iterator[Scratches]:
    """A scratch server of each family, started when it is first asked for."""
    with ExitStack() as servers:
        known: dict[str, Login] = {}

        def of(site: Site) -> Login:
            engine = site.production.programs.engine
            if engine not in known:
                ((version,),) = site.production.sql("SELECT VERSION()")
                program = server_program(engine, version)
                known[engine] = servers.enter_context(scratch_server(program, folders.mktemp(engine), 0))
            return known[engine]

        yield of


def rows_from_binlog(site: Site, table: str, moment: datetime, scratches: Scratches) -> TurnedBack:
    """Do what a run does, on the scratch server that is there."""
    with site.live() as server:
        definition = server.definition(site.ref(table))
    assert definition
    login = Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca)
    with closing(connect(login, "production")) as session, fetch.folder() as place:
        check(session, definition)
        walk = walked(session, login, definition, moment, place, silent)
        with closing(connect(scratches(site), "the scratch server")) as own:
            store = DumpStore(site.folder, None)
            found = played(Server(session, login), definition, walk, Server(own, scratches(site)), store, silent)
    if not found:  # a run reads on then, and comes to the same
        raise Refused("--rows-from", "played forward again they are not production's", code="binlog.unproved")
    return found


def of_backup(site: Site, found: TurnedBack) -> DumpFile:
    """Dump the rows of all touched keys as the backup has them."""
    folder = site.folder / "backup"
    folder.mkdir(exist_ok=True)
    with site.databases.copy(site.copy.endpoint, USER, Secret(PASSWORD)) as server:
        definition = server.definition(found.located.ref)
        assert definition
        dump = server.dump(definition, Selection(None, Path(found.touched.path)), folder, silent)
    (folder / dump.path).rename(site.folder / f"backup-{dump.path}")
    return DumpFile(**{**vars(dump), "path": f"backup-{dump.path}"})


def dumped(site: Site, dump: DumpFile) -> bytes:
    """The rows' statements, to the last byte."""
    start, end = dump.span
    return (site.folder / dump.path).read_bytes()[start:end]
