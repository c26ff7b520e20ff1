"""Before anything is made: this machine's dump program, tried on production with all that a dump needs of it.

Its certificates, its login, its options and the frame of what it writes are its own, and differ from the driver's.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pyrage.x25519 import Identity

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.mysql.dump import dump_scan, mysqldump
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.program.client_programs import ANOTHER
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session import named_lock
from rdsrestore.mysql.session.login.connection import Login, Session


def rehearse(
    session: Session,
    login: Login,
    database: str,
    definitions: Sequence[TableDefinition],
    patience: float = USUAL.rehearsal,
) -> None:
    """Have the program dump one row of one of these tables, or of another of the database, and check what it writes.

    What it writes is encrypted for a key that nobody keeps. ToolError says what stops it: the codes of a dump,
    `tool.elsewhere` where it asked another server, `tool.silent` where it did not end.
    """
    mysqldump.refuse_unknown_types(session, definitions)
    tried = next((each for each in definitions if each.kind == "BASE TABLE"), None) or any_of(session, database)
    names = mysqldump.own(tried) if tried else (database,)
    try:
        with named_lock.known(session) as here, tempfile.TemporaryDirectory(prefix="rdsrestore-") as folder:
            store = DumpStore(Path(folder), Secret(str(Identity.generate())))
            name = store.named("rehearsal")
            mysqldump.write(login, names, f"{here} LIMIT 1", store, name, within(patience))
            table, columns = (tried.ref.table, tried.columns) if tried else ("", ())
            written = dump_scan.scan(store, name, table, columns).rows
    except ToolError as error:
        raise seen_now(error) from error
    except OSError as error:
        what = f"no temporary file can be made: {error.strerror or error}"
        raise ToolError("dump", what, "set TMPDIR to a folder with room", code="dump.unwritten") from error
    if tried and written < len(session.rows(f"SELECT 1 FROM {qualified(tried.ref)} LIMIT 1")):
        raise ToolError(
            "dump", "the dump program asked another server than the one it was told", ANOTHER, code="tool.elsewhere"
        )


def any_of(session: Session, database: str) -> TableDefinition | None:
    """Return the definition of a database's first table; None where there is none."""
    refs = (TableRef(database, table) for table in catalog.tables(session, database))
    return next((found for ref in refs if (found := catalog.definition(session, ref))), None)


def within(patience: float) -> mysqldump.Watch:
    """Make what raises ToolError after so many seconds."""
    end = time.monotonic() + patience

    def watch() -> None:
        if time.monotonic() > end:
            what = f"the dump program did not end within {patience:.0f} s"
            hint = "look for what locks the table on production, and for what stops the network, then try again"
            raise ToolError("dump", what, hint, code="tool.silent")

    return watch


def seen_now(error: ToolError) -> ToolError:
    """Say of what would end a dump what to do about it now: the same program would do the same again."""
    if error.code in {"dump.foreign", "dump.incomplete"}:
        what = f"what this machine's dump program writes would be refused: {error.what}"
        return ToolError("dump", what, ANOTHER, code=error.code)
    if error.code == "tool.failed":
        return ToolError("dump", error.what, ANOTHER, code=error.code)
    if error.code == "dump.unwritten":
        return ToolError("dump", error.what, "set TMPDIR to a folder with room", code=error.code)
    return error
