"""The keys that an authorization server publishes, where RFC 8414 and OpenID Connect Discovery have them."""

from __future__ import annotations

import json
import logging
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import anyio
import httpx
import jwt
from starlette.authentication import AuthenticationError

from mail_archive_server.setting_values import is_this_machine
from mail_archive_server.terminal import shown

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key that only the issuer has."""
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
    """The issuer's answer is not what it should be; the text says why."""


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
        if not self._is_fresh(name):
            async with self._fetching:
                # Another call may have fetched them meanwhile.
                if not self._is_fresh(name) and self._may_ask():
                    await self._fetch_or_say_why()
        if time.monotonic() - self._fetched_at > KEPT_SECONDS:
            raise IssuerUnavailable("The keys of the issuer of access tokens could not be fetched. Try again later.")
        return self._find(name)

    def _find(self, name: str | None) -> _Key | None:
        if name is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(name)

    def _is_fresh(self, name: str | None) -> bool:
        if time.monotonic() - self._fetched_at > FRESH_SECONDS:
            return False
        return self._find(name) is not None

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
        if where.startswith("https://"):
            return True
        return is_this_machine(self._issuer) and is_this_machine(where)


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
    listed = published.get("keys")
    if not isinstance(listed, list):
        return found

    for each in listed:
        try:
            # RFC 7517, 4.2: one without a use has any.
            if each.get("use", "sig") == "sig":
                declared = each.get("alg")
                algorithms = tuple(name for name in ALGORITHMS if declared in (None, name))
                found[each.get("kid")] = _Key(algorithms, jwt.PyJWK.from_dict(each).key)
        except (jwt.PyJWTError, AttributeError, TypeError, ValueError):
            continue
    return found
