"""Clients of boto3 that are answered in this process: validated, serialized and parsed as always, never sent.

Only the sending is replaced, in botocore's `before-send` event.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from mail_archive_local.wire.protocol import HttpRequest, Reply


def answer_in_process(client: Any, answer: Callable[[HttpRequest], Reply]) -> None:
    """Let every request of this client be answered by `answer`."""

    def respond(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        # Headers are bytes once the request is prepared, and the host is added by whoever opens a connection.
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        headers.setdefault("host", urlsplit(request.url).netloc)
        reply = answer(HttpRequest(str(request.method), request.url, headers, _bytes(request.body)))
        told = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
        return AWSResponse(request.url, reply.status, told, _Raw(reply.body))

    client.meta.events.register(f"before-send.{client.meta.service_model.service_id.hyphenize()}", respond)


def _text(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return value


def _bytes(body: Any) -> bytes:
    """A body as botocore prepares it: of the query protocol it is text, of S3 it may be a file."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return bytes(body.read())
    return bytes(body)


class _Raw(io.BytesIO):
    """What botocore reads a response body from."""

    def stream(self) -> Iterator[bytes]:
        yield self.getvalue()
