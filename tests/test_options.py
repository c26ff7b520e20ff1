"""An option is declared once: its flag, variable, key, field, help and line in the reference come of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

import reference
from rdsrestore.app.context import DECLARING
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.cli import main
from rdsrestore.cli.flags import with_flags
from rdsrestore.config.load import load
from rdsrestore.config.settings import Settings
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.option import Option, declared, filled
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.domain.request.throttle_rules import Limits


@dataclass(frozen=True)
class Heat:
    """Options within another dataclass."""

    degrees: Annotated[float | None, Option("How warm.", flag="--degrees", least=0)] = None


@dataclass(frozen=True)
class Warm:
    """A request that knows how to warm a copy up."""

    warm_up: Annotated[int, Option("Seconds to warm the copy up.", flag="--warm-up", key=True, default="none")] = 0
    heat: Heat = Heat()


def typed(*words: str) -> tuple[Mapping[str, Any], str]:
    """Run a command that has the flags of a request, and return what it was given, and what it printed."""
    seen: dict[str, Any] = {}
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @with_flags("table", Warm)
    def command(given: Mapping[str, Any], own: bool = False) -> None:  # noqa: FBT001, FBT002 - as typer wants it
        """Warm up."""
        seen.update(given, own=own)

    ended = CliRunner().invoke(app, list(words))
    return seen, ended.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_a_declared_option_has_a_flag_and_help() -> None:
    assert typed("--warm-up", "5", "--degrees", "0.5", "--own")[0] == {"warm_up": 5, "degrees": 0.5, "own": True}
    assert typed()[0] == {"warm_up": None, "degrees": None, "own": False}
    assert typed("--degrees", "-1")[0] == {}
    _nothing, printed = typed("--help")
    assert "--warm-up" in printed
    assert "Seconds to warm the copy up." in printed


def test_it_has_a_key_and_a_variable_and_the_flag_goes_before_both(folder: Path) -> None:
    (folder / "rdsrestore.toml").write_text("[defaults]\nwarm_up = 3\n")

    def made(variable: str, *words: str) -> Warm:
        settings = load(None, {"USER": "ada", "RDSRESTORE_WARM_UP": variable}, folder, folder, [Warm])
        return Warm(**filled(Warm, settings.given, typed(*words)[0]))

    assert made("") == Warm(warm_up=3)
    assert made("4") == Warm(warm_up=4)
    assert made("4", "--warm-up", "5", "--degrees", "1") == Warm(warm_up=5, heat=Heat(1.0))
    with pytest.raises(UsageError, match="RDSRESTORE_WARM_UP"):
        made("soon")


def test_a_key_that_nobody_declares_is_refused(folder: Path) -> None:
    (folder / "rdsrestore.toml").write_text("[defaults]\nwarm_up = 3\n")
    with pytest.raises(UsageError, match="unknown key warm_up"):
        load(None, {"USER": "ada"}, folder, folder, DECLARING)


def test_it_has_a_line_in_the_reference() -> None:
    assert "| `warm_up` | `--warm-up` | seconds to warm the copy up | 0 (none) |" in reference.table([Warm])


def test_the_reference_has_every_setting() -> None:
    reference.check_table([*DECLARING[:2], Settings, *DECLARING[2:]])


def test_no_two_options_of_a_command_share_a_name_or_a_flag() -> None:
    every = [each for kind in (CommandLine, Request, Settings) for each in declared(kind)]
    flags = [each.option.flag for each in every if each.option.flag]
    assert len({each.name for each in every}) == len(every)
    assert len(set(flags)) == len(flags)


def test_what_was_not_typed_leaves_the_default() -> None:
    given = {"max_lag": None, "max_load": 7, "gentle": False, "wait": None, "reason": "why"}
    assert filled(Request, given) == {"limits": Limits(max_load=7), "wait": 6 * 3600, "reason": "why"}


def test_what_is_typed_in_another_form_than_the_field_s_is_read() -> None:
    typed = {
        Path: (Path("held"), str(Path("held").absolute())),
        str: ("90m", 5400),
        None: (("10.0.0.7",), ("10.0.0.7/32",)),
        RowsFrom: (RowsFrom.BACKUP, RowsFrom.BACKUP),
    }
    readers = [each for kind in (CommandLine, Request, Settings) for each in declared(kind) if each.option.read]
    assert {each.name for each in readers} == {"flag", "wait_for_answer", "allow", "rows_from"}
    for each in readers:
        given, wanted = typed[each.option.typed]
        assert each.value(given) == wanted


def test_an_option_that_was_typed_without_a_value_is_refused_and_an_empty_default_is_none() -> None:
    @dataclass(frozen=True)
    class Told:
        reason: Annotated[str, Option("Why.", flag="--reason")] = ""
        region: Annotated[str | None, Option("Where.", flag="--region")] = None

    seen: list[Mapping[str, Any]] = []
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @with_flags("table", Told)
    def command(given: Mapping[str, Any]) -> None:
        seen.append(given)

    assert CliRunner().invoke(app, []).exit_code == 0
    assert seen == [{"reason": "", "region": None}]
    refused = CliRunner().invoke(app, ["--region", " "])
    assert (refused.exit_code, refused.output.splitlines()[0]) == (2, "error: --region: is empty")


@pytest.mark.parametrize("given", ["", " ", ",", " , "])
def test_no_columns_are_not_all_columns(given: str) -> None:
    refused = CliRunner().invoke(main.app, ["table", "t", "--before", "10:14", "--columns", given, "--yes"])
    assert (refused.exit_code, refused.output.splitlines()[0]) == (2, "error: --columns: is empty")
