"""One source of settings, and how its values are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.option import Declared, bare
from rdsrestore.domain.request.request import LONGEST

VARIABLE = "RDSRESTORE_"


@dataclass(frozen=True)
class Layer:
    """One source of settings: a section of the file, or the environment, whose values are all text."""

    values: Mapping[str, object]
    folder: Path
    file: str = ""

    def name(self, key: str) -> str:
        """Name a setting the way it is written in this layer."""
        return f"{self.file} {key}" if self.file else f"{VARIABLE}{key.upper()}"

    def wrong(self, key: str, what: str, hint: str = "") -> UsageError:
        """Make the error for a setting of this layer."""
        return UsageError(self.name(key), what, hint or "rdsrestore help configuration describes each setting")


def text(layer: Layer, key: str, value: object) -> str:
    """Take a text that is not empty; the value is not repeated, it may be a misplaced secret."""
    if not isinstance(value, str):
        raise layer.wrong(key, f"must be text in quotes, not {type(value).__name__}")
    if not value.strip():
        raise layer.wrong(key, "is empty", "give it a value or leave it out")
    return value


def url(layer: Layer, key: str, value: object) -> str:
    """Take an address on the web."""
    given = text(layer, key, value)
    try:
        address = urlsplit(given)
    except ValueError:  # such as a bracket that nothing closes
        address = urlsplit("")
    if address.scheme not in {"http", "https"} or not address.netloc:
        raise layer.wrong(key, f"must start with https:// or http://, not {given!r}")
    return given


def path(layer: Layer, key: str, value: object) -> Path:
    """Take a path; a relative one counts from the layer's folder."""
    given = text(layer, key, value)
    try:
        found = layer.folder / Path(given).expanduser()
    except RuntimeError as error:
        raise layer.wrong(key, "begins with the home of a user who is not known here") from error
    if "\0" in given:
        raise layer.wrong(key, "holds a NUL, which no path may")
    return found


def certificates(layer: Layer, key: str, value: object) -> Path:
    """Take the path of a file that can be read."""
    found = path(layer, key, value)
    try:
        found.open("rb").close()
    except OSError as error:
        hint = "give the RDS certificate bundle, or leave it out for the usual places"
        raise layer.wrong(key, f"{found} can't be read: {error.strerror}", hint) from error
    return found


def seconds(layer: Layer, key: str, value: object) -> int:
    """Take a whole number of seconds, at least one."""
    given = number(layer, key, value, LONGEST)
    if given != int(given) or given < 1:
        raise layer.wrong(key, f"must be a whole number of seconds, not {value!r}")
    return int(given)


def number(layer: Layer, key: str, value: object, most: int = 3600) -> float:
    """Take a number of seconds above zero."""
    try:
        given = float(value) if isinstance(value, str) and not layer.file else value
    except ValueError:
        given = None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= most:
        raise layer.wrong(key, f"must be a number of seconds above 0 and not above {most:,}, not {str(value)[:30]}")
    return float(given)


def count(layer: Layer, key: str, value: object) -> int:
    """Take a whole number, at least one."""
    given = int(value) if isinstance(value, str) and not layer.file and value.isascii() and value.isdigit() else value
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise layer.wrong(key, f"must be a whole number of at least 1, not {str(value)[:30]}")
    return given


def names(layer: Layer, key: str, value: object) -> tuple[str, ...]:
    """Take a list of names; a variable has commas between them."""
    given = value.split(",") if isinstance(value, str) and not layer.file else value
    if not isinstance(given, list) or not all(isinstance(each, str) and each.strip() for each in given):
        raise layer.wrong(key, 'must be a list of names, such as ["CostCenter", "Owner"]')
    return tuple(each.strip() for each in given)


def yes_or_no(layer: Layer, key: str, value: object) -> bool:
    """Take a truth value: true or false, from a variable also 1, 0, yes and no."""
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    given = value if isinstance(value, bool) else words.get(str(value).lower()) if not layer.file else None
    if given is None:
        raise layer.wrong(key, f"must be true or false, not {str(value)[:30]!r}")
    return given


def one_of(layer: Layer, key: str, value: object, kind: type[StrEnum]) -> StrEnum:
    """Take one of several words."""
    try:
        return kind(text(layer, key, value))
    except ValueError as error:
        raise layer.wrong(key, f"must be one of {', '.join(kind)}, not {value!r}") from error


Reader = Callable[[Layer, str, object], Any]
BY_FORM: Mapping[str, Reader] = {
    "url": url,
    "certificates": certificates,
    "count": count,
    "names": names,
}
BY_TYPE: Mapping[object, Reader] = {str: text, Path: path, int: seconds, float: number, bool: yes_or_no}


def reader(each: Declared) -> Reader:
    """Choose how a setting is read: by the form that its option names, else by its type."""
    kind = bare(each.type)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return partial(one_of, kind=kind)
    return BY_FORM.get(each.option.form) or BY_TYPE[kind]
