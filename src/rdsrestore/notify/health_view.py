"""Whether a restore would find what it needs, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from rdsrestore.domain.codec import Json
from rdsrestore.domain.health import Check, State, verdict
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.notify.console.terminal import Terminal

STYLES = {State.OK: "bold green", State.WARNED: "bold yellow", State.UNKNOWN: "bold yellow", State.FAILED: "bold red"}


def show(console: Terminal, instance: str, found: Sequence[Check]) -> None:
    """Print a line a check, what to do below each that is not well, and in the end what that means."""
    signs = {
        State.OK: console.symbols.done,
        State.WARNED: console.symbols.note,
        State.UNKNOWN: "?",
        State.FAILED: console.symbols.failed,
    }
    wide, sign = max(len(each.name) for each in found), max(len(each) for each in signs.values())
    for each in found:
        begin = f"{signs[each.state]:<{sign}} {each.name:<{wide}}  "
        line = Text.assemble((begin, STYLES[each.state]), clean_line(each.what))
        if each.code:
            line.append(f"  [{each.code}]", "dim")
        console.say(line, len(begin))
        if each.hint:
            console.say(Text.assemble(" " * len(begin), ("hint: ", "bold"), clean_line(each.hint)), len(begin) + 6)
    failed = sum(each.state is State.FAILED for each in found)
    well = verdict(found) is ExitCode.OK
    ending = "a restore would find what it needs" if well else f"a restore would be refused: {failed} to mend"
    console.say(Text(f"{instance}: {ending}", "bold"), 2)


def lines(instance: str, found: Sequence[Check]) -> Iterator[Mapping[str, Json]]:
    """Make one object a check."""
    for each in found:
        told: dict[str, Json] = {"instance": instance, "check": each.name, "state": each.state.value}
        yield told | {"what": each.what, "hint": each.hint, "code": each.code}
