"""The difference, before anything is written: each class of rows, what is done with it, and a few of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from rdsrestore.domain.plain_text import clean_line
from rdsrestore.domain.tables.rows import LOOKED_AT, Act, Cell, Group, Provenance, Relation, TableDifference
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.text import clean, columns, counted, shortened

CELL = 24
CLASSES: Mapping[tuple[Relation, Provenance], str] = {
    (Relation.MISSING, Provenance.UNKNOWN): "missing",
    (Relation.CHANGED, Provenance.UNKNOWN): "changed since",
    (Relation.EXTRA, Provenance.UNKNOWN): "newer: production alone has them",
    (Relation.MISSING, Provenance.TAKEN): "deleted by the incident",
    (Relation.CHANGED, Provenance.TAKEN): "changed by the incident, and not touched since",
    (Relation.CHANGED, Provenance.MERGED): "changed by the incident, and in other columns since",
    (Relation.EXTRA, Provenance.TAKEN): "added by the incident",
    (Relation.MISSING, Provenance.EDITED): "changed by the incident, and deleted since",
    (Relation.CHANGED, Provenance.EDITED): "changed by the incident, and again since",
    (Relation.EXTRA, Provenance.EDITED): "added by the incident, and changed since",
    (Relation.MISSING, Provenance.LATER): "deleted later",
    (Relation.CHANGED, Provenance.LATER): "changed later",
    (Relation.EXTRA, Provenance.LATER): "new since",
}
DONE: Mapping[Act, str] = {
    Act.INSERT: "put back",
    Act.UPDATE: "given their restored values",
    Act.DELETE: "DELETED",
    Act.KEEP: "left as they are",
}
RUNS_OWN: Mapping[Relation, str] = {
    Relation.EXTRA: "that the run wrote",
    Relation.CHANGED: "that the run changed",
    Relation.MISSING: "that the run deleted",
}
TAKEN_BACK: Mapping[Act, str] = {
    Act.DELETE: "REMOVED again",
    Act.UPDATE: "set back to what they were before the run",
    Act.INSERT: "put back",
    Act.KEEP: "left as they are",
}
"""What an undo does."""
WOULD: Mapping[Act, str] = {act: done if act is Act.KEEP else f"would be {done}" for act, done in DONE.items()}
"""What a restore would do, where nobody is asked and nothing is written."""
STYLES: Mapping[Act, str] = {Act.INSERT: "green", Act.UPDATE: "yellow", Act.DELETE: "bold red", Act.KEEP: "dim"}


def preview(console: Terminal, differences: Sequence[TableDifference], *, asked: bool = True) -> None:
    """Print what would be written to production and what not, with a few of the rows; `asked` where a yes follows."""
    undoes = any(each.undoes for each in differences)
    restoring = ("table", "restored", "now", "missing", "changed", "newer", "in conflict")
    heading = ("table", "of the run", "now", "removed", "set back", "put back", "skipped") if undoes else restoring
    rows = [heading, *(taken_back(each) if undoes else counts(each) for each in differences)]
    console.print()
    for number, line in enumerate(columns(rows, right=frozenset(range(1, len(heading))))):
        console.say(clean(f"  {line}", "" if number else "bold"))
    for each in differences:
        for text in (*each.unlike, *each.notes):
            console.say(
                Text.assemble((f"{console.symbols.note} ", "bold yellow"), clean_line(f"{each.ref}: {text}")), 2
            )
        if each.unseen:
            said = f"{each.ref}: {counted(each.unseen, 'row')} on both sides; whether they changed was not looked at"
            console.say(Text.assemble((f"{console.symbols.note} ", "bold yellow"), clean_line(said)), 2)
            console.say(Text.assemble(("  hint: ", "bold"), "to see what changed: rdsrestore compare"), len("  hint: "))
        for group in each.groups:
            show(console, each, group, TAKEN_BACK if undoes else DONE if asked else WOULD)
        for conflict in each.conflicts:
            keys = f", e.g. {', '.join(conflict.sample)}" if conflict.sample else ""
            how = "skipped" if undoes else "left alone"
            text = f"{counted(conflict.rows, 'row')} of {each.target} {how}: {conflict.reason}{keys}"
            console.say(Text.assemble((f"{console.symbols.note} ", "bold yellow"), clean_line(text)), 2)
        lost(console, each, [other.ref.table for other in differences], "say no and run" if asked else "run")


def counts(difference: TableDifference) -> tuple[str, ...]:
    """One table's numbers."""
    beside = f" into {difference.target.table}" if difference.target != difference.ref else ""
    changed = "-" if difference.unseen else f"{difference.changed:,}"
    before = (difference.restored, difference.live, difference.missing)
    after = (difference.newer, difference.unfit)
    name = clean_line(f"{difference.ref}{beside}")
    return name, *(f"{each:,}" for each in before), changed, *(f"{each:,}" for each in after)


def taken_back(difference: TableDifference) -> tuple[str, ...]:
    """One table's numbers, where a run is taken back."""
    acts = (difference.planned(act) for act in (Act.DELETE, Act.UPDATE, Act.INSERT))
    numbers = (difference.restored, difference.live, *acts, difference.unfit)
    return clean_line(str(difference.target)), *(f"{each:,}" for each in numbers)


def show(console: Terminal, difference: TableDifference, group: Group, acts: Mapping[Act, str]) -> None:
    """Print one class of rows, and in the words of `acts` what is done with it."""
    own = RUNS_OWN.get(group.relation, "") if difference.undoes else ""
    name, done = own or CLASSES[group.relation, group.provenance], acts[group.act]
    head = f"  {difference.target}: {counted(group.rows, 'row')} {name}: "
    console.say(Text.assemble(clean_line(head), (done, STYLES[group.act])), 4)
    if group.touched:
        often = ", ".join(f"{column} ({rows:,})" for column, rows in group.touched)
        part = f" in the first {LOOKED_AT} rows" if group.rows > LOOKED_AT else ""
        console.say(clean(f"    columns that differ{part}: {often}", "dim"), 6)
    for row in group.sample:
        console.say(line(row, group), 6)


def line(row: Sequence[Cell], group: Group) -> Text:
    """Write one row: what it is or was, and in a changed one each cell that differs as now → then."""
    if group.relation is not Relation.CHANGED:
        cells = [(cell.column, cell.now if group.relation is Relation.EXTRA else cell.then) for cell in row]
        return clean("    " + "  ".join(f"{name}={short(value)}" for name, value in cells))
    text = Text("    ")
    for place, cell in enumerate(row):
        if cell.now != cell.then:
            text.append(clean_line(f"{cell.column}: {short(cell.now)} → {short(cell.then)}  "), "bold")
        elif place == 0:
            text.append(clean_line(f"{cell.column}={short(cell.now)}  "))
    text.rstrip()
    return text


def short(value: str | None) -> str:
    """Cut a value to a cell's width."""
    return shortened(clean_line(value or ""), CELL)


def lost(console: Terminal, difference: TableDifference, tables: Sequence[str], how: str) -> None:
    """Tell of rows that went with the missing ones, and how to bring them along."""
    for child in difference.children:
        if child.rule.startswith("SET"):
            text = f"rows of {child.child} that pointed to deleted rows ({child.rule}) do not point to them again"
        elif child.lost:
            text = (
                f"{child.child} (ON DELETE {child.rule}) had {counted(child.restored, 'row')} of these then and has"
                f" {child.live:,} now; it is not part of this run"
            )
        else:
            continue
        console.say(Text.assemble((f"{console.symbols.note} ", "bold yellow"), clean_line(text)), 2)
        hint = f"to bring them along, {how}: rdsrestore table {' '.join(tables)} --with-children ..."
        console.say(Text.assemble(("  hint: ", "bold"), clean_line(hint)), len("  hint: "))
