"""Pages of the documents."""

from __future__ import annotations

from rich.markdown import Markdown

from rdsrestore.notify.console.terminal import Terminal


def show(screen: Terminal, text: str) -> None:
    """Print a page: laid out in a terminal, as it is written in a pipe."""
    if screen.is_interactive:
        screen.print(Markdown(text))
    else:
        screen.print(text, soft_wrap=True)
