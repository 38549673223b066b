"""The bearer token of the HTTP transport: who has it may call. Without one, every user of the machine could."""

import hmac
import os
import secrets
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mail_archive_server.settings import KEY_BYTES, SettingError

_MODE = 0o600
_OTHERS = 0o077
_MOST_BYTES = 4_096


def new_token() -> str:
    return secrets.token_urlsafe(32)


def token_in(file: Path) -> str:
    """The token in a file that only its owner may read; where there is none, a new one is put there.

    Raises:
        SettingError: the file cannot be used.
    """
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, _MODE)
        with os.fdopen(descriptor, "r+", encoding="ascii") as opened:
            if os.name == "posix" and os.fstat(descriptor).st_mode & _OTHERS:
                raise SettingError(f"--token-file {file} can be read by others. Run `chmod 600` on it.")
            token = opened.read(_MOST_BYTES).strip()
            if not token:
                token = new_token()
                opened.write(f"{token}\n")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingError(f"--token-file {file} cannot be used ({why}). Name another file.") from None
    if len(token) < KEY_BYTES or not token.isprintable() or " " in token:
        raise SettingError(
            f"--token-file {file} holds no token: at least {KEY_BYTES} characters, none of them a space."
        )
    return token


def with_token(app: ASGIApp, token: str) -> ASGIApp:
    """The application for those who send the token; the others get 401."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _has_token(Headers(scope=scope), token):
            return await app(scope, receive, send)
        refusal = JSONResponse(
            {"error": "A bearer token is needed: the server printed it at its start, or wrote it to --token-file."},
            401,
            {"WWW-Authenticate": "Bearer"},
        )
        return await refusal(scope, receive, send)

    return guarded


def _has_token(headers: Headers, token: str) -> bool:
    kind, _, sent = headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(sent.strip().encode(), token.encode())
