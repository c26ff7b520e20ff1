"""The keeper of a run's terminal, with small programs in place of a run: real processes, terminals and sockets."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pexpect
import pytest

from rdsrestore.app.detach import wire
from rdsrestore.app.detach.keeper import BEHIND, TERMINAL, listen, reach

PATIENCE = 60
ECHO = "while True:\n    print('got', input('ask: '), flush=True)"


class Viewer:
    """A terminal that shows the run, as far as its keeper sees it."""

    def __init__(self, folder: Path, rows: int = 24, columns: int = 80) -> None:
        link = reach(folder)
        assert link
        link.settimeout(PATIENCE)
        self.link, self.messages, self.shown = link, wire.Messages(), b""
        self.said: list[bytes] = []
        """What was said beside the output; an empty one is the end."""
        self.ended: int | None = None
        link.sendall(wire.message(wire.RESIZED, wire.SIZE.pack(rows, columns)))

    def types(self, keys: bytes) -> None:
        self.link.sendall(wire.message(wire.KEYS, keys))

    def until(self, found: Callable[[], bool]) -> None:
        """Take what comes until something holds."""
        while not found():
            arrived = self.link.recv(65536)
            for kind, content in self.messages.take(arrived):
                if kind == wire.OUTPUT:
                    self.shown += content
                elif kind == wire.ENDED:
                    (self.ended,) = wire.CODE.unpack(content)
                else:
                    self.said.append(kind)
            if not arrived:
                self.said.append(b"")
                return

    def sees(self, text: bytes) -> None:
        self.until(lambda: text in self.shown)
        assert text in self.shown

    def hears(self, kind: bytes) -> None:
        self.until(lambda: kind in self.said)
        assert kind in self.said

    def sees_the_end(self) -> int:
        self.until(lambda: self.ended is not None)
        assert self.ended is not None
        return self.ended


Start = Callable[[str], tuple[Path, int]]
Show = Callable[..., Viewer]


@pytest.fixture
def show() -> Iterator[Show]:
    """Attaches terminals, whose links are closed afterwards."""
    with ExitStack() as opened:

        def attach(folder: Path, rows: int = 24, columns: int = 80) -> Viewer:
            viewer = Viewer(folder, rows, columns)
            opened.callback(viewer.link.close)
            return viewer

        yield attach


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a program on a kept terminal; gives the folder and the keeper's process."""
    keepers: list[int] = []

    def begin(program: str) -> tuple[Path, int]:
        folder = tmp_path / "run"
        folder.mkdir()
        (folder / "journal").touch()
        listener = listen(folder)
        script = (
            "import sys, os, pty, socket; from pathlib import Path; from rdsrestore.app.detach.keeper import keep;"
            "os.setsid(); run, master = pty.fork();"
            "run or os.execv(sys.executable, [sys.executable, '-c', sys.argv[3]]);"
            "keep(run, master, socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])); os._exit(0)"
        )
        os.set_inheritable(listener.fileno(), True)  # noqa: FBT003 - as os has it
        words = [sys.executable, "-c", script, str(listener.fileno()), str(folder), program]
        keepers.append(os.posix_spawn(sys.executable, words, os.environ))
        listener.close()
        return folder, keepers[-1]

    yield begin
    for keeper in keepers:
        try:
            os.kill(keeper, signal.SIGKILL)
            os.waitpid(keeper, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def test_what_is_typed_reaches_the_run_and_its_output_comes_back(start: Start, show: Show) -> None:
    folder, _keeper = start(ECHO)
    viewer = show(folder)
    viewer.sees(b"ask: ")
    viewer.types(b"yes\r")
    viewer.sees(b"got yes\r\n")
    assert (folder / TERMINAL).stat().st_mode & 0o777 == 0o600


def test_a_later_terminal_sees_what_was_written_before_and_has_its_own_size(start: Start, show: Show) -> None:
    folder, _keeper = start("import os\nwhile True: input('ask: '); print(*os.get_terminal_size(), flush=True)")
    first = show(folder)
    first.sees(b"ask: ")
    first.types(b"\r")
    first.sees(b"80 24\r\n")
    first.link.close()
    second = show(folder, rows=30, columns=132)
    second.sees(b"80 24\r\nask: ")
    second.types(b"\r")
    second.sees(b"132 30\r\n")


def test_the_newest_terminal_takes_the_run_over_and_half_a_word_of_the_one_before_is_dropped(
    start: Start, show: Show
) -> None:
    folder, _keeper = start(ECHO)
    first = show(folder)
    first.sees(b"ask: ")
    first.types(b"y")
    first.sees(b"ask: y")
    second = show(folder)
    first.hears(wire.TAKEN)
    first.hears(b"")
    second.sees(b"ask: ")
    second.types(b"es\r")
    second.sees(b"got es\r\n")
    assert b"got yes" not in second.shown


@pytest.mark.parametrize(("program", "code"), [("raise SystemExit(8)", 8), ("import os; os.kill(os.getpid(), 9)", -9)])
def test_how_the_run_ended_is_said_after_its_last_words(start: Start, show: Show, program: str, code: int) -> None:
    folder, keeper = start(f"print('last words')\nimport sys; sys.stdout.flush()\n{program}")
    viewer = show(folder)  # the run may have ended by now: its keeper waits for the first that shows it
    assert viewer.sees_the_end() == code
    assert b"last words\r\n" in viewer.shown
    os.waitpid(keeper, 0)
    assert [each.name for each in folder.iterdir()] == ["journal"]
    assert reach(folder) is None


def test_a_run_whose_keeper_is_killed_hears_that_its_terminal_is_closed(
    start: Start, show: Show, tmp_path: Path
) -> None:
    heard = tmp_path / "heard"
    os.mkfifo(heard)
    program = (
        "import signal, pathlib, time\n"
        f"signal.signal(signal.SIGHUP, lambda *_: pathlib.Path({str(heard)!r}).write_text('hup'))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()"
    )
    folder, keeper = start(program)
    show(folder).sees(b"ready")
    os.kill(keeper, signal.SIGKILL)
    assert heard.read_text() == "hup"


def test_a_terminal_that_takes_nothing_holds_up_nobody(start: Start, show: Show, tmp_path: Path) -> None:
    through = tmp_path / "through"
    os.mkfifo(through)
    lines = (BEHIND + (2 << 20)) // 60
    folder, _keeper = start(
        f"for _ in range({lines}): print('x' * 60)\n"
        "print('all said', flush=True)\n"
        f"open({str(through)!r}, 'w').write('through')\n"
        "input()"
    )
    stuck = show(folder)
    assert stuck.link.recv(10)
    assert through.read_text() == "through"
    show(folder).sees(b"all said")


WINDOW = """
import sys
from pathlib import Path
from rdsrestore.app.detach.attach import LeftError, Window
from rdsrestore.app.detach.keeper import reach

link = reach(Path(sys.argv[1]))
print("attached", flush=True)
try:
    print("ended", Window(link, 0, 1).show())
except LeftError as why:
    print("left:", why)
"""


def window(folder: Path) -> pexpect.spawn[str]:
    """A real terminal that shows the run."""
    return pexpect.spawn(
        sys.executable, ["-c", WINDOW, str(folder)], encoding="utf-8", timeout=PATIENCE, dimensions=(24, 80)
    )


def test_what_is_typed_before_the_screen_is_shown_answers_nothing(start: Start, show: Show) -> None:
    folder, keeper = start(ECHO)
    first = show(folder)
    first.sees(b"ask: ")
    os.kill(keeper, signal.SIGSTOP)
    with window(folder) as terminal:
        terminal.expect("attached")
        terminal.send("yes\r")
        os.kill(keeper, signal.SIGCONT)
        first.hears(wire.TAKEN)
        terminal.expect("ask: ")
        terminal.send("no\r")
        terminal.expect("got (\\S+)")
        assert isinstance(terminal.match, re.Match)
        assert terminal.match.group(1) == "no"
        terminal.send("\x1a")
        terminal.expect("left: this terminal has left the run")
        terminal.expect(pexpect.EOF)


def test_keys_that_mean_something_to_the_terminal_reach_the_run(start: Start) -> None:
    folder, _keeper = start("try: input('ask: ')\nexcept KeyboardInterrupt: raise SystemExit(130)")
    with window(folder) as terminal:
        terminal.expect("ask: ")
        terminal.send("\x03")
        terminal.expect("ended 130")
        terminal.expect(pexpect.EOF)


def test_a_terminal_that_is_closed_leaves_the_run_as_it_is(start: Start, show: Show) -> None:
    folder, _keeper = start(ECHO)
    with window(folder) as terminal:
        terminal.expect("ask: ")
        terminal.send("y")
        terminal.expect("y")
        terminal.close(force=True)
    later = show(folder)
    later.sees(b"ask: ")
    later.types(b"es\r")
    later.sees(b"got es")


def test_a_folder_with_a_long_name_has_its_socket_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    listener = listen(folder)
    link = reach(folder)
    assert isinstance(link, socket.socket)
    link.close()
    listener.close()
    assert reach(folder) is None


def test_messages_come_together_out_of_any_pieces() -> None:
    long = bytes(range(256)) * 400
    sent = wire.message(wire.OUTPUT, long) + wire.message(wire.TAKEN)
    messages = wire.Messages()
    taken = [each for place in range(0, len(sent), 7) for each in messages.take(sent[place : place + 7])]
    assert b"".join(content for kind, content in taken if kind == wire.OUTPUT) == long
    assert taken[-1] == (wire.TAKEN, b"")
