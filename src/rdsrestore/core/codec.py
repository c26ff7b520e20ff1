"""Frozen dataclasses to JSON values and back, by their annotations.

A dataclass becomes an object that names its class under "is", so that a union of dataclasses can be read back. Fields
of earlier releases, which its FORMER names, are passed over. Moments are ISO 8601 in UTC. Anything without a JSON form,
above all a Secret, is a TypeError.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

CLASS = "is"
FORMER = "FORMER"
WRITTEN = "written"
"""A field whose metadata says False to this stays in memory, and is read back as its default."""


def encode(value: object) -> Json:
    """Turn a value into plain JSON; TypeError where it has no JSON form."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        written = (field for field in dataclasses.fields(value) if field.metadata.get(WRITTEN, True))
        return {CLASS: type(value).__name__, **{each.name: encode(getattr(value, each.name)) for each in written}}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Enum | Decimal | Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no written form")


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


def _member(arguments: tuple[typing.Any, ...], data: typing.Any) -> typing.Any:  # noqa: ANN401 - one of the annotations given
    candidates = [each for each in arguments if each is not type(None)]
    if len(candidates) == 1:
        return candidates[0]
    return next(each for each in candidates if each.__name__ == data[CLASS])


def _dataclass(kind: type, data: dict[str, typing.Any]) -> object:
    hints = typing.get_type_hints(kind)
    gone = {CLASS, *getattr(kind, FORMER, ())}
    return kind(**{name: decode(hints[name], value) for name, value in data.items() if name not in gone})
