"""A policy as IAM evaluates it: actions, resources and conditions (IAM user guide, "Policy evaluation logic")."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rdsrestore.domain.errors import UsageError

ANY = "*"
VARIABLE = re.compile(r"\$\{([^}]+)\}")
CALLER = {"aws:username": "lab", "aws:userid": "lab"}


@dataclass(frozen=True)
class Asked:
    """One thing that a call asks to do: an action on a resource, with what conditions can be about.

    A key that is not in `context` is not there for this action, and no condition on it holds.
    """

    action: str
    resource: str = ANY
    context: Mapping[str, str] = field(default_factory=dict)


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda found, wanted: found == wanted,
    "StringLike": lambda found, wanted: fits(wanted, found),
    "ArnEquals": lambda found, wanted: fits(wanted, found),
    "ArnLike": lambda found, wanted: fits(wanted, found),
    "Bool": lambda found, wanted: found.lower() == wanted.lower(),
}
"""What the printed policies use; any other is refused, not guessed."""


@dataclass(frozen=True)
class Policy:
    """The statements of a policy."""

    statements: Sequence[Mapping[str, Any]]

    def allows(self, asked: Asked) -> bool:
        """Whether a statement allows it and none denies it."""
        effects = {each["Effect"] for each in self.statements if covers(each, asked)}
        return "Allow" in effects and "Deny" not in effects

    @property
    def actions(self) -> int:
        """How many actions it names."""
        return sum(len(listed(each["Action"])) for each in self.statements)


def covers(statement: Mapping[str, Any], asked: Asked) -> bool:
    """Whether a statement is about what is asked."""
    if not any(fits(each.lower(), asked.action.lower()) for each in listed(statement["Action"])):
        return False
    if not any(fits(filled(each), asked.resource) for each in listed(statement.get("Resource", ANY))):
        return False
    return all(
        holds(operator, key, listed(wanted), asked.context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def holds(operator: str, key: str, wanted: Sequence[str], context: Mapping[str, str]) -> bool:
    """Whether one condition holds: the key has one of the values; without the key it does not, but for IfExists."""
    plain = operator.removesuffix("IfExists")
    if plain not in OPERATORS:
        raise UsageError(
            "policy", f"the lab does not know the condition {operator}", "rdsrestore iam-policy prints one"
        )
    found = context.get(key)
    if found is None:
        return operator != plain
    return any(OPERATORS[plain](found, filled(each)) for each in wanted)


def fits(pattern: str, text: str) -> bool:
    """Match `*` and `?`, and nothing else, as policies do."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def filled(text: str) -> str:
    """Put the caller in the place of a policy's variables."""
    return VARIABLE.sub(lambda found: CALLER.get(found[1], found[0]), text)


def listed(value: object) -> list[str]:
    """Read what may be one or several."""
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def read(file: Path) -> Policy:
    """Read a policy's JSON; UsageError where it is none."""
    try:
        found = json.loads(file.read_text("utf-8"))["Statement"]
        statements = [found] if isinstance(found, dict) else list(found)
        policy = Policy(statements)
        for each in statements:
            covers(each, Asked("none:None"))
        _ = policy.actions
    except OSError as error:
        raise UsageError(str(file), str(error.strerror), "rdsrestore iam-policy prints one") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(str(file), "is not a policy's JSON", "rdsrestore iam-policy prints one") from error
    return policy
