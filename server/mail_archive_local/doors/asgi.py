"""The socket door: the local archive and its STS on a port, for the AWS CLI, other SDKs and browsers that follow its
links."""

import re

import anyio
from anyio import to_thread
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mail_archive_local.api_errors import ApiError
from mail_archive_local.context import Local
from mail_archive_local.doors.answering import answer
from mail_archive_local.download_links import BadLink, read_link
from mail_archive_local.identity import LOOPBACK
from mail_archive_local.operations.authorizing import may_read_message
from mail_archive_local.storage.failures import StoreError
from mail_archive_local.wire.protocol import REQUEST_BYTES, HttpRequest, Reply, write_error

BODY_SECONDS = 20.0
"""How long a request's body may take to come."""

_OWN_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_TOO_LARGE = write_error(ApiError("SerializationException", "The request body is too large."))

_MESSAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def api_app(local: Local, body_seconds: float = BODY_SECONDS) -> ASGIApp:
    """An ASGI application with the API at `/` and what its download links lead to. A request's body may take so many
    seconds to come."""
    return _for_this_machine(Starlette(routes=[_api_route(local, body_seconds), _message_route(local)]))


def links_app(local: Local) -> ASGIApp:
    """An ASGI application with only what download links lead to."""
    return _for_this_machine(Starlette(routes=[_message_route(local)]))


def _for_this_machine(app: ASGIApp) -> ASGIApp:
    """Refuse what a page in a browser may have sent: one whose name was made to lead to this machine names its own
    host, and one that asks across origins says so."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        answering = app
        if scope["type"] == "http":
            answering = _refusal_of(Headers(scope=scope)) or app
        await answering(scope, receive, send)

    return guarded


def _refusal_of(headers: Headers) -> ASGIApp | None:
    if not _OWN_HOST.fullmatch(headers.get("host", "")):
        return PlainTextResponse("This host name is not served here. Use 127.0.0.1 or localhost.\n", 403)
    if "origin" in headers:
        return PlainTextResponse("Pages of a browser are not served here.\n", 403)
    return None


def _api_route(local: Local, body_seconds: float) -> Route:
    async def respond(request: Request) -> Response:
        declared = request.headers.get("content-length", "")
        # Refused before it comes; one that says nothing of its length is counted as it comes.
        if declared.isdigit() and int(declared) > REQUEST_BYTES:
            return _as_response(_TOO_LARGE, 413)

        try:
            with anyio.fail_after(body_seconds):
                body = await _body(request)
        except TimeoutError:
            late = ApiError("RequestTimeout", "The request body did not come in time.")
            return _as_response(write_error(late), 408)
        except ClientDisconnect:
            # Nobody is there to be answered.
            return Response(status_code=400)
        if body is None:
            return _as_response(_TOO_LARGE, 413)
        reply = await to_thread.run_sync(_reply, local, request, body)
        return _as_response(reply)

    return Route("/", respond, methods=["POST"])


def _as_response(reply: Reply, status: int | None = None) -> Response:
    return Response(reply.body, status or reply.status, media_type=reply.content_type)


def _reply(local: Local, request: Request, body: bytes) -> Reply:
    asked = HttpRequest(request.method, str(request.url), request.headers, body)
    return answer(local, asked, _source_ip(request))


def _source_ip(request: Request) -> str:
    if request.client is None:
        return LOOPBACK
    return request.client.host


async def _body(request: Request) -> bytes | None:
    """The request's body; None when it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > REQUEST_BYTES:
            return None
    return bytes(body)


def _message_route(local: Local) -> Route:
    def get_message(request: Request) -> Response:
        archived_message_id = request.path_params["archived_message_id"]
        try:
            asked_by = read_link(local.store.link_key, archived_message_id, request.query_params, local.clock())
            caller = local.key_ring(_source_ip(request)).of_session(asked_by)
        except (BadLink, ApiError, StoreError):
            return PlainTextResponse("This link has expired or is not genuine. Ask for a new one.\n", 403)

        message = local.store.message(archived_message_id)
        if message is None:
            return _gone()
        if not may_read_message(local, caller, message.id):
            return PlainTextResponse("Whoever asked for this link may not read the message any more.\n", 403)
        try:
            raw = local.store.raw_message(message.id)
        except StoreError as error:
            # Not what was put in, or not to be read at all.
            return PlainTextResponse(f"{error}\n", 500)
        if raw is None:
            return _gone()

        disposition = {"Content-Disposition": f'attachment; filename="{archived_message_id}.eml"'}
        return Response(raw, media_type="message/rfc822", headers=_MESSAGE_HEADERS | disposition)

    return Route("/messages/{archived_message_id}", get_message, methods=["GET"])


def _gone() -> Response:
    return PlainTextResponse("This message is no longer in the archive.\n", 404)
