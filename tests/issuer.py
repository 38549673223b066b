"""An OAuth 2.0 authorization server on a loopback port: metadata, keys, registration, codes with PKCE, tokens."""

import base64
import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.conftest import loopback

SOMEBODY = "ann@corp.example"
_ALGORITHMS: dict[str, Any] = {
    "RS256": RSAAlgorithm,
    "PS256": RSAAlgorithm,
    "ES256": ECAlgorithm,
    "EdDSA": OKPAlgorithm,
}


def new_key(algorithm: str) -> Any:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


class AuthorizationServer:
    """Everybody who asks is somebody, and agrees."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.url = ""
        self.keys: dict[str, tuple[str, Any]] = {}
        self.turn_key("first", algorithm)
        self.asked: list[str] = []
        """The paths that were asked for, in order."""
        self.metadata_name = "oauth-authorization-server"
        self.jwks_uri: Any = None
        """What the metadata say of where the keys are, in the place of what is so."""
        self.published: Any = None
        """What is published in the place of the keys."""
        self.broken = False
        self._codes: dict[str, tuple[str, str]] = {}

    def turn_key(self, name: str, algorithm: str = "ES256") -> None:
        """Sign with a new key from now on, and publish that alone."""
        self.keys = {name: (algorithm, new_key(algorithm))}

    def token(self, resource: str, key: Any = None, algorithm: str | None = None, kid: str = "", **claims: Any) -> str:
        """A token for `resource`, with these claims beside or in the place of the usual ones; None takes one out."""
        name, (usual, own) = next(iter(self.keys.items()))
        now = int(time.time())
        usually = {"iss": self.url, "aud": resource, "sub": SOMEBODY, "iat": now, "exp": now + 600}
        payload = {
            name: value for name, value in {**usually, "client_id": "tests", **claims}.items() if value is not None
        }
        return jwt.encode(payload, key or own, algorithm or usual, headers={"kid": kid or name, "typ": "at+jwt"})

    def app(self) -> Starlette:
        routes = [
            Route("/.well-known/{name:path}", self._metadata),
            Route("/keys", self._keys),
            Route("/register", self._register, methods=["POST"]),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _metadata(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        if self.broken or request.path_params["name"] != self.metadata_name:
            return Response(status_code=503 if self.broken else 404)
        where = {
            f"{each}_endpoint": f"{self.url}/{path}"
            for each, path in (("authorization", "authorize"), ("token", "token"), ("registration", "register"))
        }
        supported = {
            "response_types": ["code"],
            "code_challenge_methods": ["S256"],
            "grant_types": ["authorization_code"],
        }
        methods = {"token_endpoint_auth_methods": ["none"]}
        lists = {f"{name}_supported": value for name, value in {**supported, **methods}.items()}
        keys = f"{self.url}/keys" if self.jwks_uri is None else self.jwks_uri
        return JSONResponse({"issuer": self.url, "jwks_uri": keys, **where, **lists})

    async def _keys(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        if self.published is not None:
            return Response(self.published, media_type="application/json")
        published = [
            {**_ALGORITHMS[algorithm].to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"}
            for name, (algorithm, key) in self.keys.items()
        ]
        return JSONResponse({"keys": [{"kty": "of another time", "kid": "odd"}, "nothing", *published]})

    async def _register(self, request: Request) -> Response:
        return JSONResponse({**await request.json(), "client_id": "registered"}, 201)

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        code = secrets.token_urlsafe(8)
        self._codes[code] = (asked["code_challenge"], asked["resource"])
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return RedirectResponse(f"{asked['redirect_uri']}?{answer}")

    async def _token(self, request: Request) -> Response:
        asked = await request.form()
        challenge, resource = self._codes.pop(str(asked["code"]))
        digest = hashlib.sha256(str(asked["code_verifier"]).encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        granted = self.token(resource, client_id=str(asked["client_id"]), scope="mail.read")
        return JSONResponse({"access_token": granted, "token_type": "Bearer", "expires_in": 600, "scope": "mail.read"})


@contextmanager
def authorization_server(algorithm: str = "ES256") -> Iterator[AuthorizationServer]:
    server = AuthorizationServer(algorithm)
    with loopback(server.app()) as url:
        server.url = url
        yield server
