"""Access tokens of an OAuth 2.0 authorization server: clients find it by themselves, and it says who is calling.

The server is what RFC 9728 calls a protected resource: it names its issuer, takes tokens that were made for it (RFC
8707, RFC 9068), and verifies them with the keys that the issuer publishes (RFC 8414, OpenID Connect Discovery).
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import anyio
import httpx
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

from mail_archive_server.setting_values import is_this_machine
from mail_archive_server.settings import Settings
from mail_archive_server.terminal import shown

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key that only the issuer has."""
TOKEN_CHARACTERS = 16_000
"""The longest token that is looked at."""
LEEWAY_SECONDS = 30
"""How far the clocks may be apart."""
FRESH_SECONDS = 3_600.0
"""How long keys are used before the issuer is asked again."""
KEPT_SECONDS = 86_400.0
"""How long they are used while the issuer does not answer."""
AGAIN_SECONDS = 10.0
"""The least time between two questions, whatever is sent here."""

_FETCH_SECONDS = 5.0
_MOST_BYTES = 500_000
_log = logging.getLogger(__name__)


class IssuerUnavailable(AuthenticationError):
    """Tokens cannot be verified for now: the caller's may be a good one."""


class _Unusable(Exception):
    """The issuer's answer, or a token, is not what it should be; the text says why."""


class _Key(NamedTuple):
    algorithms: tuple[str, ...]
    key: Any


class Keys:
    """The keys that an issuer publishes, fetched when the first one is asked for."""

    def __init__(self, issuer: str, again_seconds: float = AGAIN_SECONDS) -> None:
        self._issuer = issuer
        self._again_seconds = again_seconds
        self._keys: dict[str | None, _Key] = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._fetching = anyio.Lock()

    async def named(self, name: str | None) -> _Key | None:
        """The key of that name (`kid`); without a name the only one there is.

        Raises:
            IssuerUnavailable: there are no keys, or only old ones, and the issuer does not give others.
        """
        if not self._is_usable(name, FRESH_SECONDS):
            async with self._fetching:
                if not self._is_usable(name, FRESH_SECONDS) and self._may_ask():
                    await self._fetch_or_say_why()
        if time.monotonic() - self._fetched_at > KEPT_SECONDS:
            raise IssuerUnavailable("The keys of the issuer of access tokens could not be fetched. Try again later.")
        return self._find(name)

    def _find(self, name: str | None) -> _Key | None:
        if name is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(name)

    def _is_usable(self, name: str | None, seconds: float) -> bool:
        return time.monotonic() - self._fetched_at <= seconds and self._find(name) is not None

    def _may_ask(self) -> bool:
        return time.monotonic() - self._asked_at >= self._again_seconds

    async def _fetch_or_say_why(self) -> None:
        self._asked_at = time.monotonic()
        try:
            await self.fetch()
        except IssuerUnavailable as error:
            _log.warning("%s", error)

    async def fetch(self) -> int:
        """Fetch the keys anew; returns how many there are.

        Raises:
            IssuerUnavailable: they cannot be had; the text says why.
        """
        try:
            async with httpx.AsyncClient(
                timeout=_FETCH_SECONDS, follow_redirects=False, trust_env=not is_this_machine(self._issuer)
            ) as client:
                with anyio.fail_after(2 * _FETCH_SECONDS):
                    published = await _document(client, await self._where(client))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TimeoutError, _Unusable) as error:
            why = shown(str(error)) or "no answer in time"
            raise IssuerUnavailable(f"The keys of {self._issuer} could not be fetched: {why}.") from error
        self._keys = _keys_in(published)
        self._fetched_at = time.monotonic()
        return len(self._keys)

    async def _where(self, client: httpx.AsyncClient) -> str:
        """Where the keys are, as the issuer's metadata says."""
        for place in metadata_places(self._issuer):
            try:
                metadata = await _document(client, place)
            except _Unusable:
                continue
            where = metadata.get("jwks_uri")
            if metadata.get("issuer") != self._issuer:
                raise _Unusable(f"its metadata at {place} is of another issuer")
            if not isinstance(where, str) or not self._is_trustworthy(where):
                raise _Unusable(f"its metadata at {place} names no place of keys (jwks_uri, over https)")
            return where
        raise _Unusable("it has no metadata where RFC 8414 or OpenID Connect Discovery want it")

    def _is_trustworthy(self, where: str) -> bool:
        """Over TLS; an issuer of this machine may have its keys on it without."""
        return where.startswith("https://") or (is_this_machine(self._issuer) and is_this_machine(where))


def metadata_places(issuer: str) -> list[str]:
    """Where an issuer's metadata may be: RFC 8414's place, and OpenID Connect's two."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    names = [f"{origin}/.well-known/{name}{path}" for name in ("oauth-authorization-server", "openid-configuration")]
    return list(dict.fromkeys([*names, f"{origin}{path}/.well-known/openid-configuration"]))


async def _document(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """The JSON object at a URL."""
    content = b""
    async with client.stream("GET", url) as answer:
        if answer.status_code != httpx.codes.OK:
            raise _Unusable(f"{url} answers {answer.status_code}")
        async for piece in answer.aiter_bytes():
            content += piece
            if len(content) > _MOST_BYTES:
                raise _Unusable(f"{url} answers with more than {_MOST_BYTES:,} bytes")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _Unusable(f"{url} answers with something else than a JSON object")
    return found


def _keys_in(published: dict[str, Any]) -> dict[str | None, _Key]:
    """The keys for signatures in a set of JSON Web Keys; those of kinds that are not known here are left out."""
    found: dict[str | None, _Key] = {}
    for each in published.get("keys") or ():
        try:
            if each.get("use", "sig") == "sig":
                declared = each.get("alg")
                algorithms = tuple(name for name in ALGORITHMS if declared in (None, name))
                found[each.get("kid")] = _Key(algorithms, jwt.PyJWK.from_dict(each).key)
        except (jwt.PyJWTError, AttributeError, TypeError, ValueError):
            continue
    return found


class Issuer:
    """Says whose an access token is."""

    def __init__(self, url: str, resource_url: str, keys: Keys | None = None) -> None:
        self._url = url
        # Some issuers write what they were asked for, others with a slash at its end, or without.
        self._audiences = [resource_url.rstrip("/"), resource_url.rstrip("/") + "/"]
        self._keys = keys or Keys(url)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Who the caller is; None: the token is none of the issuer's for this server, or is too old.

        Raises:
            IssuerUnavailable: that cannot be told for now.
        """
        try:
            return await self._verified(token)
        except _Unusable as error:
            why = str(error)
        except (jwt.PyJWTError, TypeError, ValueError, RecursionError) as error:
            # Its text may repeat what was sent.
            why = type(error).__name__
        _log.info("An access token was refused: %s", why)
        return None

    async def _verified(self, token: str) -> AccessToken:
        if len(token) > TOKEN_CHARACTERS:
            raise _Unusable("it is too long")
        name = jwt.get_unverified_header(token).get("kid")
        key = await self._keys.named(name if isinstance(name, str) else None)
        if key is None:
            raise _Unusable("the issuer publishes no key of its name")
        claims = jwt.decode(
            token,
            key.key,
            algorithms=key.algorithms,
            audience=self._audiences,
            issuer=self._url,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return AccessToken(
            token=token,
            client_id=str(claims.get("client_id") or claims.get("azp") or claims["sub"]),
            scopes=_scopes(claims),
            expires_at=int(claims["exp"]) + LEEWAY_SECONDS,
            subject=str(claims["sub"]),
            claims={"iss": self._url},
        )


def _scopes(claims: dict[str, Any]) -> list[str]:
    """RFC 9068 has one text, others a list by either name."""
    said = claims.get("scope") or claims.get("scp") or ""
    return said.split() if isinstance(said, str) else [each for each in said if isinstance(each, str)]


def with_issuer(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application for those who have a token of the issuer's; the others are told where to get one."""
    assert settings.issuer is not None and settings.resource_url is not None
    auth = AuthSettings.model_validate(
        {
            "issuer_url": settings.issuer,
            "resource_server_url": settings.resource_url,
            "required_scopes": list(settings.required_scope),
            # The verifier looks at the audience by itself.
            "validate_token_resource": False,
        }
    )
    assert auth.resource_server_url is not None
    required = RequireAuthMiddleware(
        app, list(settings.required_scope), build_resource_metadata_url(auth.resource_server_url)
    )
    guarded = AuthenticationMiddleware(
        AuthContextMiddleware(required),
        backend=BearerAuthBackend(Issuer(settings.issuer, settings.resource_url)),
        on_error=_try_later,
    )
    routes = create_protected_resource_routes(
        auth.resource_server_url, [auth.issuer_url], list(settings.required_scope) or None, "Mail archive"
    )
    router = Router(routes, default=guarded)

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        # What the application does at its start and end is no request.
        await (router if scope["type"] == "http" else app)(scope, receive, send)

    return routed


def _try_later(connection: HTTPConnection, error: AuthenticationError) -> Response:
    body = {"error": "temporarily_unavailable", "error_description": str(error)}
    return JSONResponse(body, 503, {"Retry-After": str(int(AGAIN_SECONDS))})
