"""Dump programs for tests: real ones, and scripts that stand in their way."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from mysql.site import ORACLE
from rdsrestore.mysql.dump.program import client_programs
from tool import LabTool

PLUGINS = ORACLE.environment["LIBMYSQL_PLUGIN_DIR"]


def script(folder: Path, text: str, name: str = "mysqldump") -> str:
    """Make a program of a shell's words; returns a PATH on which it comes first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"{folder}:/usr/local/bin:/usr/bin:/bin"


def ours() -> str:
    """The path of this machine's dump program."""
    return client_programs.find().path


def oracle(folder: Path, *, plugins: bool = True) -> str:
    """Put Oracle's dump program first, with or without the plugins that log in as older accounts want it."""
    given = f"LIBMYSQL_PLUGIN_DIR={shlex.quote(PLUGINS)}; export LIBMYSQL_PLUGIN_DIR; " if plugins else ""
    return script(folder, f'{given}exec {shlex.join(ORACLE.program("mysqldump"))} "$@"')


def by_oracle(shop: LabTool, folder: Path) -> LabTool:
    """The tool on the same lab, with Oracle's dump program before this machine's own."""
    oracle(folder)
    return replace(shop, env=shop.env | {"PATH": f"{folder}:{shop.env['PATH']}"})
