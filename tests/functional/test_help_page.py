"""The help of `table`: under headings, and its examples do what they say."""

from __future__ import annotations

import re
import shlex

import pytest

from rdsrestore.cli.help_page import EXAMPLES
from rdsrestore.domain.request.option import Section
from tool import LabTool

TYPED = [line.strip() for line in EXAMPLES.splitlines() if line.startswith("  rdsrestore")]


@pytest.mark.parametrize("example", TYPED)
def test_an_example_of_the_help_runs(shop: LabTool, example: str) -> None:
    before, after = shop.moment(), shop.moment()
    _rdsrestore, *words = shlex.split(example)
    for flag, moment in (("--before", before), ("--incident-end", after)):
        if flag in words:
            words[words.index(flag) + 1] = moment
    dry = [] if "--dry-run" in words or words[0] != "table" else ["--dry-run"]
    shop.sql("UPDATE shop.billing SET amount = amount + 1 LIMIT 3")
    shop(*words, *dry, check=0)


def test_flags_stand_under_headings_in_eighty_columns(shop: LabTool) -> None:
    shown = shop("table", "--help", COLUMNS="80").stdout
    headings = re.findall(r"^(\S.*):$", shown, re.MULTILINE)
    assert headings == [*Section, "Examples"]
    assert max(map(len, shown.splitlines())) <= 88
