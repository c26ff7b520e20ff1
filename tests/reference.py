"""The table of settings in docs/configuration.md, made of what options declare; UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from rdsrestore.config.load import secret
from rdsrestore.domain.request.option import Declared, declared

DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"
HEAD = "| key | flag | meaning | default |\n| --- | --- | --- | --- |\n"


def table(kinds: Iterable[type]) -> str:
    """Write a line for each setting."""
    return HEAD + "".join(f"{line}\n" for kind in kinds for line in lines(kind))


def lines(kind: type) -> Iterator[str]:
    for each in declared(kind):
        if each.option.key:
            flag = f"`{each.option.flag}`" if each.option.flag else ""
            yield f"| `{each.name}` | {flag} | {meaning(each)} | {without(each)} |"


def meaning(each: Declared) -> str:
    text = each.option.meaning or (each.option.help[0].lower() + each.option.help[1:].rstrip("."))
    return f"{text}; only as `RDSRESTORE_{each.name.upper()}`, see below" if secret(each) else text


def without(each: Declared) -> str:
    if isinstance(each.default, float | int):
        return f"{each.default:g}" + (f" ({each.option.default})" if each.option.default else "")
    return each.option.default or (f"`{each.default}`" if each.default else "none")


def check_table(kinds: Iterable[type]) -> None:
    """Hold the page's table against the declarations."""
    before, head, rest = DOCS.read_text("utf-8").partition(HEAD)
    assert head, f"{DOCS.name} has no table of settings"
    _old, gap, after = rest.partition("\n\n")
    wanted = table(kinds)
    if os.environ.get("UPDATE_GOLDEN"):
        DOCS.write_text(before + wanted + gap[1:] + after, "utf-8")
    assert wanted in DOCS.read_text("utf-8")
