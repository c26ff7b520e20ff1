"""A stand-in for Slack: the few methods of its Web API that bots use, an incoming webhook, and a memory."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

Answer = tuple[int, dict[str, Any]]


@dataclass
class Slack:
    """One workspace with one channel; `down` makes it answer 503 to everything."""

    token: str
    channel: str
    hook: str
    down: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def post(self, path: str, authorization: str, body: bytes, content_type: str) -> Answer:
        """Answer one request; `path` is what follows /slack/."""
        if self.down:
            return 503, {"ok": False, "error": "service_unavailable"}
        form = parse(body, content_type)
        if path == f"hook/{self.hook}":
            return 200, self._keep(self.channel, form)
        if not path.startswith("api/"):
            return 404, {"ok": False, "error": "unknown_method"}
        token = authorization.removeprefix("Bearer ") or str(form.get("token", ""))
        if token != self.token:
            return 200, {"ok": False, "error": "invalid_auth"}
        return 200, self._call(path.removeprefix("api/"), form)

    def _call(self, method: str, form: Mapping[str, Any]) -> dict[str, Any]:
        if method == "auth.test":
            return {"ok": True, "team": "lab", "user": "rdsrestore", "team_id": "T1", "user_id": "U1"}
        if method in {"chat.postMessage", "chat.update"}:
            if str(form.get("channel", "")).lstrip("#") not in {self.channel.lstrip("#"), "C1"}:
                return {"ok": False, "error": "channel_not_found"}
            return self._keep("C1", form) if method == "chat.postMessage" else self._update(form)
        return {"ok": False, "error": "unknown_method"}

    def _keep(self, channel: str, form: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            stamp = f"{int(time.time())}.{next(self._count):06d}"
            message = {"ts": stamp, "thread_ts": form.get("thread_ts"), "text": form.get("text", ""), "edits": 0}
            self.messages.append(message)
        return {"ok": True, "channel": channel, "ts": stamp, "message": dict(message)}

    def _update(self, form: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            for message in self.messages:
                if message["ts"] == form.get("ts"):
                    message["text"] = form.get("text", "")
                    message["edits"] += 1
                    return {"ok": True, "channel": "C1", "ts": message["ts"], "text": message["text"]}
        return {"ok": False, "error": "message_not_found"}


def parse(body: bytes, content_type: str) -> dict[str, Any]:
    """Read a request's fields, whether sent as JSON or as a form."""
    if "json" in content_type:
        fields: dict[str, Any] = json.loads(body or b"{}")
        return fields
    return {key: values[0] for key, values in parse_qs(body.decode()).items()}
