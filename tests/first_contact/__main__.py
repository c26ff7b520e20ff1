"""What the lab can't show, asked of a real account; run by scripts/first-contact.

Ends with 1 where anything is otherwise than the tool supposes, with 2 where nothing could be asked.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from first_contact import making
from first_contact.account import Account
from first_contact.findings import SIGNS, Findings
from first_contact.reading import read
from rdsrestore.app.context import Context
from rdsrestore.domain.errors import RdsRestoreError, Refused, UsageError


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/first-contact", description=__doc__, allow_abbrev=False)
    parser.add_argument("--instance", help="the instance to ask about; else the one of the settings")
    parser.add_argument("--profile", help="as rdsrestore takes it")
    parser.add_argument("--region", help="the AWS region")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep what was found, with request ids, a line each")
    parser.add_argument("--restore", action="store_true", help="restore two copies too, and delete them; asks first")
    parser.add_argument("--class", dest="instance_class", metavar="CLASS", help="their class; else the instance's own")
    return parser.parse_args(words)


def contact(given: argparse.Namespace) -> Findings:
    """Ask what was wished for; UsageError where no instance is named."""
    context = Context.open(given.profile, {"region": given.region}, json=False)
    name = given.instance or context.settings.given.get("instance")
    if not name:
        raise UsageError("--instance", "which instance is not said", "name one with --instance NAME")
    at = Account.of(context, name)
    findings = Findings(at.log, lambda line: print(line, flush=True))
    try:
        read(at, findings)
        if given.restore:
            restore(at, findings, given.instance_class or at.source.instance_class)
    finally:
        if given.json:
            given.json.write_text("".join(f"{each.record()}\n" for each in findings.all), "utf-8")
    return findings


def restore(at: Account, findings: Findings, instance_class: str) -> None:
    """Make what has to be made, after a yes; Refused without one."""
    print(f"\n--restore makes {making.price(at, instance_class)}; they are deleted at the end.")
    print("production is read, and nothing in it is changed. Type yes to go on: ", end="", flush=True)
    if sys.stdin.readline().strip() != "yes":
        raise Refused("--restore", "nothing was made", "type the word yes, or leave --restore out")
    making.Trial(at, findings, instance_class, at.settings.given.get("switch_role")).make()


def interrupted(number: int, _frame: object) -> None:
    """Leave by an exception, so that what was made is removed."""
    raise KeyboardInterrupt(number)


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        findings = contact(arguments(sys.argv[1:]))
    except RdsRestoreError as error:
        print(f"error: {error}\nhint: {error.hint}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted; rdsrestore cleanup --all looks for anything left", file=sys.stderr)
        return 130
    counts = Counter(each.answer.judgement for each in findings.all)
    print(", ".join(f"{sign} {counts[judgement]} {judgement}" for judgement, sign in SIGNS.items()))
    return 1 if any(each.answer.supposed is False for each in findings.all) else 0


sys.exit(main())
