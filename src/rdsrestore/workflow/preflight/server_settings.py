"""Whether what a parameter group sets, and no login of ours can turn, lets the job be done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.preflight.finding import Finding, blocks

MOST = str((1 << 64) - 1)
PLAIN = {
    "sql_select_limit": MOST,
    "max_join_size": MOST,
    "sql_big_selects": "ON",
    "max_execution_time": "0",
    "show_gipk_in_create_table_and_information_schema": "ON",
}
"""What a dump program's session has to begin with; what MariaDB calls max_statement_time its own program turns."""
TURNS = re.compile(rf"names|charset|character_set\w*|{'|'.join(PLAIN)}", re.IGNORECASE)
PRIMARY = re.compile(r"^\s*PRIMARY KEY ", re.MULTILINE)


def settings(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether production can be written to as its parameter group sets it, and the copy be dumped."""
    known = survey.server.globals
    if known.get("binlog_format") == "STATEMENT" and known.get("log_bin") == "ON":
        yield blocks(
            "db.binlog-format",
            "production's binlog_format is STATEMENT, with which it takes no rows under READ COMMITTED",
            "set binlog_format to ROW or MIXED in its parameter group; sessions that begin later have it",
        )
    engine = known.get("enforce_storage_engine", "")
    if engine and engine.lower() != "innodb":
        yield blocks(
            "db.engine-enforced",
            f"production makes every new table {engine} (enforce_storage_engine)",
            "take enforce_storage_engine out of its parameter group: the scratch tables have to be InnoDB",
        )
    if known.get("sql_require_primary_key") == "ON":
        yield from without_primary_key(request, survey)
    if not survey.tools.dump_sets:
        yield from dumping(survey)


def without_primary_key(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether a table would have to be made that production takes no more."""
    for table in survey.tables if request.into and not request.undoes else ():
        if table.definition and table.definition.create_sql and not PRIMARY.search(table.definition.create_sql):
            yield blocks(
                "db.primary-key",
                f"{table.ref} has no primary key, and production makes no table without one (sql_require_primary_key)",
                "leave out --into or --swap to restore in place",
            )


def dumping(survey: Survey) -> Iterator[Finding]:
    """Whether a dump program that can't be told what to set reads every row, and reads it right."""
    known = survey.server.globals
    turned = [f"{name} is {known[name]}" for name, plain in PLAIN.items() if known.get(name, plain) != plain]
    if words := dict.fromkeys(TURNS.findall(known.get("init_connect", ""))):
        turned.append(f"init_connect sets {', '.join(words)}")
    for each in turned:
        yield blocks(
            "tool.settings",
            f"production's {each}, and this machine's mysqldump can't set it back",
            "install MySQL's own client, 8.4 or newer, or take it out of the parameter group",
        )
