"""A headless Chromium, spoken to over two pipes in its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

NAMES = ("chromium", "chromium-browser", "google-chrome")


def program() -> str:
    """Find the browser; a machine without one is not set up for the tests."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "no Chromium here: scripts/test installs it"
    return found


@dataclass
class Page:
    """A page of the browser."""

    to: BinaryIO
    answers: BinaryIO
    session: str = ""
    seen: list[str] = field(default_factory=list)
    _number: int = 0

    def call(self, method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - the protocol's own values
        """Call a method and return its result; events meanwhile are noted in `seen`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.to.write(json.dumps(message).encode() + b"\0")
        self.to.flush()
        while (answer := self.read()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        return dict(answer["result"])

    def read(self) -> dict[str, Any]:
        """Read one message."""
        data = bytearray()
        while not data.endswith(b"\0"):
            byte = self.answers.read(1)
            assert byte, "the browser is gone"
            data += byte
        message = json.loads(data[:-1])
        if "method" in message:
            self.seen.append(message["method"])
        return dict(message)

    def show(self, path: Path, width: int, scheme: str, media: str = "") -> None:
        """Open a file at a width in pixels, in a light or dark scheme, for the screen or for print."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)
        self.call("Page.enable")
        self.seen.clear()
        self.call("Page.navigate", url=path.as_uri())
        while "Page.loadEventFired" not in self.seen:
            self.read()

    def value(self, expression: str) -> Any:  # noqa: ANN401 - whatever the script returns
        """Evaluate JavaScript in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start a browser with its profile in `folder`; it is gone afterwards."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    words = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
    )
    more = (f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe", "about:blank")
    # the browser reads from its descriptor 3 and writes to its 4
    shell = ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash", program(), *words, *more]
    with (
        subprocess.Popen(shell, pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL) as process,
        os.fdopen(ours_out, "wb") as to,
        os.fdopen(ours_in, "rb") as answers,
    ):
        os.close(theirs_in)
        os.close(theirs_out)
        page = Page(to, answers)
        target = page.call("Target.createTarget", url="about:blank")["targetId"]
        page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        yield page
        process.terminate()
