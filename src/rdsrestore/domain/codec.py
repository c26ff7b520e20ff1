"""Frozen dataclasses to JSON values and back, by their annotations.

A dataclass that is written down has a tag, which stays when the class is renamed: an object names it under "is", so
that a union of dataclasses can be read back. A field may keep a written name likewise. Moments are ISO 8601 in UTC.
Anything without a written form, above all a Secret, is a TypeError.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
T = typing.TypeVar("T")

TAG = "is"
WRITTEN = "written"
UNWRITTEN: Mapping[str, bool | str] = {WRITTEN: False}
"""Metadata of a field that stays in memory, and is read back as its default."""


@dataclasses.dataclass(frozen=True)
class Form:
    """How a class is written: its tag, and fields that earlier releases wrote and nothing reads any more."""

    tag: str
    former: frozenset[str]


FORMS: dict[type, Form] = {}
KINDS: dict[str, type] = {}


def written(tag: str, *, former: Collection[str] = ()) -> Callable[[type[T]], type[T]]:
    """Give a dataclass its tag, which is data: it never changes, and no other class ever gets it."""

    def known(kind: type[T]) -> type[T]:
        if tag in KINDS:
            raise TypeError(f"{kind.__name__} and {KINDS[tag].__name__} have the same tag")
        FORMS[kind], KINDS[tag] = Form(tag, frozenset(former)), kind
        return kind

    return known


def written_as(name: str) -> Mapping[str, bool | str]:
    """Make the metadata of a field that is written under another name than its own."""
    return {WRITTEN: name}


def encode(value: object) -> Json:
    """Turn a value into plain JSON; TypeError where it has no written form."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if type(value) not in FORMS:
            raise TypeError(f"{type(value).__name__} has no written form")
        return {TAG: FORMS[type(value)].tag, **encode_fields(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Enum | Decimal | Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no written form")


def encode_fields(value: object) -> dict[str, Json]:
    """Turn a dataclass into a plain object without its tag, for who need not read it back."""
    assert dataclasses.is_dataclass(value)  # noqa: S101 - for the type checker
    return {name: encode(getattr(value, field.name)) for name, field in _names(type(value)).items()}


def decode(kind: typing.Any, data: typing.Any) -> typing.Any:  # noqa: ANN401 - the annotation given says what comes back
    """Turn JSON back into what the annotation `kind` says; TypeError or ValueError where it does not fit."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        items = arguments[:1] * len(data) if arguments[-1] is ... else arguments
        return tuple(decode(item, each) for item, each in zip(items, data, strict=True))
    if origin in (typing.Union, types.UnionType):
        return None if data is None else decode(_member(arguments, data), data)
    if dataclasses.is_dataclass(kind):
        return _dataclass(typing.cast("type", kind), data)
    if kind is datetime:
        return datetime.fromisoformat(data)
    if isinstance(kind, type) and issubclass(kind, Enum | Decimal | Path):
        return kind(data)
    if isinstance(kind, type) and isinstance(data, kind):
        return data
    raise TypeError(f"{data!r} is no {kind}")


def decode_tagged(data: dict[str, typing.Any]) -> object:
    """Turn an object back into whatever its tag says; KeyError where no class has that tag."""
    return decode(KINDS[data[TAG]], data)


def _member(arguments: tuple[typing.Any, ...], data: typing.Any) -> typing.Any:  # noqa: ANN401 - one of the annotations given
    candidates = [each for each in arguments if each is not type(None)]
    if len(candidates) == 1:
        return candidates[0]
    return next(each for each in candidates if FORMS[each].tag == data[TAG])


def _dataclass(kind: type, data: dict[str, typing.Any]) -> object:
    hints, names = typing.get_type_hints(kind), _names(kind)
    ignored = {TAG, *FORMS[kind].former}
    known = {names[name].name: value for name, value in data.items() if name not in ignored}
    return kind(**{name: decode(hints[name], value) for name, value in known.items()})


def _names(kind: type) -> dict[str, dataclasses.Field[object]]:
    """Map the names that fields are written under to the fields, without those that stay in memory."""
    found = {field.metadata.get(WRITTEN, field.name): field for field in dataclasses.fields(kind)}
    return {name: field for name, field in found.items() if isinstance(name, str)}
