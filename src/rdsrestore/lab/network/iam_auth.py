"""Logins by a token of IAM, which no server of this machine knows: checked in front of it, as RDS's own plugin does.

Whoever stands in front ends the caller's TLS with the server's certificate, asks a user of IAM for the token in clear
text (plugin mysql_clear_password), checks it, and logs in for them (MySQL manual, "Connection Phase"). Every other
login passes as it is.
"""

from __future__ import annotations

import hashlib
import hmac
import selectors
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

SSL, CONNECT_WITH_DB, CONNECT_ATTRS = 0x800, 0x8, 0x100000
HEAD = 4
REQUEST = 32
"""Bytes of a client's answer before its user: capabilities, packet size, character set and a filler."""
LASTS = timedelta(minutes=15)
"""For how long a token is good (RDS user guide, "IAM database authentication")."""
NATIVE, CLEAR = b"mysql_native_password\0", b"mysql_clear_password\0"
OK, SWITCH = 0x00, 0xFE
CHUNK = 1 << 16


@dataclass(frozen=True)
class Keys:
    """Whose tokens are good: the account's one pair of keys, in its one region."""

    access: str
    secret: str
    region: str


@dataclass(frozen=True)
class Front:
    """Stands before servers: `users` are those of IAM with the password that the server has of them.

    `allowed` says whether the caller's policy lets a user in.
    """

    keys: Keys
    users: dict[str, str]
    chain: tuple[Path, Path]
    allowed: Callable[[str], bool] = lambda _user: True

    def serve(self, caller: socket.socket, server: socket.socket) -> None:
        """Let a caller log in, and pass on what follows until one side ends. OSError where that is cut."""
        greeting = packet(server)
        caller.sendall(greeting)
        wish = packet(caller)
        if not struct.unpack_from("<I", wish, 4)[0] & SSL:
            caller.sendall(refusal(2, "Connections using insecure transport are prohibited"))
            return
        server.sendall(wish)
        ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        ours.load_cert_chain(*self.chain)
        its = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        its.check_hostname, its.verify_mode = False, ssl.CERT_NONE
        with ours.wrap_socket(caller, server_side=True) as near, its.wrap_socket(server) as far:
            if self.logged_in(near, far, greeting):
                pass_on(near, far)

    def logged_in(self, near: ssl.SSLSocket, far: ssl.SSLSocket, greeting: bytes) -> bool:
        """Check a token, and log in with the server's own password; what else a caller answers is the server's."""
        answer = packet(near)
        user = answer[4 + REQUEST :].split(b"\0", 1)[0].decode()
        if user not in self.users:
            far.sendall(answer)
            return True
        near.sendall(framed(3, bytes([SWITCH]) + CLEAR))
        token = packet(near)[4:].rstrip(b"\0").decode()
        if problem(token, user, near.getsockname(), self.keys) or not self.allowed(user):
            near.sendall(refusal(5, f"Access denied for user '{user}' (using password: YES)"))
            return False
        far.sendall(framed(2, in_place(answer[4:], self.users[user], salt(greeting[4:]))))
        welcome = packet(far)
        if welcome[4] == SWITCH:
            given = welcome[5:].split(b"\0", 1)[1].rstrip(b"\0")
            far.sendall(framed(welcome[3] + 1, scramble(self.users[user], given)))
            welcome = packet(far)
        near.sendall(framed(5, welcome[4:]))
        return welcome[4] == OK


def problem(token: str, user: str, place: tuple[str, int], keys: Keys) -> str:
    """Say what is wrong with a token; empty where it is good.

    It is a request to connect, signed in its query as every presigned request is (signature version 4).
    """
    found = urlsplit(f"https://{token}")
    asked = dict(parse_qsl(found.query))
    given = asked.pop("X-Amz-Signature", "")
    if (asked.get("Action"), asked.get("DBUser"), found.port) != ("connect", user, place[1]):
        return "it is for somebody or something else"
    stamp = asked.get("X-Amz-Date", "")
    made = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if not timedelta(minutes=-5) <= datetime.now(UTC) - made <= LASTS:
        return "it has expired"
    scope = f"{stamp[:8]}/{keys.region}/rds-db/aws4_request"
    if asked.get("X-Amz-Credential") != f"{keys.access}/{scope}":
        return "it is of other keys"
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(asked[name], safe='-_.~')}" for name in sorted(asked))
    request = f"GET\n/\n{query}\nhost:{found.netloc}\n\nhost\n{hashlib.sha256(b'').hexdigest()}"
    signed = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return (
        ""
        if hmac.compare_digest(hmac.digest(key, signed.encode(), "sha256").hex(), given)
        else "its signature is wrong"
    )


def in_place(answer: bytes, password: str, salted: bytes) -> bytes:
    """Write a client's answer with the server's password of its user, for a server of the native plugin."""
    (able,) = struct.unpack_from("<I", answer)
    user, rest = answer[REQUEST:].split(b"\0", 1)
    database = rest[1 + rest[0] :].split(b"\0", 1)[0] + b"\0" if able & CONNECT_WITH_DB else b""
    proof, attributes = scramble(password, salted), b"\0" if able & CONNECT_ATTRS else b""
    return answer[:REQUEST] + user + b"\0" + bytes([len(proof)]) + proof + database + NATIVE + attributes


def salt(greeting: bytes) -> bytes:
    """Read the server's challenge out of its greeting."""
    after = greeting.index(0, 1) + 1 + 4  # the version's end, and the thread
    second = after + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10
    return greeting[after : after + 8] + greeting[second : second + 12]


def scramble(password: str, salted: bytes) -> bytes:
    """Prove a password to the native plugin."""
    once = hashlib.sha1(password.encode()).digest()  # noqa: S324 - the protocol's own
    twice = hashlib.sha1(once).digest()  # noqa: S324 - likewise
    mixed = hashlib.sha1(salted + twice).digest()  # noqa: S324 - likewise
    return bytes(one ^ other for one, other in zip(once, mixed, strict=True))


def packet(side: socket.socket) -> bytes:
    """Read one packet, with its head; ConnectionError where the side ends before it does."""
    head = exactly(side, HEAD)
    return head + exactly(side, int.from_bytes(head[:3], "little"))


def exactly(side: socket.socket, number: int) -> bytes:
    """Read so many bytes."""
    found = b""
    while len(found) < number:
        data = side.recv(number - len(found))
        if not data:
            raise ConnectionError
        found += data
    return found


def framed(number: int, content: bytes) -> bytes:
    """Write one packet."""
    return struct.pack("<I", len(content))[:3] + bytes([number]) + content


def refusal(number: int, words: str) -> bytes:
    """Write a server's error 1045."""
    return framed(number, b"\xff" + struct.pack("<H", 1045) + b"#28000" + words.encode())


def pass_on(one: ssl.SSLSocket, other: ssl.SSLSocket) -> None:
    """Pass bytes both ways until one side ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _events in selector.select():
                source, target = key.fileobj, key.data
                assert isinstance(source, ssl.SSLSocket)  # noqa: S101 - for the type checker: only these are registered
                more = True
                while more:
                    if not (data := source.recv(CHUNK)):
                        return
                    target.sendall(data)
                    more = source.pending() > 0
