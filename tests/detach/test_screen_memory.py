"""What a terminal that comes later sees: the lines as they stand, whatever was drawn over meanwhile."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.text import Text

from rdsrestore.app.detach.screen_memory import KEPT, ScreenMemory
from rdsrestore.notify.console.terminal import Terminal


def seen(*written: bytes) -> bytes:
    memory = ScreenMemory()
    for each in written:
        memory.feed(each)
    return memory.replay()


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (b"one\r\ntwo", b"one\r\ntwo"),
        (b"one\r\ntwo\r\n", b"one\r\ntwo\r\n"),
        (b"a line\rcopy", b"copy"),
        (b"drawn\r\nbelow\r\x1b[2K\x1b[1A\x1b[2Knew", b"new"),
        (b"kept\r\nold\r\nolder\r\x1b[2K\x1b[1A\x1b[2Kone\r\ntwo", b"kept\r\none\r\ntwo"),
        (b"\x1b[?25lmoves", b"moves\x1b[?25l"),
        (b"\x1b[?25lmoves\x1b[?25h", b"moves"),
        (b"\x1b[32mgreen\x1b[0m", b"\x1b[32mgreen\x1b[0m"),
        (b"typed\b \b\b \b", b"typ"),
        ("caf\u00e9\b \b".encode(), b"caf"),
        (b"\x07bell\x1b[6n", b"bell"),
    ],
)
def test_what_was_drawn_over_is_gone_and_the_rest_stands(written: bytes, left: bytes) -> None:
    assert seen(written) == left
    assert seen(*(written[place : place + 1] for place in range(len(written)))) == left


def test_it_keeps_what_a_person_may_want_to_scroll_back_to_and_no_more() -> None:
    lines = seen(b"".join(b"%d\r\n" % number for number in range(KEPT * 2))).split(b"\r\n")
    assert len(lines) == KEPT
    assert lines[-2] == b"%d" % (KEPT * 2 - 1)


def test_an_animation_leaves_its_last_picture_and_the_lines_above_it() -> None:
    stream = StringIO()
    terminal = Terminal(stream, animated=True)
    terminal.print("before")
    for picture in ("first\nstate", "second\nstate"):
        terminal.animate(Text(picture))
        terminal.print(f"said while {picture.split()[0]}")
    memory = ScreenMemory()
    memory.feed(stream.getvalue().replace("\n", "\r\n").encode())
    moving = memory.replay().decode()
    assert [line.strip() for line in moving.replace("\x1b[?25l", "").split("\r\n")] == [
        "before", "said while first", "said while second", "second", "state",
    ]  # fmt: skip
    terminal.still()
    terminal.print("after")
    memory = ScreenMemory()
    memory.feed(stream.getvalue().replace("\n", "\r\n").encode())
    still = memory.replay().decode()
    assert still.split("\r\n") == ["before", "said while first", "said while second", "after", ""]
