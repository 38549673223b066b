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
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """What the client gets. `body_bytes` is how much of the body is sent."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    body_bytes: int | None = None


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


def late(seconds: float) -> Callable[[Forward], Reply]:
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
                self._answer(self.headers.get("X-Amz-Target", "").rpartition(".")[2])

            def do_GET(self) -> None:
                self._answer("Link")

            def _answer(self, operation: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with proxy._lock:
                    before = proxy.calls[operation]
                    proxy.calls[operation] += 1
                reply = proxy.fault(operation, before, lambda: self._forward(body))
                if reply is RESET:
                    self._reset()
                else:
                    self._send(reply)

            def _forward(self, body: bytes) -> Reply:
                connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
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
                if reply.body_bytes is not None:
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
