"""Slack over real HTTP: what arrives, in which order, and that trouble there never is trouble here."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from urllib.request import build_opener, install_opener

import pytest

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.secret import Secret
from rdsrestore.notify.chat.listener import QUEUE, ChatListener, Pace
from rdsrestore.notify.slack.client import Channel, Destination, Webhook, check, destination
from rdsrestore.notify.slack.notifier import SlackNotifier
from rdsrestore.workflow import events
from samples import EVIL, story

TOKEN = "xoxb-hunter2"
QUICK = Pace(patience=30.0, news=0.0, progress=0.05)
Answer = tuple[int, dict[str, str], bytes]


def ok(**fields: object) -> Answer:
    return 200, {}, json.dumps({"ok": True, **fields}).encode()


def refused(error: str, status: int = 200) -> Answer:
    return status, {}, json.dumps({"ok": False, "error": error}).encode()


def slow_down(seconds: str) -> Answer:
    return 429, {"Retry-After": seconds}, json.dumps({"ok": False, "error": "ratelimited"}).encode()


@dataclass
class Workspace:
    """A small Slack. `planned` holds answers that come first; `closed` keeps every answer back until it is set."""

    url: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    planned: list[Answer] = field(default_factory=list)
    always: Answer | None = None
    opened: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, method: str, fields: dict[str, Any]) -> Answer:
        with self.arrived:
            self.calls.append((method, fields))
            self.arrived.notify_all()
        self.opened.wait(20)
        if self.planned:
            return self.planned.pop(0)
        return self.always or ok(channel="C1", ts=f"{len(self.calls)}.0")

    def said(self, method: str) -> list[str]:
        return [str(fields["text"]) for name, fields in self.calls if name == method]

    @property
    def replies(self) -> list[str]:
        return [fields["text"] for name, fields in self.calls if name == "chat.postMessage" and "thread_ts" in fields]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.arrived:
            assert self.arrived.wait_for(condition, 20)

    def channel(self, token: str = TOKEN) -> Channel:
        return Channel(Secret(token), "#incidents", f"{self.url}/api/")

    def webhook(self) -> Webhook:
        return Webhook(Secret(f"{self.url}/hook/hunter2"))


class Handler(BaseHTTPRequestHandler):
    workspace: Workspace

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "json" in self.headers["Content-Type"]:
            fields = json.loads(body or b"{}")
        else:
            fields = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        fields["authorization"] = self.headers.get("Authorization", "")
        status, headers, answer = self.workspace.answer(self.path.rpartition("/")[2], fields)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = Workspace()
    made.opened.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"workspace": made}))
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.opened.set()
    server.shutdown()
    server.server_close()
    thread.join()


def slack_listener(whom: Destination, pace: Pace | None = None) -> ChatListener:
    return SlackNotifier(whom, pace).listener()


def tell(slack: ChatListener, told: list[events.Event]) -> tuple[str, ...]:
    for event in told:
        slack.handle(event)
    return tuple(slack.close())


def test_a_run_is_one_message_kept_up_to_date_and_a_reply_for_each_end(workspace: Workspace) -> None:
    assert tell(slack_listener(workspace.channel(), QUICK), story()) == ()
    method, first = workspace.calls[0]
    assert (method, first["channel"], "thread_ts" in first) == ("chat.postMessage", "#incidents", False)
    assert first["authorization"] == f"Bearer {TOKEN}"
    assert [reply.split(":")[0] for reply in workspace.replies] == [
        "✓ own-group", "✗ restore-instance", "✗ cleanup", "✓ cleanup", "! Slack does not answer",
        "✗ stopped before any change to production",
    ]  # fmt: skip
    assert {fields["thread_ts"] for _, fields in workspace.calls if "thread_ts" in fields} == {"1.0"}
    method, last = workspace.calls[-1]
    assert (method, last["channel"], last["ts"]) == ("chat.update", "C1", "1.0")
    assert "reason: a missing WHERE" in last["text"]
    assert "cleanup is incomplete (after" in last["text"].splitlines()[2]


def test_a_webhook_gets_a_message_for_the_start_and_each_end(workspace: Workspace) -> None:
    assert tell(slack_listener(workspace.webhook(), QUICK), story()) == ()
    assert {name for name, _ in workspace.calls} == {"hunter2"}
    assert workspace.calls[0][1]["text"].startswith("ada restores shop.billing")
    assert workspace.calls[0][1]["mrkdwn"] is False
    assert len(workspace.calls) == 1 + 6


def test_progress_updates_the_message_now_and_then_and_never_replies(workspace: Workspace) -> None:
    slack = slack_listener(workspace.channel(), Pace(patience=30.0, news=0.0, progress=0.3))
    for event in story()[:4]:
        slack.handle(event)
    workspace.wait_for(lambda: any("restore-instance: restore" in text for text in workspace.said("chat.update")))
    before, replies = len(workspace.said("chat.update")), len(workspace.replies)
    began = time.monotonic()
    for number in range(50):
        slack.handle(events.StepProgress("restore-instance", f"creating {number}"))
    workspace.wait_for(lambda: any("creating 49" in text for text in workspace.said("chat.update")))
    assert len(workspace.said("chat.update")) - before <= 1 + (time.monotonic() - began) / 0.3
    assert len(workspace.replies) == replies
    slack.close()


def test_the_message_says_how_long_it_has_been_even_while_nothing_happens(workspace: Workspace) -> None:
    slack = slack_listener(workspace.channel(), QUICK)
    slack.handle(story()[0])
    workspace.wait_for(lambda: len(workspace.said("chat.update")) >= 3)
    assert slack.close() == ()


def test_a_slow_slack_never_makes_the_run_wait(workspace: Workspace) -> None:
    workspace.opened.clear()
    slack = slack_listener(workspace.channel(), Pace(patience=0.3))
    slack.handle(story()[0])
    workspace.wait_for(lambda: bool(workspace.calls))
    began = time.monotonic()
    for _ in range(QUEUE + 50):
        slack.handle(events.Notice("x"))
    (problem,) = slack.close()
    assert time.monotonic() - began < USUAL.chat
    assert problem.startswith("Slack: 1,05")
    assert "not delivered (no answer in time)" in problem


def test_a_wait_that_slack_asks_for_is_kept_and_nothing_is_lost(workspace: Workspace) -> None:
    workspace.planned = [ok(channel="C1", ts="1.0"), slow_down("1")]
    began = time.monotonic()
    assert tell(slack_listener(workspace.channel(), QUICK), story()[:3]) == ()
    assert time.monotonic() - began >= 1.0
    assert workspace.replies == ["✓ own-group: made sg-1 (0.4 s)"] * 2  # refused once, then taken


def test_a_wait_longer_than_the_end_is_not_waited_for(workspace: Workspace) -> None:
    workspace.always = slow_down("600")
    began = time.monotonic()
    assert tell(slack_listener(workspace.channel(), QUICK), story()) == (
        "Slack: 6 messages not delivered (too many messages)",
    )
    assert time.monotonic() - began < QUICK.patience


def test_what_did_not_get_through_is_sent_when_slack_is_back(workspace: Workspace) -> None:
    workspace.planned = [refused("service_unavailable", 503), (502, {}, b"<html>bad gateway</html>")]
    slack = slack_listener(workspace.channel(), QUICK)
    for count, event in enumerate((story()[0], story()[2]), start=1):
        slack.handle(event)
        workspace.wait_for(lambda count=count: len(workspace.calls) >= count)  # type: ignore[misc]  # binds the count now
    assert tell(slack, [events.Notice("back")]) == ()
    assert workspace.replies == ["✓ own-group: made sg-1 (0.4 s)", "! back"]


@pytest.mark.parametrize("error", ["invalid_auth", "channel_not_found", "not_in_channel"])
def test_after_a_final_refusal_slack_is_left_alone(workspace: Workspace, error: str) -> None:
    workspace.always = refused(error)
    slack = slack_listener(workspace.channel(), QUICK)
    slack.handle(story()[0])
    workspace.wait_for(lambda: bool(workspace.calls))
    assert tell(slack, story()[1:]) == (f"Slack: 6 messages not delivered ({error})",)
    assert len(workspace.calls) == 1


def test_nobody_there_is_told_at_the_end_and_nowhere_else(capfd: pytest.CaptureFixture[str]) -> None:
    gone = Channel(Secret(TOKEN), "#c", "http://127.0.0.1:1/api/")
    assert tell(slack_listener(gone, QUICK), story()) == (
        "Slack: 6 messages not delivered (no connection: ConnectionRefusedError)",
    )
    hook = Webhook(Secret("http://127.0.0.1:1/hunter2"))
    assert "ConnectionRefusedError" in tell(slack_listener(hook, QUICK), story())[0]
    assert capfd.readouterr() == ("", "")


def test_neither_token_nor_address_is_logged_or_named(
    workspace: Workspace, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    workspace.always = (404, {}, b"no_service hunter2")
    problems = [
        *tell(slack_listener(workspace.channel(), QUICK), story()),
        *tell(slack_listener(workspace.webhook(), QUICK), story()),
    ]
    problems += tell(slack_listener(Webhook(Secret("http://127.0.0.1:1/a b\nhunter2")), QUICK), story())
    assert len(problems) == 3
    assert "hunter2" not in "".join([*problems, caplog.text, *capfd.readouterr()])


@pytest.fixture
def proxied() -> Iterator[pytest.MonkeyPatch]:
    """An environment that names a proxy where nobody is, read as by a new process: the standard library keeps it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, "http://127.0.0.1:1")
        install_opener(build_opener())
        yield patch
    install_opener(build_opener())


def test_the_environments_proxy_is_used_but_for_what_no_proxy_names(
    workspace: Workspace, proxied: pytest.MonkeyPatch
) -> None:
    proxied.setenv("no_proxy", "elsewhere.example")
    assert "ConnectionRefusedError" in tell(slack_listener(workspace.channel(), QUICK), story())[0]
    assert "ConnectionRefusedError" in tell(slack_listener(workspace.webhook(), QUICK), story())[0]
    proxied.setenv("no_proxy", "127.0.0.1")
    assert tell(slack_listener(workspace.channel(), QUICK), story()) == ()
    assert tell(slack_listener(workspace.webhook(), QUICK), story()) == ()


def test_text_from_outside_arrives_without_its_power(workspace: Workspace) -> None:
    tell(slack_listener(workspace.channel(), QUICK), [story()[0], events.Notice(EVIL)])
    assert workspace.replies[0].startswith("! [2J]0;owned [bold]x[/bold] 31m :bomb: &lt;!channel&gt; ")


def test_without_events_nothing_is_sent(workspace: Workspace) -> None:
    assert tell(slack_listener(workspace.channel(), QUICK), []) == ()
    assert workspace.calls == []


def test_the_check_asks_whether_the_token_holds(workspace: Workspace) -> None:
    assert check(workspace.channel()).problem == ""
    assert workspace.calls[0][0] == "auth.test"
    workspace.always = refused("invalid_auth")
    found = check(workspace.channel())
    assert (found.name, found.problem) == ("Slack", "can't be told (invalid_auth)")
    assert "RDSRESTORE_SLACK_TOKEN" in found.hint
    away = check(Channel(Secret(TOKEN), "#c", "http://127.0.0.1:1/"))
    assert away.problem == "can't be told (no connection: ConnectionRefusedError)"
    assert "does not need Slack" in away.hint


def test_the_check_of_a_webhook_says_nothing_to_anybody(workspace: Workspace) -> None:
    assert check(workspace.webhook()).problem == ""
    assert workspace.calls == []
    assert check(Webhook(Secret("hooks.example/x"))).problem


def test_a_place_is_chosen_by_what_is_set() -> None:
    token, hook = Secret(TOKEN), Secret("https://hooks.example/x")
    assert destination(None, None, "https://slack.com/api/", None) is None
    assert destination(token, "#c", "https://slack.com/api/", hook) == Channel(token, "#c", "https://slack.com/api/")
    assert destination(None, "#c", "https://slack.com/api/", hook) == Webhook(hook)
    with pytest.raises(UsageError, match="slack_channel"):
        destination(token, None, "https://slack.com/api/", None)
