"""Which filters a listing of EC2 takes: those that its reference names, as the service refuses all others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from rdsrestore.lab.cloud import query_protocol

NAMED = re.compile(r"<li> <p> <code>([^<]+)</code>(:&lt;key&gt;)?")
ASKED = re.compile(r"Filter\.\d+\.Name")


@cache
def documented(action: str) -> frozenset[str]:
    """Read the names from the service model's own text; one that ends with a colon takes any key after it."""
    shape = query_protocol.operation("ec2", action).input_shape
    text = shape.members["Filters"].documentation if shape and "Filters" in shape.members else ""
    return frozenset(f"{name}:" if key else name for name, key in NAMED.findall(text))


def refuse_unknown(action: str, form: Mapping[str, str]) -> None:
    """Raise the service's Fault for a filter that the action does not have."""
    for name in (value for key, value in form.items() if ASKED.fullmatch(key)):
        kind, colon, _key = name.partition(":")
        if kind + colon not in documented(action):
            raise query_protocol.Fault("InvalidParameterValue", f"The filter '{name}' is invalid")
