"""A proxy before the socket door that fails as networks and services do. Each fault is a function of a call: it says
what becomes of it, by the operation and by how many such calls came before."""

import http.client
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qs, urlsplit

from tests.pace import HANGS


@dataclass(frozen=True)
class Reply:
    """What the client gets. `body_bytes` is how much of the body is sent; then the connection is reset, or, where it
    is `closed`, ended in peace."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    body_bytes: int | None = None
    closed: bool = False


RESET = Reply(0, b"")
"""The connection is reset instead."""

Forward = Callable[[], Reply]
Fault = Callable[[str, int, Forward], Reply]
"""Of the operation's name (`Link` for a download), how many of it came before, and the call's way to the service."""


def error(status: int, code: str, message: str = "", **headers: str) -> Reply:
    body = json.dumps({"__type": code, "message": message or code}).encode()
    return Reply(status, body, {"Content-Type": "application/x-amz-json-1.0", **headers})


def first(count: int, instead: Callable[[Forward], Reply], *operations: str) -> Fault:
    """A fault of the first calls of each operation; of those operations alone, where some are named."""

    def fault(operation: str, before: int, forward: Forward) -> Reply:
        if before < count and (not operations or operation in operations):
            return instead(forward)
        return forward()

    return fault


def reset_after(forward: Forward) -> Reply:
    """The request is done, and its answer lost."""
    forward()
    return RESET


def truncated(forward: Forward) -> Reply:
    reply = forward()
    return Reply(reply.status, reply.body, reply.headers, len(reply.body) // 2)


def cut_short(forward: Forward) -> Reply:
    """Half of the body that Content-Length announces, and the connection is closed: no reset tells of it."""
    reply = forward()
    return Reply(reply.status, reply.body, reply.headers, len(reply.body) // 2, closed=True)


def cut(forward: Forward) -> Reply:
    """Half of the body, which Content-Length says is all of it."""
    reply = forward()
    return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)


def emptied(forward: Forward) -> Reply:
    reply = forward()
    return Reply(reply.status, b"", reply.headers)


def late(seconds: float) -> Callable[[Forward], Reply]:
    """So many seconds late; with `first`, of any operation."""

    def instead(forward: Forward) -> Reply:
        reply = forward()
        time.sleep(seconds)
        return reply

    return instead


def changed(change: Callable[[dict[str, object]], None]) -> Callable[[Forward], Reply]:
    """The service's own answer with other members."""

    def instead(forward: Forward) -> Reply:
        reply = forward()
        members = json.loads(reply.body)
        change(members)
        return Reply(reply.status, json.dumps(members).encode(), reply.headers)

    return instead


def null_lists(members: dict[str, object]) -> None:
    """`{"Rows": null}`."""
    for name in _lists_of(members):
        members[name] = None


def no_lists(members: dict[str, object]) -> None:
    """`{}`, as a service may say that there is nothing."""
    for name in _lists_of(members):
        del members[name]


def null_entries(members: dict[str, object]) -> None:
    """A null in the place of the first entry of each list."""
    for name in _lists_of(members):
        entries = cast(list[object], members[name])
        members[name] = [None, *entries[1:]]


def rows_without_id(members: dict[str, object]) -> None:
    """The first row has lost its ArchivedMessageId."""
    for row in cast(list[dict[str, object]], members.get("Rows") or [])[:1]:
        row.pop("ArchivedMessageId", None)


def _lists_of(members: dict[str, object]) -> list[str]:
    return [name for name, value in members.items() if isinstance(value, list)]


class Swapped:
    """A fault: each answer has the body of another operation's last one, where there was one."""

    def __init__(self, *operations: str) -> None:
        """Of those operations alone, where some are named."""
        self._operations = operations
        self._bodies: dict[str, bytes] = {}

    def __call__(self, operation: str, before: int, forward: Forward) -> Reply:
        reply = forward()
        if reply.status >= 300:
            return reply
        others = [body for name, body in self._bodies.items() if name != operation]
        self._bodies[operation] = reply.body
        if not others or (self._operations and operation not in self._operations):
            return reply
        return Reply(reply.status, others[-1], reply.headers)


def _operation_of(target: str, path: str, body: bytes) -> str:
    """What an AWS request asks for, in the protocols JSON, CBOR and query."""
    if target:
        return target.rpartition(".")[2]
    if "/operation/" in path:
        return path.rpartition("/")[2]
    return parse_qs(body.decode("latin-1")).get("Action", [""])[0]


class Proxy:
    """A running proxy. `calls` counts what came, by operation."""

    def __init__(self, service: str) -> None:
        self.fault: Fault = lambda operation, before, forward: forward()
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        address = urlsplit(service)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self._body()
                self._answer(_operation_of(self.headers.get("X-Amz-Target", ""), self.path, body), body)

            def do_GET(self) -> None:
                self._answer("Link", self._body())

            def _body(self) -> bytes:
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def _answer(self, operation: str, body: bytes) -> None:
                with proxy._lock:
                    before = proxy.calls[operation]
                    proxy.calls[operation] += 1
                reply = proxy.fault(operation, before, lambda: self._forward(body))
                if reply is RESET:
                    self._reset()
                else:
                    self._send(reply)

            def _forward(self, body: bytes) -> Reply:
                connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=HANGS)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                kept = {name: value for name, value in answer.getheaders() if name.lower() == "content-type"}
                reply = Reply(answer.status, answer.read(), kept)
                connection.close()
                return reply

            def _send(self, reply: Reply) -> None:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body[: reply.body_bytes])
                if reply.closed:
                    self.close_connection = True
                elif reply.body_bytes is not None:
                    self._reset()

            def _reset(self) -> None:
                self.wfile.flush()
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: pytest's output is no access log."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Nothing: clients go away, and connections are reset on purpose."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def proxied(service: str) -> Iterator[Proxy]:
    proxy = Proxy(service)
    thread = threading.Thread(target=proxy.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.server.shutdown()
        proxy.server.server_close()
