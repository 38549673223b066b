"""Access tokens of an OAuth 2.0 authorization server: clients find it by themselves, and it says who is calling.

The server is what RFC 9728 calls a protected resource: it names its issuer, and takes tokens that were made for it (RFC
8707, RFC 9068).
"""

from __future__ import annotations

import logging
from typing import Any

import jwt
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.auth.settings import AuthSettings
from starlette.authentication import AuthenticationError
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from mail_archive_server.settings import Settings
from mail_archive_server.transport.issuer_keys import AGAIN_SECONDS, Keys

TOKEN_CHARACTERS = 16_000
"""The longest token that is looked at."""
LEEWAY_SECONDS = 30
"""How far the clocks may be apart."""

_log = logging.getLogger(__name__)


class _Refused(Exception):
    """The token is not what it should be; the text says why."""


class Issuer:
    """Says whose an access token is."""

    def __init__(self, url: str, resource_url: str, keys: Keys | None = None) -> None:
        self._url = url
        # Some issuers write what they were asked for, others with a slash at its end, or without.
        self._audiences = [resource_url.rstrip("/"), resource_url.rstrip("/") + "/"]
        if keys is None:
            keys = Keys(url)
        self._keys = keys

    async def verify_token(self, token: str) -> AccessToken | None:
        """Who the caller is; None: the token is none of the issuer's for this server, or is too old.

        Raises:
            IssuerUnavailable: that cannot be told for now.
        """
        try:
            return await self._verified(token)
        except _Refused as error:
            why = str(error)
        except (jwt.PyJWTError, TypeError, ValueError, OverflowError, RecursionError) as error:
            # Its text may repeat what was sent.
            why = type(error).__name__
        _log.info("An access token was refused: %s", why)
        return None

    async def _verified(self, token: str) -> AccessToken:
        if len(token) > TOKEN_CHARACTERS:
            raise _Refused("it is too long")

        name = jwt.get_unverified_header(token).get("kid")
        if not isinstance(name, str):
            name = None
        key = await self._keys.named(name)
        if key is None:
            raise _Refused("the issuer publishes no key of its name")

        claims = jwt.decode(
            token,
            key.key,
            algorithms=key.algorithms,
            audience=self._audiences,
            issuer=self._url,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        if not str(claims["sub"]).strip():
            # Callers without a subject would all be one caller.
            raise _Refused("its subject is empty")

        # RFC 9068 says `client_id`, OpenID Connect `azp`; where there is neither, the subject is its own client.
        client = claims.get("client_id") or claims.get("azp") or claims["sub"]
        return AccessToken(
            token=token,
            client_id=str(client),
            scopes=_scopes(claims),
            expires_at=int(claims["exp"]) + LEEWAY_SECONDS,
            subject=str(claims["sub"]),
            claims={"iss": self._url},
        )


def _scopes(claims: dict[str, Any]) -> list[str]:
    """RFC 9068 has one text, others a list by either name."""
    said = claims.get("scope") or claims.get("scp")
    if not said:
        return []
    if isinstance(said, str):
        return said.split()
    return [each for each in said if isinstance(each, str)]


def with_issuer(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application for those who have a token of the issuer's; the others are told where to get one."""
    assert settings.issuer is not None
    assert settings.resource_url is not None
    # Read as the SDK does, so that they stay as they are written. The verifier looks at the audience by itself.
    urls = {"issuer_url": settings.issuer, "resource_server_url": settings.resource_url}
    auth = AuthSettings.model_validate({**urls, "validate_token_resource": False})
    assert auth.resource_server_url is not None

    scopes = list(settings.required_scope)
    required = RequireAuthMiddleware(app, scopes, build_resource_metadata_url(auth.resource_server_url))
    guarded = AuthenticationMiddleware(
        AuthContextMiddleware(required),
        backend=BearerAuthBackend(Issuer(settings.issuer, settings.resource_url)),
        on_error=_try_later,
    )
    routes = create_protected_resource_routes(
        auth.resource_server_url, [auth.issuer_url], scopes or None, "Mail archive"
    )
    router = Router(routes, default=guarded)

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await router(scope, receive, send)
        else:
            # What the application does at its start and end is no request.
            await app(scope, receive, send)

    return routed


def _try_later(connection: HTTPConnection, error: AuthenticationError) -> Response:
    body = {"error": "temporarily_unavailable", "error_description": str(error)}
    return JSONResponse(body, 503, {"Retry-After": str(int(AGAIN_SECONDS))})
