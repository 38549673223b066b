"""The in-process door: a boto3 client whose requests go to the local archive instead of the network.

boto3 validates, serializes and parses as always; only the sending is replaced, in botocore's `before-send` event.
"""

import io
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from mail_archive_local.context import Local
from mail_archive_local.doors.answering import answer
from mail_archive_local.doors.asgi import links_app
from mail_archive_local.identity.callers import LOOPBACK
from mail_archive_local.identity.signatures import HttpRequest
from mail_archive_local.wire.protocol import Reply


def attach(client: Any, local: Local) -> None:
    """Let every request of this boto3 client, of Mail Manager or STS, be answered by `local`."""

    def respond(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        # Headers are bytes once the request is prepared, and the host is added by whoever opens a connection.
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        headers.setdefault("host", urlsplit(request.url).netloc)
        reply = answer(local, HttpRequest(request.method, request.url, headers, _bytes(request.body)))
        return as_response(request.url, reply)

    client.meta.events.register(f"before-send.{client.meta.service_model.service_id.hyphenize()}", respond)


def as_response(url: str, reply: Reply) -> AWSResponse:
    """A reply as botocore reads one from a connection."""
    told = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
    return AWSResponse(url, reply.status, told, _Raw(reply.body))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    """A body as botocore prepares it: of the query protocol it is text."""
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)


class LinkListener:
    """A loopback listener for download links, opened when the first link is handed out."""

    def __init__(self) -> None:
        self._local: Local | None = None
        self._lock = threading.Lock()
        self._base: str | None = None

    def serves(self, local: Local) -> None:
        """Say whose links it serves, before the first one is handed out."""
        self._local = local

    def base(self) -> str:
        """The URL that links begin with; the listener runs when this returns."""
        with self._lock:
            if self._base is None:
                assert self._local is not None
                self._base = self._start(self._local)
            return self._base

    def _start(self, local: Local) -> str:
        # Imported here: most processes never hand out a link.
        import socket

        import uvicorn

        listening = socket.create_server((LOOPBACK, 0))
        config = uvicorn.Config(
            links_app(local), log_level="error", access_log=False, lifespan="off", proxy_headers=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="download-links", daemon=True
        )
        thread.start()
        # The socket queues connections from now on, so nobody comes too early.
        return f"http://{LOOPBACK}:{listening.getsockname()[1]}"


class _Raw(io.BytesIO):
    """What botocore reads a response body from."""

    def stream(self) -> Iterator[bytes]:
        yield self.getvalue()
