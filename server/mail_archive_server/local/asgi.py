"""The socket door: the local archive on a port, for the AWS CLI, other SDKs and browsers that follow its links."""

import math
import time

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mail_archive_server.local.context import Local
from mail_archive_server.local.endpoint import handle
from mail_archive_server.local.errors import ApiError
from mail_archive_server.local.links import link_is_good
from mail_archive_server.local.sigv4 import check_signature
from mail_archive_server.local.wire import CONTENT_TYPE, REQUEST_BYTES, Reply, write_error

LOOPBACK = "127.0.0.1"

_MESSAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def api_app(local: Local) -> Starlette:
    """An ASGI application with the API at `/` and what its download links lead to."""
    return Starlette(routes=[_api_route(local), _message_route(local)])


def links_app(local: Local) -> Starlette:
    """An ASGI application with only what download links lead to."""
    return Starlette(routes=[_message_route(local)])


def _api_route(local: Local) -> Route:
    async def answer(request: Request) -> Response:
        body = await _body(request)
        reply = await to_thread.run_sync(_reply, local, request, body)
        return Response(reply.body, reply.status, media_type=CONTENT_TYPE)

    return Route("/", answer, methods=["POST"])


def _reply(local: Local, request: Request, body: bytes | None) -> Reply:
    if body is None:
        return write_error(ApiError("SerializationException", "The request body is too large."))
    try:
        check_signature(request.method, str(request.url), request.headers, body, time.time())
    except ApiError as error:
        return write_error(error)
    return handle(local, request.headers.get("x-amz-target", ""), body)


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
        expires = request.query_params.get("Expires", "")
        signature = request.query_params.get("Signature", "")
        if not _is_time(expires) or not link_is_good(
            local.store.link_key, archived_message_id, expires, signature, local.clock()
        ):
            return PlainTextResponse("This link has expired or is not genuine. Ask for a new one.\n", 403)

        message = local.store.message(archived_message_id)
        raw = local.store.raw_message(message.id) if message else None
        if raw is None:
            return PlainTextResponse("This message is no longer in the archive.\n", 404)
        disposition = {"Content-Disposition": f'attachment; filename="{archived_message_id}.eml"'}
        return Response(raw, media_type="message/rfc822", headers=_MESSAGE_HEADERS | disposition)

    return Route("/messages/{archived_message_id}", get_message, methods=["GET"])


def _is_time(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
