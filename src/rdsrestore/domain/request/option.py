"""How an option is declared: once, at the field that it fills.

The flag, its help, the settings key, the variable and the reference table are made of the declaration:

    warm: Annotated[int, Option("Seconds to warm the copy up.", flag="--warm", key=True)] = 0
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

TABLE = ("table",)
ROWS = ("table", "compare")
"""Commands that are told which rows."""
LOADS = ("table", "undo")
"""Commands that write rows to production."""
LOOKS = (*ROWS, "find")
"""Commands that are told which tables."""
PLACES = (*LOOKS, "doctor")
"""Commands that are told which instance."""


class Section(StrEnum):
    """What options of a command's help stand together, under which heading."""

    STATE = "Which tables, as they were when"
    ROWS = "Which rows"
    TARGET = "Where the rows go"
    COPY = "The restored instance, and what is kept"
    PACE = "Kind to production"
    COMMAND = "The command itself"


@dataclass(frozen=True)
class Option:
    """What is declared of an option beside its field's name, type and default.

    `help` is what `--help` says, `flag` how it is spelled (empty: there is none), `commands` whose flag it is. With
    `key` it can be set in the file and by a variable too; `meaning` says more of it there, `default` what holds else.
    `typed` is the type of what is typed where that is not the field's, and `read` makes the field's value of it: a
    function with a name, for one written within the annotation would not see its module.
    `form` names how a setting is read where its type does not tell. `settled` says that the dumps of an earlier run
    leave no choice. `section` is where the flag stands in the help.
    """

    help: str = ""
    flag: str = ""
    commands: tuple[str, ...] = TABLE
    metavar: str | None = None
    key: bool = False
    meaning: str = ""
    default: str = ""
    typed: Any = None
    read: Callable[[Any], Any] | None = None
    form: str = ""
    least: float | None = None
    most: float | None = None
    settled: bool = False
    section: Section = Section.COMMAND


@dataclass(frozen=True)
class Declared:
    """An option and the field that it fills; `within` names the field that holds this one's dataclass, if any does."""

    name: str
    type: Any
    default: Any
    option: Option
    within: str = ""

    def value(self, typed: object) -> object:
        """Make the field's value of what was typed; None where nothing was.

        Raises UsageError for what can't be used.
        """
        return typed if typed is None or self.option.read is None else self.option.read(typed)

    def chosen(self, value: object) -> bool:
        """Whether a value says more than leaving the option out."""
        return value not in (None, False, "", ()) and value != self.default


def declared(kind: type) -> tuple[Declared, ...]:
    """Read the options that a dataclass declares, in the order of its fields, with those of dataclasses within."""
    return _read(kind)


@cache
def _read(kind: type) -> tuple[Declared, ...]:
    """Read them once: each command asks for them."""
    return tuple(_declared(kind))


def _declared(kind: type) -> Iterator[Declared]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for each in dataclasses.fields(kind):
        hint = hints[each.name]
        option = next((found for found in getattr(hint, "__metadata__", ()) if isinstance(found, Option)), None)
        if option:
            default = None if each.default is dataclasses.MISSING else each.default
            yield Declared(each.name, typing.get_args(hint)[0], default, option)
        elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
            yield from (dataclasses.replace(inner, within=each.name) for inner in _declared(hint))


def filled(kind: type, *sources: Mapping[str, object]) -> dict[str, Any]:
    """Make the fields that options fill out of what was given by name; later sources win, None counts as not given.

    Only options that a source names are filled; where all say None the field has its default.
    """
    fields: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for each in declared(kind):
        values = [source[each.name] for source in sources if each.name in source]
        if values:
            given = [value for value in values if value is not None]
            into = inner.setdefault(each.within, {}) if each.within else fields
            into[each.name] = given[-1] if given else each.default
    hints = typing.get_type_hints(kind)
    return fields | {name: hints[name](**values) for name, values in inner.items()}


def bare(kind: object) -> object:
    """Take `| None` off a type."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (only,) = (each for each in typing.get_args(kind) if each is not type(None))
        return only
    return kind
