"""Flags out of declared options: a command names the dataclasses that declare its options, and gets what was typed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, get_origin

import typer

from rdsrestore.cli.exit_handling import fail
from rdsrestore.domain.errors import RdsRestoreError, UsageError
from rdsrestore.domain.request.option import Declared, bare, declared

Given = Mapping[str, Any]
"""What was typed, by the names of the fields that it fills; None where nothing was."""


def with_flags(command: str, *kinds: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function whose first parameter takes what was typed of the options that `kinds` declare.

    Its other parameters are flags of its own, after these.
    """
    all_options = (each for kind in kinds for each in declared(kind) if each.option.flag)
    options = [each for each in all_options if command in each.option.commands]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        def run(**typed: Any) -> None:  # noqa: ANN401 - what typer has read
            try:
                given = {each.name: each.value(said(each, typed.pop(each.name))) for each in options}
            except RdsRestoreError as error:
                fail(error)
            function(given, **typed)

        _given, *own = inspect.signature(function, eval_str=True).parameters.values()
        keyword = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*parameters(options), *own)]
        run.__signature__ = inspect.Signature(keyword)  # type: ignore[attr-defined]  # what inspect looks at first
        run.__annotations__ = {}
        run.__name__, run.__doc__ = function.__name__, function.__doc__
        return run

    return decorate


def parameters(options: Iterable[Declared]) -> Iterable[inspect.Parameter]:
    """Make a parameter of each option as typer reads it."""
    for each in options:
        kind, default = shape(each)
        yield inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info(each)]
        )


def shape(each: Declared) -> tuple[Any, Any]:
    """Choose what typer takes for an option, and what it gives where nothing is typed."""
    kind: Any = each.option.typed or bare(each.type)
    if get_origin(kind) is tuple:
        return list[str] | None, None
    if kind is bool:
        return (bool | None, None) if each.option.key else (bool, False)
    kept = each.default is not None and not each.option.key and not each.option.read
    return (kind, each.default) if kept else (kind | None, None)


def info(each: Declared) -> Any:  # noqa: ANN401 - what typer calls them is its own
    """Describe an option to typer; one without dashes is an argument."""
    option = each.option
    if not option.flag.startswith("-"):
        return typer.Argument(metavar=option.metavar, help=option.help, rich_help_panel=option.section)
    shown = option.default if each.default and option.default else bool(each.default) and not option.read
    return typer.Option(
        option.flag,
        help=option.help,
        metavar=option.metavar,
        show_default=shown,
        min=option.least,
        max=option.most,
        rich_help_panel=option.section,
    )


def said(each: Declared, typed: object) -> object:
    """Make a tuple of several; UsageError where a text is empty, as in the settings."""
    one = isinstance(typed, str) and not typed.strip() and typed != each.default
    if one or (isinstance(typed, list) and not all(word.strip(" ,") for word in typed)):
        raise UsageError(each.option.flag, "is empty", "give it a value or leave it out")
    return tuple(typed) if isinstance(typed, list) else typed
