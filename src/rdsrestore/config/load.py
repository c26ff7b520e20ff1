"""Read the settings: the defaults, then rdsrestore.toml, then RDSRESTORE_* variables.

The command line comes on top elsewhere.
Secrets become `Secret` here and are never accepted in the file itself: there it says where they are kept.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs

from rdsrestore.config import invariants, tags
from rdsrestore.config.layer import VARIABLE, Layer, path, reader, text
from rdsrestore.config.settings import PasswordGiven, PasswordInSecret, Settings
from rdsrestore.config.toml import refuse_unknown, table
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.ids import BUNDLE, PREFIX
from rdsrestore.domain.request.option import Declared, bare, declared
from rdsrestore.domain.secret import Secret

FILE = f"{PREFIX}.toml"
PASSWORD = "password"  # noqa: S105 - a setting's name


class Keys:
    """The settings that can be given, as `Settings` and others declare them."""

    def __init__(self, declaring: Iterable[type]) -> None:
        options = (each for kind in declaring for each in declared(kind) if each.option.key)
        self.options: Mapping[str, Declared] = {each.name: each for each in options}
        self.secrets = frozenset(name for name, each in self.options.items() if secret(each))
        self.plain = frozenset(self.options) - self.secrets
        forms = {name + form for name in self.secrets for form in ("", "_env", "_file")}
        self.names = self.plain | forms | {f"{PASSWORD}_secret"}


def secret(each: Declared) -> bool:
    """Whether a setting is never written into the file."""
    return each.option.form == PASSWORD or bare(each.type) is Secret


def load(
    profile: str | None, env: Mapping[str, str], cwd: Path, home_config: Path, others: Iterable[type] = ()
) -> Settings:
    """Read the settings; `home_config` is the folder that is searched where `cwd` has no rdsrestore.toml.

    A bundle of certificates in it is taken where none is named. `profile` names a section of the file, or else an AWS
    profile. `others` declare settings beside `Settings`. UsageError for whatever can't be used.
    """
    keys = Keys((Settings, *others))
    written, file = read(cwd, home_config, keys)
    given = {name.removeprefix(VARIABLE).lower(): value for name, value in env.items() if name.startswith(VARIABLE)}
    variables = Layer({key: value for key, value in given.items() if key in keys.names and value}, cwd)
    name = profile or given.get("profile") or ""
    sections = table(written.get("profile", {}), file, "profile")
    layers = (
        section(written.get("defaults", {}), file, "defaults", keys),
        section(sections.get(name, {}), file, f"profile.{name}", keys),
        variables,
    )
    found = understood(layers, env, keys)
    if name and name not in sections:
        found["aws_profile"] = name
    if (home_config / BUNDLE).is_file():
        found.setdefault("ssl_ca", home_config / BUNDLE)
    usual: dict[str, Any] = {"home": platformdirs.user_state_path(PREFIX), "operator": person(env)}
    names = {each.name for each in declared(Settings)}
    return Settings(
        **usual | {name: value for name, value in found.items() if name in names},
        invariants=invariants.invariants(written.get("invariant", []), str(file)),
        tags=tags.tags(table(written.get("tags", {}), file, "tags"), f"{file} [tags]"),
        given={name: value for name, value in found.items() if name not in names},
    )


def read(cwd: Path, home_config: Path, keys: Keys) -> tuple[dict[str, Any], Path]:
    """Read the nearer of the two files; an empty document where there is none."""
    for file in (cwd / FILE, home_config / FILE):
        with contextlib.suppress(FileNotFoundError):
            return document(file, keys), file
    return {}, cwd / FILE


def document(file: Path, keys: Keys) -> dict[str, Any]:
    """Read one file; FileNotFoundError where it is not there, UsageError for whatever can't be used."""
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{file}:{line[1]}" if line else str(file)
        raise UsageError(where, f"is not TOML: {error}", 'values look like key = "text" or key = 3') from error
    except (OSError, ValueError) as error:
        raise UsageError(str(file), f"can't be read: {error}", "mend the file or move it away") from error
    misplaced = [key for key in found if key in keys.names]
    if misplaced:
        raise UsageError(str(file), f"{misplaced[0]} stands outside a section", "put it below a line [defaults]")
    refuse_unknown(found, ("defaults", "profile", "invariant", "tags"), str(file))
    return found


def section(value: object, file: Path, name: str, keys: Keys) -> Layer:
    """Take a section of settings; UsageError where it holds a key that nothing reads."""
    layer = Layer(table(value, file, name), file.parent, f"{file} [{name}]")
    refuse_unknown(layer.values, keys.names, layer.file)
    return layer


def understood(layers: Sequence[Layer], env: Mapping[str, str], keys: Keys) -> dict[str, Any]:
    """Read each setting from the last layer that has it; what is overridden is never looked at."""
    plain = {key: layer for layer in layers for key in layer.values if key in keys.plain}
    secret = {name: layer for layer in layers for name in keys.secrets if forms(layer, name)}
    return {
        **{key: reader(keys.options[key])(layer, key, layer.values[key]) for key, layer in plain.items()},
        **{name: kept_secret(layer, name, env) for name, layer in secret.items()},
    }


def forms(layer: Layer, name: str) -> list[str]:
    """Name the keys under which a layer gives a secret."""
    return [key for key in (name, f"{name}_env", f"{name}_file", f"{name}_secret") if key in layer.values]


def kept_secret(layer: Layer, name: str, env: Mapping[str, str]) -> Secret | PasswordGiven | PasswordInSecret:
    """Fetch a secret from where the layer says it is; UsageError where it says so twice."""
    form, *more = forms(layer, name)
    if more:
        raise layer.wrong(form, f"is given together with {layer.name(more[0])}", "keep one of them")
    if form == name and layer.file:
        raise layer.wrong(name, "is a secret and must not stand in a file", f"use {name}_env or {name}_file instead")
    value = text(layer, form, layer.values[form])
    if form.endswith("_secret"):
        return PasswordInSecret(value)
    secret, source = Secret(value), layer.name(form)
    if form.endswith("_env"):
        secret, source = variable(layer, form, value, env), value
    elif form.endswith("_file"):
        secret = from_file(layer, form, path(layer, form, value))
    return PasswordGiven(secret, source) if name == PASSWORD else secret


def variable(layer: Layer, key: str, name: str, env: Mapping[str, str]) -> Secret:
    """Take a secret from the variable of that name."""
    if not env.get(name):
        shown = (
            name if re.fullmatch("[A-Z][A-Z0-9_]*", name) else "..."
        )  # may be the secret itself, put here by mistake
        raise layer.wrong(key, f"names a variable that is not set: {shown}", "export it, or use another source")
    return Secret(env[name])


def from_file(layer: Layer, key: str, file: Path) -> Secret:
    """Take a secret from a file that nobody else can read, without the line's end."""
    try:
        with file.open(encoding="utf-8") as stream:
            shared = os.fstat(stream.fileno()).st_mode & 0o077
            value = stream.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise layer.wrong(key, f"{file} can't be read: {reason}", "name a readable file") from error
    if shared:
        raise layer.wrong(key, f"{file} is open to others (mode {shared:03o})", f"chmod 600 {file}")
    if not value:
        raise layer.wrong(key, f"{file} is empty", "write the secret into it")
    return Secret(value)


def person(env: Mapping[str, str]) -> str:
    """Name whoever sits at the keyboard, also behind sudo."""
    named = next((env[name] for name in ("SUDO_USER", "LOGNAME", "USER") if env.get(name)), "")
    try:
        return named or getpass.getuser()
    except (OSError, KeyError):  # no entry for this user id, as in a container
        return f"uid {os.getuid()}"
