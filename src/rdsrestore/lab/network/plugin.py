"""Stands in for AWS's session-manager-plugin: the same command line, the same words, a port that is forwarded.

Run by itself, as the real one is: it is told its session by a variable of the environment, listens at a free port,
passes each connection on over the session's stream, and ends the session on SIGINT. The stream is the lab's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
from urllib.parse import urlsplit

VERSION = "1.2.707.0"
VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
CHUNK = 1 << 16
STARTS = 10.0


def main(words: list[str]) -> int:
    """Carry one session until it ends or a signal comes."""
    if words == ["--version"]:
        say(VERSION)
        return 0
    given, _region, operation, _profile, request, _endpoint = words
    text = os.environ.pop(given) if given.startswith(VARIABLE) else given
    session = json.loads(text)
    if operation != "StartSession" or "Target" not in json.loads(request):
        say("Invalid Operation")
        return 0
    say(f"\nStarting session with SessionId: {session['SessionId']}")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # so that it is waited for, whenever it comes
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        control = opened(session, "control")
    except OSError as error:
        say(f"Cannot perform start session: {error}")
        return 0
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(listener, session), daemon=True).start()
    threading.Thread(target=follow, args=(control, session["SessionId"]), daemon=True).start()
    say(f"Port {listener.getsockname()[1]} opened for sessionId {session['SessionId']}.\nWaiting for connections...")
    signal.sigwait({signal.SIGINT})
    return leave(control, session["SessionId"])


def opened(session: dict[str, str], kind: str) -> socket.socket:
    """Open a part of the session's stream; OSError where it is refused."""
    place = urlsplit(session["StreamUrl"])
    stream = socket.create_connection((place.hostname, place.port or 0), timeout=STARTS)
    said = {"session": session["SessionId"], "token": session["TokenValue"], "kind": kind}
    stream.sendall(json.dumps(said).encode() + b"\n")
    if stream.recv(1) != b"+":
        raise ConnectionError("the stream was refused")
    stream.settimeout(None)
    return stream


def follow(control: socket.socket, session: str) -> None:
    """End with the session."""
    with contextlib.suppress(OSError):
        while control.recv(CHUNK):
            pass
    say(f"\nSessionId: {session} : session ended.")
    os._exit(0)


def leave(control: socket.socket, session: str) -> int:
    """Tell the service that the session ends, and end."""
    with contextlib.suppress(OSError):
        control.sendall(b"terminate\n")
    say(f"Terminate signal received, exiting.\n\nExiting session with sessionId: {session}.\n")
    return 0


def accept(listener: socket.socket, session: dict[str, str]) -> None:
    """Serve each connection."""
    while True:
        caller, _address = listener.accept()
        threading.Thread(target=serve, args=(caller, session), daemon=True).start()


def serve(caller: socket.socket, session: dict[str, str]) -> None:
    """Pass a connection on."""
    with caller, contextlib.suppress(OSError):
        try:
            stream = opened(session, "data")
        except OSError:
            say("Connection to destination port failed, check SSM Agent logs.")
            return
        with stream:
            back = threading.Thread(target=copy, args=(stream, caller), daemon=True)
            back.start()
            copy(caller, stream)
            back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until one side ends, and tell the other."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def say(text: str) -> None:
    """Say something at once, as whoever waits for it reads along."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # whatever its threads are at
