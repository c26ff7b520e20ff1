"""Settings: the defaults, then rdsrestore.toml, then RDSRESTORE_* variables; the command line comes on top elsewhere.

Secrets become `Secret` here and are never accepted in the file itself: there it says where they are kept.
"""

from __future__ import annotations

import getpass
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from rdsrestore.config import invariants
from rdsrestore.config.layer import VARIABLE, Layer, certificates, merge, number, path, seconds, text, url
from rdsrestore.config.toml import refuse_unknown, table
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.ids import BUNDLE, PREFIX
from rdsrestore.domain.request.merge_policy import Merge
from rdsrestore.domain.request.request import Invariant
from rdsrestore.domain.secret import Secret

FILE = f"{PREFIX}.toml"


@dataclass(frozen=True)
class PasswordGiven:
    """The password itself; `source` names where it came from, for hints."""

    secret: Secret
    source: str


@dataclass(frozen=True)
class PasswordInSecret:
    """The password lies in AWS Secrets Manager, to be fetched when it is needed."""

    arn: str


@dataclass(frozen=True)
class Settings:
    """What is set; None where nothing is. What is a number is in seconds, `profile` is the AWS profile."""

    home: Path
    operator: str
    instance: str | None = None
    database: str | None = None
    user: str | None = None
    password: PasswordGiven | PasswordInSecret | None = None
    ssl_ca: Path | None = None
    profile: str | None = None
    region: str | None = None
    merge: Merge | None = None
    dump_key: Secret | None = None
    executor: str | None = None
    slack_token: Secret | None = None
    slack_channel: str | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_webhook: Secret | None = None
    checkip_url: str = "https://checkip.amazonaws.com"
    instance_class: str | None = None
    wait: int = 6 * 3600
    poll: float = 15.0
    caller: str | None = None
    switch_role: str | None = None
    audit_bucket: str | None = None
    expires: int = 6 * 3600
    wait_for_answer: int = 2 * 3600
    keep_dumps_for: int = 7 * 86400
    invariants: tuple[Invariant, ...] = ()


READERS: Mapping[str, Callable[[Layer, str, object], Any]] = {
    "home": path,
    "operator": text,
    "instance": text,
    "database": text,
    "user": text,
    "ssl_ca": certificates,
    "aws_profile": text,
    "region": text,
    "merge": merge,
    "slack_channel": text,
    "slack_api_url": url,
    "checkip_url": url,
    "instance_class": text,
    "wait": seconds,
    "poll": number,
    "caller": text,
    "switch_role": text,
    "audit_bucket": text,
    "executor": text,
    "expires": seconds,
    "wait_for_answer": seconds,
    "keep_dumps_for": seconds,
}


SECRETS = ("password", "dump_key", "slack_token", "slack_webhook")


KEYS = frozenset({*READERS, "password_secret", *(name + form for name in SECRETS for form in ("", "_env", "_file"))})
"""Every key that the file or the environment may hold; a secret itself only the environment."""


def load(profile: str | None, env: Mapping[str, str], cwd: Path, home_config: Path) -> Settings:
    """Read the settings; `home_config` is the folder that is searched where `cwd` has no rdsrestore.toml.

    A bundle of certificates in it is taken where none is named. `profile` names a section of the file, or else an AWS
    profile. UsageError for whatever can't be used.
    """
    document, file = read(cwd, home_config)
    given = {name.removeprefix(VARIABLE).lower(): value for name, value in env.items() if name.startswith(VARIABLE)}
    variables = Layer({key: value for key, value in given.items() if key in KEYS and value}, cwd)
    name = profile or given.get("profile") or ""
    sections = table(document.get("profile", {}), file, "profile")
    layers = (
        section(document.get("defaults", {}), file, "defaults"),
        section(sections.get(name, {}), file, f"profile.{name}"),
        variables,
    )
    found = understood(layers, env)
    if name and name not in sections:
        found["aws_profile"] = name
    if (home_config / BUNDLE).is_file():
        found.setdefault("ssl_ca", home_config / BUNDLE)
    home, operator = platformdirs.user_state_path(PREFIX), person(env)
    found["invariants"] = invariants.invariants(document.get("invariant", []), str(file))
    return Settings(**{"home": home, "operator": operator, "profile": found.pop("aws_profile", None)} | found)


def read(cwd: Path, home_config: Path) -> tuple[dict[str, Any], Path]:
    """Read the nearer of the two files; an empty document where there is none."""
    file = next((folder / FILE for folder in (cwd, home_config) if (folder / FILE).exists()), cwd / FILE)
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}, file
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{file}:{line[1]}" if line else str(file)
        raise UsageError(where, f"is not TOML: {error}", 'values look like key = "text" or key = 3') from error
    except (OSError, ValueError) as error:
        raise UsageError(str(file), f"can't be read: {error}", "mend the file or move it away") from error
    misplaced = [key for key in document if key in KEYS]
    if misplaced:
        raise UsageError(str(file), f"{misplaced[0]} stands outside a section", "put it below a line [defaults]")
    refuse_unknown(document, ("defaults", "profile", "invariant"), str(file))
    return document, file


def section(value: object, file: Path, name: str) -> Layer:
    """Take a section of settings; UsageError where it holds a key that nothing reads."""
    layer = Layer(table(value, file, name), file.parent, f"{file} [{name}]")
    refuse_unknown(layer.values, KEYS, layer.file)
    return layer


def understood(layers: Sequence[Layer], env: Mapping[str, str]) -> dict[str, Any]:
    """Read each setting from the last layer that has it; what is overridden is never looked at."""
    plain = {key: layer for layer in layers for key in layer.values if key in READERS}
    secret = {name: layer for layer in layers for name in SECRETS if forms(layer, name)}
    return {
        **{key: READERS[key](layer, key, layer.values[key]) for key, layer in plain.items()},
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
    return PasswordGiven(secret, source) if name == "password" else secret


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
