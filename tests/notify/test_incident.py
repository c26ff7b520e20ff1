"""The report of a run, made from its journal: of runs of every release, of unfinished ones, as page, text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import escape
from pathlib import Path

import pytest

from browser import Page, browser
from fakes import NOW
from rdsrestore.domain.codec import Json, encode
from rdsrestore.domain.errors import JournalError
from rdsrestore.domain.facts import RetentionRaised, TakenBack
from rdsrestore.notify.incident.documents import as_json, html, markdown
from rdsrestore.notify.incident.from_journal import incident_report
from rdsrestore.notify.incident.phases import Phase, ticks
from rdsrestore.notify.incident.report_data import IncidentReport
from rdsrestore.steps.raise_retention import RaiseRetention
from rdsrestore.steps.recipe import STEPS
from rdsrestore.workflow.journal.journal import Kind, Reading, chain, read
from samples import EVIL

STORED = sorted((Path(__file__).parent.parent / "stored").glob("*/*/*/journal.jsonl"))
IDS = [f"{path.parent.parent.parent.name}-{path.parent.parent.name}" for path in STORED]
IMPACTS = {step.name: step.impact for step in STEPS}
SCRIPT = "<script>alert(1)</script>"


def reading(path: Path) -> Reading:
    return read(path.read_text("utf-8"))


def report(path: Path, *, at_work: bool = False, taken: TakenBack | None = None) -> IncidentReport:
    return incident_report(path.parent.name, reading(path), IMPACTS, at_work=at_work, taken=taken)


def stored(name: str) -> Path:
    return next(path for path in STORED if path.parent.parent.name == name)


@pytest.mark.parametrize("path", STORED, ids=IDS)
def test_a_run_of_every_release_has_a_page_that_needs_nothing_else(path: Path) -> None:
    found = report(path)
    page = html(found, NOW)
    assert all(text in page for text in (found.run, found.hash, escape(found.headline), "shop.billing"))
    assert "<script" not in page
    assert not any(text in page for text in ("http://", "https://", "url(", "src=", "@import"))
    assert found.run in markdown(found)
    assert json.loads(as_json(found))["hash"] == found.hash


def test_a_run_that_ended_well_says_what_production_has_and_what_was_checked() -> None:
    found = report(stored("good-merged"))
    assert found.state == "ok"
    assert found.production == "shop.billing: 150 rows (150 changed back); no other row was written"
    page = html(found, NOW)
    assert "amount (150)" in page
    assert "the plan is the one that was approved" in page
    assert "start this plan?" in page
    assert "approved: 150 rows" in page


def test_what_is_said_of_production_is_said_to_be_the_journals_word_and_until_when() -> None:
    found = report(stored("good-merged"))
    until = f"by the journal until {found.last:%Y-%m-%d %H:%M:%S} UTC; not looked at for this"
    assert f"Production, {until} page" in html(found, NOW)
    assert f"- production, {until} report: " in markdown(found)


def raising(fact: RetentionRaised | None, *, undone: bool) -> Reading:
    """A run that was killed after it had production keep its binlog longer, and perhaps cleaned up."""
    records = list(reading(stored("cut-merged")).records[:1])
    step = RaiseRetention(24, None)
    kinds: list[tuple[Kind, dict[str, Json]]] = [(Kind.INTENT, {"intent": encode(step)})]
    kinds += [(Kind.DONE, {"fact": encode(fact)})] if fact else []
    kinds += [(Kind.UNDO, {"text": step.undo_text()}), (Kind.UNDONE, {})] if undone else []
    for kind, data in kinds:
        records.append(chain(records[-1], records[-1].at, kind, step.name, data))
    return read("".join(f"{each.line()}\n" for each in records))


@pytest.mark.parametrize(
    ("fact", "undone", "left"),
    [
        (None, False, True),
        (RetentionRaised(24), False, True),
        (RetentionRaised(24, "EXECUTE was denied"), False, False),
        (RetentionRaised(24), True, False),
    ],
)
def test_a_setting_of_production_that_a_run_has_left_is_named(
    fact: RetentionRaised | None, *, undone: bool, left: bool
) -> None:
    found = incident_report("x", raising(fact, undone=undone), IMPACTS, at_work=False, taken=None)
    assert found.production.startswith("no table was written to")
    assert ("binlog retention hours is not put back yet" in found.production) is left


def test_an_unfinished_run_is_said_to_be_unfinished_and_its_rows_not_to_be_known() -> None:
    for name in ("cut-direct", "cut-merged"):
        found = report(stored(name))
        assert found.state == "unfinished"
        assert "its process is gone, step load" in found.headline
        assert "how many rows are in is not known" in found.production
        assert found.exit_code is None
        assert f"rdsrestore resume {found.run} goes on" in found.next
        assert "This run has not ended" in html(found, NOW)


def test_a_run_at_work_names_the_command_that_follows_it() -> None:
    found = report(stored("cut-merged"), at_work=True)
    assert found.state == "at-work"
    assert found.next[0] == f"rdsrestore watch {found.run}"


def test_a_run_that_was_taken_back_says_so() -> None:
    found = report(stored("good-direct"), taken=TakenBack("261126-000000-aaaa", "undone", whole=True))
    assert "then run 261126-000000-aaaa took that back: undone" in found.production


def test_the_instance_and_the_rule_are_said_to_have_stood_as_long_as_they_did() -> None:
    instance, rule = report(stored("good-merged")).lifetimes
    assert (instance.name, rule.name) == ("temporary instance", "rule open")
    assert instance.end
    assert rule.end
    assert instance.start < rule.start < rule.end < instance.end


def test_the_cost_is_the_instances_time_at_its_price() -> None:
    found = report(stored("good-merged"))
    instance = replace(found.lifetimes[0], end=found.lifetimes[0].start + timedelta(minutes=30))
    assert replace(found, lifetimes=(instance,), hourly=Decimal("0.0680")).cost.startswith("about 0.03 USD: 30 min at")
    assert "price is not known" in found.cost
    assert replace(found, lifetimes=()).cost == "no instance was made"


def test_what_comes_from_outside_is_only_characters() -> None:
    found = replace(report(stored("good-merged")), headline=SCRIPT, subject=EVIL, who={SCRIPT: SCRIPT})
    found = replace(found, lost=((SCRIPT, '"><img src=x onerror=x>'),), notes=("{{ 7 * 7 }}", EVIL))
    page = html(found, NOW)
    assert "<script>" not in page
    assert "<img" not in page
    assert "{{ 7 * 7 }}" in page
    assert escape(SCRIPT) in page
    assert all(each.isprintable() or each == "\n" for each in page)
    assert all(each.isprintable() or each == "\n" for each in markdown(found))
    assert "<script>" not in markdown(found).replace("\\<", "")


def test_a_journal_that_does_not_say_how_it_began_has_no_report() -> None:
    with pytest.raises(JournalError, match="how it began"):
        incident_report("x", Reading(()), IMPACTS, at_work=False, taken=None)


def test_a_damaged_journal_is_reported_up_to_there() -> None:
    whole = stored("good-merged").read_text("utf-8")
    found = incident_report("x", read(whole.replace('"done","step":"load"', '"done","step":"lead"')), IMPACTS,
                            at_work=False, taken=None)  # fmt: skip
    assert "the journal is not sound from line" in found.notes[0]
    assert found.state == "unfinished"


@pytest.mark.parametrize(
    ("seconds", "marks"), [(0.4, [0.0, 0.1, 0.2, 0.3, 0.4]), (1500, [0, 300, 600, 900, 1200, 1500])]
)
def test_the_marks_of_the_time_scale_are_round_and_few(seconds: float, marks: list[float]) -> None:
    assert ticks(seconds) == pytest.approx(marks)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page


LONG = "shop." + "a_table_with_a_long_name_" * 2 + "x"


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["good-merged", "cut-direct"])
def test_the_page_fits_a_browsers_window_and_can_be_read(
    chromium: Page, tmp_path: Path, name: str, scheme: str, width: int
) -> None:
    found = report(stored(name))
    tables = [replace(each, name=LONG) for each in found.tables]
    steps = [*found.steps, Phase("x" * 40, "reads", found.began, None)]
    file = tmp_path / "page.html"
    file.write_text(html(replace(found, tables=tables, steps=steps, lost=((LONG, SCRIPT),)), NOW), "utf-8")
    chromium.show(file, width, scheme)
    assert chromium.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    text = chromium.value("document.body.innerText").lower()
    assert all(each.lower() in text for each in (found.headline, found.hash, LONG, SCRIPT, "what happened when"))
    assert chromium.value("document.scripts.length") == 0
    assert chromium.value("document.querySelectorAll('rect').length") == len(steps) + len(found.lifetimes)
    assert chromium.value(
        "[...document.querySelectorAll('rect')].every(each => each.getBoundingClientRect().width > 0)"
    )
    paper, ink = (chromium.value(f"getComputedStyle(document.body).{each}") for each in ("backgroundColor", "color"))
    assert (brightness(paper) > brightness(ink)) == (scheme == "light")
    assert abs(brightness(paper) - brightness(ink)) > 150


def test_print_is_dark_on_white_whatever_the_screen_is(chromium: Page, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(html(report(stored("good-direct")), NOW), "utf-8")
    chromium.show(file, 794, "dark", "print")
    assert chromium.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chromium.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def brightness(colour: str) -> float:
    """Read a colour as `rgb(r, g, b)` and return its mean."""
    return sum(map(float, colour.removeprefix("rgb(").removesuffix(")").split(","))) / 3
