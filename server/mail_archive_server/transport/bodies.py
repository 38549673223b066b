"""Requests over HTTP are read as those on stdio are, before the SDK sees them."""

from typing import Any

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mail_archive_server.transport.requests import REQUEST_BYTES, RefusedRequest, readable, too_large

_TOO_LARGE_STATUS = 413
_BAD_STATUS = 400


def with_readable_bodies(app: ASGIApp, callers: TransportSecuritySettings) -> ASGIApp:
    """`app`, which is given only requests that can be read; the others get a JSON-RPC error. Of those who may not call,
    nothing is read."""
    security = TransportSecurityMiddleware(callers)

    async def readable_only(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        if await security.validate_request(Request(scope), is_post=True) is not None:
            # `app` says so.
            await app(scope, receive, send)
            return

        body, other = await _body(receive)
        if other is not None:
            # The client has gone.
            return
        if len(body) > REQUEST_BYTES:
            await _answer(too_large(body), _TOO_LARGE_STATUS, scope, receive, send)
            return

        request = readable(body)
        if isinstance(request, RefusedRequest):
            await _answer(request, _BAD_STATUS, scope, receive, send)
            return
        await app(scope, _replayed(request, receive), send)

    return readable_only


async def _body(receive: Receive) -> tuple[bytes, Message | None]:
    """The body, as far as one byte more than may be; or what came instead."""
    body = bytearray()
    while len(body) <= REQUEST_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body), message
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body), None


def _replayed(body: bytes, receive: Receive) -> Receive:
    pending: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        if pending:
            return pending.pop()
        return await receive()

    return replayed


async def _answer(refused: RefusedRequest, status: int, scope: Scope, receive: Receive, send: Send) -> None:
    await Response(refused.body, status, media_type="application/json")(scope, receive, send)
