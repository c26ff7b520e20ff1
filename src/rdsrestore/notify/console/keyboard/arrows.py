"""A list to choose from by arrow keys, or by typing what is meant; it is gone once something was chosen.

Drawn by questionary. Three things are not left to it: Enter takes nothing where what was typed is not in the list, a
whole name that was typed wins over one that only holds it, and keys from before the list was drawn are dropped.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from typing import Any, TextIO, cast

import questionary
from prompt_toolkit import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.filters import Condition
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import ConditionalContainer, Dimension, FormattedTextControl, HSplit, Window
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from questionary.prompts.common import InquirerControl

from rdsrestore.domain.plain_text import clean_line
from rdsrestore.notify.console.keyboard.choices import Choices
from rdsrestore.notify.console.keyboard.mode import put_back
from rdsrestore.notify.console.terminal import Terminal, forget_typed
from rdsrestore.notify.text import columns

ROWS = 12
"""Lines of a list that are shown at a time, so that what was said before it stays in sight."""
SPLIT = 1.0
"""Seconds within which the bytes of one key arrive on a bad line; after that an Escape is an Escape."""
ONE = "↑ ↓ and Enter, or type a part of the name"
SOME = "↑ ↓, Space marks, Enter takes; or type a part of a name"
BACK = "; Esc goes back"
STYLE = questionary.Style([("question", "noinherit"), ("pointer", "bold"), ("highlighted", "bold")])


def pick(choices: Choices, terminal: Terminal) -> tuple[str, ...]:
    """Let one be chosen, or several, which come in the order of the list; for the main thread.

    EOFError at the end of the input; Ctrl-C is the signal that it is elsewhere.
    """
    application = drawn(choices, terminal)
    try:
        with terminal.lent(), put_back(sys.stdin.fileno(), terminal.file.fileno()):
            clear_typeahead(application.input)
            return asyncio.run(application.run_async(handle_sigint=False))
    except KeyboardInterrupt:
        signal.raise_signal(signal.SIGINT)  # whoever catches the signal decides what it does
        raise


def drawn(choices: Choices, terminal: Terminal) -> Application[Any]:
    """Make the list, with its keys."""
    screen = Vt100_Output(
        cast(TextIO, terminal.file),
        lambda: Size(rows=terminal.height, columns=terminal.width),
        term=os.environ.get("TERM"),
        default_color_depth=ColorDepth.DEPTH_1_BIT if terminal.no_color else None,
        enable_cpr=False,  # a question to the terminal, which a bad line answers too late
    )
    lines = columns([(clean_line(name), clean_line(choices.notes.get(name, ""))) for name in choices.names])
    shown = [questionary.Choice(line, name) for line, name in zip(lines, choices.names, strict=True)]
    hint = (SOME if choices.several else ONE) + (BACK if choices.escape else "")
    look: dict[str, Any] = {
        "qmark": "",
        "instruction": " ",
        "style": STYLE,
        "use_jk_keys": False,
        "use_search_filter": True,
        "input": create_input(sys.stdin),
        "output": screen,
        "erase_when_done": True,
    }
    if choices.several:
        application = questionary.checkbox(hint, shown, **look).application
    else:
        application = questionary.select(hint, shown, choices.default, **look).application
    windows = {each.content: each for each in application.layout.find_all_windows()}
    control = next(each for each in windows if isinstance(each, InquirerControl))
    windows[control].height = Dimension(max=ROWS)
    keys = Keys(choices, control)
    keys.bind(application)
    below = application.layout.container
    assert isinstance(below, HSplit)  # noqa: S101 - for the type checker
    unfit = Window(FormattedTextControl(lambda: f" {control.search_filter} is not in the list"), height=1)
    below.children.append(ConditionalContainer(unfit, Condition(lambda: keys.pointed() is None)))
    return application


@dataclass
class Keys:
    """What the keys of one list mean, where that is not what questionary makes of them."""

    choices: Choices
    control: InquirerControl
    _typed: str | None = field(default=None, init=False)
    _drawn: bool = field(default=False, init=False)

    def bind(self, application: Application[Any]) -> None:
        """Take the keys over."""
        bindings = application.key_bindings
        assert isinstance(bindings, KeyBindings)  # noqa: S101 - for the type checker
        for key in ("c-m", "c-j"):
            bindings.add(key, eager=True)(self.enter)
        bindings.add("escape", eager=True)(self.escape)
        bindings.add("c-d", eager=True)(lambda event: event.app.exit(exception=EOFError))
        bindings.add("c-z", eager=True)(lambda event: event.app.suspend_to_background())
        if self.choices.several:
            bindings.add(" ", eager=True)(lambda _event: self.mark())
        application.ttimeoutlen = SPLIT
        application.before_render += lambda _application: self.forget()
        application.key_processor.after_key_press += lambda _processor: self.aim()

    def forget(self) -> None:
        """Drop, just before the list is seen for the first time, what was typed until then."""
        if not self._drawn:
            forget_typed(sys.stdin)
        self._drawn = True

    def aim(self) -> None:
        """Point at what fits best with what was typed: the very name, then one that begins so, then any that has it."""
        typed = self.control.search_filter
        if typed == self._typed:
            return
        self._typed = typed
        names = [each.value for each in self.control.filtered_choices]
        if typed:
            self.control.pointed_at = min(range(len(names)), key=lambda place: far(names[place], typed))

    def enter(self, event: KeyPressEvent) -> None:
        """Take what is marked, and what is pointed at where none is or where it was typed."""
        pointed = self.pointed()
        if pointed is None:
            return
        marked = {each.value for each in self.control.get_selected_values()} if self.choices.several else set()
        if not marked or self.control.search_filter:
            marked.add(pointed)
        event.app.exit(result=tuple(name for name in self.choices.names if name in marked))

    def escape(self, event: KeyPressEvent) -> None:
        """Take back what was typed; where nothing was, leave the question."""
        if self.control.search_filter:
            self.show_all(self.pointed())
        elif self.choices.escape is not None:
            event.app.exit(result=(self.choices.escape,))

    def mark(self) -> None:
        """Mark what is pointed at, or take its mark away, and show the whole list again."""
        pointed = self.pointed()
        if pointed is None:
            return
        marked = self.control.selected_options
        marked.remove(pointed) if pointed in marked else marked.append(pointed)
        self.show_all(pointed)

    def pointed(self) -> str | None:
        """Return the name that is pointed at; None where what was typed fits none."""
        fitting = self.control.filtered_choices
        if self.control.search_filter and not self.control.found_in_search:
            return None
        return str(fitting[self.control.pointed_at].value)

    def show_all(self, pointed: str | None) -> None:
        """Forget what was typed."""
        self.control.search_filter = self._typed = None
        self.control.pointed_at = list(self.choices.names).index(pointed) if pointed else 0


def far(name: str, typed: str) -> int:
    """Say how far a name is from what was typed."""
    lower = name.lower()
    fits = (name == typed, lower == typed.lower(), lower.startswith(typed.lower()))
    return fits.index(True) if True in fits else len(fits)
