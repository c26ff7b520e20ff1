"""Whether this machine can dump."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.core.checks.finding import Finding, blocks
from rdsrestore.core.survey import Survey

DUMP_TO_TABLE = 3
"""Bytes of free disk wanted for each byte of table: the dump as text, with hexadecimal blobs, and some air."""


def this_machine(survey: Survey) -> Iterator[Finding]:
    """Whether this machine can dump."""
    tools = survey.tools
    if tools.dump is None:
        yield blocks("tool.missing", "mysqldump is not on the PATH", "install mariadb-client or mysql-client")
    if tools.problem:
        yield blocks(tools.problem.code, tools.problem.what, tools.problem.hint)
    wanted = DUMP_TO_TABLE * sum(table.definition.bytes for table in survey.tables if table.definition)
    if wanted > survey.free_disk:
        yield blocks(
            "disk.full",
            f"the dump may need {wanted / 1e9:.1f} GB and {survey.free_disk / 1e9:.1f} GB are free",
            "set RDSRESTORE_HOME to a folder on a larger disk",
        )
    if survey.caller is None:
        yield blocks(
            "caller.unknown", "this machine's public address could not be found out", "give it with --my-ip ADDRESS"
        )
