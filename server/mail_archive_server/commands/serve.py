"""`serve`: the MCP server, over stdio or Streamable HTTP."""

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mail_archive_server.commands import CommandError
from mail_archive_server.settings import Settings, add_flags, read_settings
from mail_archive_server.terminal import shown

if TYPE_CHECKING:
    import socket

    from mcp.server import MCPServer

    from mail_archive_tools.searching.cursors import Cursors

HELP = "serve the archives to an MCP host (the default)"

PATH = "/mcp"
CURSOR_SECONDS = 86_400.0
"""How long a cursor is of use over HTTP."""

GRACE_SECONDS = 5
"""How long calls may take to end once the server was told to stop."""

# At DEBUG these write message bodies, download links or signatures.
_TALKATIVE = ("botocore", "boto3", "urllib3", "mcp", "sse_starlette", "asyncio", "httpx", "httpcore")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_flags(parser)


def run(arguments: argparse.Namespace) -> None:
    settings = read_settings(vars(arguments))
    # Imported here: `--help` need not wait for the SDK.
    from mail_archive_server.app import build_server
    from mail_archive_server.backends import accessor
    from mail_archive_server.local.storage.database import StoreError

    token = _token(settings) if settings.transport == "http" else None
    try:
        access = accessor(settings, _cursors(settings, token) if settings.transport == "http" else None)
    except StoreError as error:
        raise CommandError(str(error)) from error

    server = build_server(access, settings.log_level)
    _quieten()
    if settings.transport == "http":
        _serve_http(server, settings, token)
    else:
        _serve_stdio(server, settings)


def _serve_stdio(server: "MCPServer[Any]", settings: Settings) -> None:
    import anyio

    from mail_archive_server.stopping import Calls, run_until_told_to_stop

    if sys.stdin.isatty():
        _say(
            f"The MCP server of {_what(settings)} waits for an MCP host to speak to it over stdin. To look around "
            "yourself, try `mail-archive-mcp demo` or `mail-archive-mcp call`. Ctrl-C ends it."
        )

    calls = Calls()
    server.middleware.append(calls.counted)
    anyio.run(run_until_told_to_stop, server.run_stdio_async, calls, GRACE_SECONDS)


def _serve_http(server: "MCPServer[Any]", settings: Settings, token: str | None) -> None:
    import uvicorn

    from mail_archive_server.tokens import with_token

    listening, url = _listen(settings)
    app: Any = server.streamable_http_app(
        streamable_http_path=PATH, host=settings.host, transport_security=_only_this_machine()
    )
    if token is not None:
        app = with_token(app, token)
    config = uvicorn.Config(
        app, log_level=settings.log_level.lower(), access_log=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    _say(f"The MCP server of {_what(settings)} listens at {url}, for this machine only. Ctrl-C ends it.")
    _say(_who_may_call(settings, token))
    if settings.cursor_key is None:
        _say("Cursors are sealed for this run alone; MAIL_ARCHIVE_CURSOR_KEY lets them outlive it.")
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        if settings.socket is not None:
            settings.socket.unlink(missing_ok=True)
    # It ends by Ctrl-C alone, and whether Python hears of that as well depends on what it was doing.
    raise KeyboardInterrupt


def _token(settings: Settings) -> str | None:
    """What callers have to send; None: nothing. A socket is its owner's alone, and needs none."""
    from mail_archive_server.tokens import new_token, token_in

    if settings.token_file is not None:
        return token_in(settings.token_file)
    if settings.no_token or (settings.socket is not None and settings.token is None):
        return None
    return settings.token or new_token()


def _cursors(settings: Settings, token: str | None) -> "Cursors":
    """Sealed for who has the token: over HTTP a cursor may come from anybody."""
    import hashlib
    import secrets

    from mail_archive_tools.searching.cursors import Cursors

    key = settings.cursor_key.encode() if settings.cursor_key else secrets.token_bytes(32)
    caller = hashlib.sha256(token.encode()).hexdigest() if token else "this machine"
    return Cursors(key, caller=caller, live_seconds=CURSOR_SECONDS)


def _who_may_call(settings: Settings, token: str | None) -> str:
    if settings.token_file is not None:
        return f"Callers send the bearer token that is in {shown(settings.token_file)}."
    if settings.token is not None:
        return "Callers send the bearer token of MAIL_ARCHIVE_TOKEN."
    if token is not None:
        return f"Callers send this header: Authorization: Bearer {token}"
    if settings.socket is not None:
        return "Only this user can open the socket, so no token is asked for."
    return "No token is asked for (--no-token): every user of this machine can read the mail."


def _only_this_machine() -> Any:
    """Names of this machine, with a port or without, as a client of a socket sends them: a page in a browser whose
    name was made to lead here sends its own."""
    from mcp.server.transport_security import TransportSecuritySettings

    names = ("127.0.0.1", "localhost", "[::1]")
    return TransportSecuritySettings(
        allowed_hosts=[each for name in names for each in (name, f"{name}:*")],
        allowed_origins=[f"http://{name}:*" for name in names],
    )


def _what(settings: Settings) -> str:
    return "Mail Manager's archives" if settings.local is None else f"the local archive in {shown(settings.local)}"


def _say(sentence: str) -> None:
    """To a person: stdout belongs to the protocol."""
    print(sentence, file=sys.stderr, flush=True)


def _quieten() -> None:
    import logging

    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    # These write links at INFO already.
    for name in ("botocore", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _listen(settings: Settings) -> "tuple[socket.socket, str]":
    """What to listen on, and how to say it."""
    import socket

    if settings.socket is not None:
        return _listen_on_socket(settings.socket), f"{shown(settings.socket)} (a Unix socket), path {PATH}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise CommandError(
            f"Port {settings.port} of {settings.host} cannot be listened on ({error.strerror}). "
            "Name another one with --port."
        ) from error
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return listening, f"http://{host}:{listening.getsockname()[1]}{PATH}"


def _listen_on_socket(path: Path) -> "socket.socket":
    """A Unix socket that only this user can open. One that a server left behind is replaced."""
    import os
    import socket
    import stat

    if not hasattr(socket, "AF_UNIX"):
        raise CommandError("This system has no Unix sockets. Leave --socket out.")
    with suppress(OSError):
        if stat.S_ISSOCK(path.lstat().st_mode) and not _answers(path):
            path.unlink()
    listening = socket.socket(socket.AF_UNIX)
    # The rights are those of its making: between that and a chmod another user could come.
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise CommandError(
            f"--socket {path} cannot be listened on ({error.strerror or error}). Name another path."
        ) from error
    finally:
        os.umask(before)
    return listening


def _answers(path: Path) -> bool:
    import socket

    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
