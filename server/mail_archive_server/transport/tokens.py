"""The bearer token: who has it may call. Without one, every user of the machine could."""

import errno
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mail_archive_server.setting_values import KEY_BYTES
from mail_archive_server.settings import SettingError, Settings
from mail_archive_server.terminal import shown
from mail_archive_server.transport import HEALTH_PATH
from mail_archive_tools import system
from mail_archive_tools.searching.cursors import Cursors
from mail_archive_tools.system.places import why_not_read

CURSOR_SECONDS = 86_400.0
"""How long a cursor is of use over HTTP."""

_MODE = 0o600
_OTHERS = 0o077
_WRITERS_AND_STRANGERS = 0o037
_MOST_BYTES = 4_096


def token_of(settings: Settings) -> str | None:
    """What callers have to send; None: nothing, or what an issuer gave them. A socket is its owner's alone, and needs
    none."""
    if settings.token_file is not None:
        return _token_in(settings.token_file)
    if settings.no_token or settings.issuer is not None:
        return None
    if settings.token is not None:
        return settings.token
    if settings.socket is not None:
        return None
    return _new_token()


def cursors_of(settings: Settings, token: str | None) -> Cursors:
    """Sealed for who has the token: over HTTP a cursor may come from anybody."""
    key = secrets.token_bytes(32)
    if settings.cursor_key:
        key = settings.cursor_key.encode()
    caller = "this machine"
    if token:
        caller = hashlib.sha256(token.encode()).hexdigest()
    return Cursors(key, caller=caller, live_seconds=CURSOR_SECONDS)


def who_may_call(settings: Settings, token: str | None) -> str:
    if settings.issuer is not None:
        scopes = ""
        if settings.required_scope:
            scopes = f", with {' and '.join(settings.required_scope)} in its scope"
        return f"Callers send an access token of {settings.issuer}, made for {settings.resource_url}{scopes}."
    if settings.token_file is not None:
        return f"Callers send the bearer token that is in {shown(settings.token_file)}."
    if settings.token is not None:
        return "Callers send the bearer token of MAIL_ARCHIVE_TOKEN."
    if token is not None:
        return f"Callers send this header: Authorization: Bearer {token}"
    if settings.socket is not None:
        return "Only this user can open the socket, so no token is asked for."
    return "No token is asked for (--no-token): every user of this machine can read the mail."


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _token_in(file: Path) -> str:
    """The token in a file that only its owner may read; where there is none, a new one is put there.

    Raises:
        SettingError: the file cannot be used.
    """
    try:
        why = why_not_read(file)
        if why is not None:
            raise SettingError(f"--token-file {file} cannot be used: {why}.")

        descriptor, mode = _opened(file)
        with os.fdopen(descriptor, mode, encoding="ascii") as opened:
            if system.HAS_FILE_MODES and _others_read(os.fstat(descriptor)):
                raise SettingError(f"--token-file {file} can be read by others. Run `chmod 600` on it.")
            token = str(opened.read(_MOST_BYTES)).strip()
            if not token and mode != "r":
                token = _new_token()
                opened.write(f"{token}\n")
    except OSError as error:
        raise SettingError(f"--token-file {file} cannot be used ({error.strerror}). Name another file.") from None
    except ValueError:
        raise SettingError(f"--token-file {file} cannot be used (it is no text). Name another file.") from None

    is_in_a_header = token.isprintable() and " " not in token
    if len(token) < KEY_BYTES or not is_in_a_header:
        raise SettingError(
            f"--token-file {file} holds no token: at least {KEY_BYTES} characters, none of them a space."
        )
    return token


def _opened(file: Path) -> tuple[int, str]:
    """The file, to be written too where that may be: a container's secrets can only be read."""
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT, _MODE), "r+"
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EROFS):
            raise

    return os.open(file, os.O_RDONLY), "r"


def _others_read(found: os.stat_result) -> bool:
    """Whether somebody else may read the file. What is root's, and this user reads as one of a group, is what
    Kubernetes makes of a secret with `fsGroup`: that group is the container's."""
    others = _OTHERS
    is_roots = found.st_uid == 0 and os.geteuid() != 0
    if is_roots and found.st_gid in (os.getegid(), *os.getgroups()):
        others = _WRITERS_AND_STRANGERS
    return bool(found.st_mode & others)


def with_health(app: ASGIApp) -> ASGIApp:
    """The application, and at `/health` an answer for everybody that says that there is a server, and nothing else."""

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == HEALTH_PATH:
            return await PlainTextResponse("ok")(scope, receive, send)
        return await app(scope, receive, send)

    return watched


def with_token(app: ASGIApp, token: str) -> ASGIApp:
    """The application for those who send the token; the others get 401."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _has_token(Headers(scope=scope), token):
            return await app(scope, receive, send)

        why = "A bearer token is needed: the server printed it at its start, or wrote it to --token-file."
        # RFC 9110, 11.6.1: an answer with 401 names how to identify oneself.
        refusal = JSONResponse({"error": why}, 401, {"WWW-Authenticate": "Bearer"})
        return await refusal(scope, receive, send)

    return guarded


def _has_token(headers: Headers, token: str) -> bool:
    kind, _, sent = headers.get("authorization", "").partition(" ")
    # The name of a scheme knows no case (RFC 9110, 11.1).
    if kind.lower() != "bearer":
        return False
    return hmac.compare_digest(sent.strip().encode(), token.encode())
