"""`serve`: the MCP server, over stdio or Streamable HTTP."""

import argparse
import gc
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from mail_archive_server.settings import Settings, add_flags, read_settings
from mail_archive_server.terminal import CommandError, escaped, shown

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from mail_archive_tools.searching.cursors import Cursors

HELP = "serve the archives to an MCP host (the default)"

GRACE_SECONDS = 4
"""How long calls may take to end once the server was told to stop."""

# At DEBUG these write message bodies, download links or signatures.
_TALKATIVE = ("botocore", "boto3", "urllib3", "mcp", "sse_starlette", "asyncio", "httpx", "httpcore")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_flags(parser)


def run(arguments: argparse.Namespace) -> None:
    settings = read_settings(vars(arguments))

    # What a start loads stays: looking through it for garbage, again and again, is an eighth of the time it takes.
    gc.disable()
    try:
        _serve(settings)
    finally:
        gc.enable()


def _serve(settings: Settings) -> None:
    # Imported here: `--help` need not wait for the SDK.
    from mail_archive_local import LocalArchiveError
    from mail_archive_server.app import build_server
    from mail_archive_server.backends import accessor
    from mail_archive_server.hosting.consenting import FORMS, consents_of
    from mail_archive_server.hosting.published import change_something, chosen_tools, names_views
    from mail_archive_server.sample.temporary import with_sample

    with ExitStack() as held:
        settings = held.enter_context(with_sample(settings))
        tools = chosen_tools(settings)
        consents = consents_of(settings.consent)
        token, cursors = None, None
        if settings.transport == "http":
            token, cursors = _for_callers(settings)
        try:
            access = accessor(settings, cursors)
        except LocalArchiveError as error:
            raise CommandError(str(error)) from error

        views: Literal["apps", "all"] = "apps"
        if names_views(settings):
            views = "all"
        if settings.issuer is not None:
            from mail_archive_server.hosting.callers import for_each_caller

            access = for_each_caller(access)
        server = build_server(access, settings.log_level, tools, consents, views)
        _quieten()

        if settings.consent == "host" and change_something(tools):
            _say(f"Changes: {FORMS[settings.consent]}.")
        # From now on there is garbage, and it is not in what was loaded.
        gc.freeze()
        gc.enable()
        if settings.transport == "http":
            _serve_http(server, settings, token, held.close)
        else:
            _serve_stdio(server, settings, held.close)


def _for_callers(settings: Settings) -> "tuple[str | None, Cursors]":
    """What callers over HTTP send, and their cursors."""
    from mail_archive_server.transport.tokens import cursors_of, token_of

    token = token_of(settings)
    return token, cursors_of(settings, token)


def _serve_stdio(server: "MCPServer[Any]", settings: Settings, leave: Callable[[], None]) -> None:
    import anyio

    from mail_archive_server.stopping import OpenRequests, end_soon, run_until_told_to_stop
    from mail_archive_server.transport.stdio import serve_stdio

    if sys.stdin.isatty():
        _say(
            f"The MCP server of {_what(settings)} waits for an MCP host to speak to it over stdin. To look around "
            "yourself, try `mail-archive-mcp demo` or `mail-archive-mcp call`. Ctrl-C ends it."
        )

    requests = OpenRequests()
    server.middleware.append(requests.counted)
    serve = partial(serve_stdio, server, partial(end_soon, leave))
    anyio.run(run_until_told_to_stop, serve, requests, GRACE_SECONDS, leave)


def _serve_http(server: "MCPServer[Any]", settings: Settings, token: str | None, leave: Callable[[], None]) -> None:
    import uvicorn

    from mail_archive_server.transport.application import PATH, application
    from mail_archive_server.transport.listening import ending_in_time, listen
    from mail_archive_server.transport.tokens import who_may_call

    listening, place = listen(settings)
    app: Any = application(server, settings, token)
    config = uvicorn.Config(
        app,
        log_level=settings.log_level.lower(),
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # Nothing here asks whom a proxy speaks for.
        proxy_headers=False,
    )
    _say(f"The MCP server of {_what(settings)} listens at {place}{PATH}, for {_whom(settings)}. Ctrl-C ends it.")
    _say(who_may_call(settings, token))
    if settings.cursor_key is None:
        _say("Cursors are sealed for this run alone; MAIL_ARCHIVE_CURSOR_KEY lets them outlive it.")

    def close() -> None:
        if settings.socket is not None:
            settings.socket.unlink(missing_ok=True)
        leave()

    try:
        ending_in_time(uvicorn.Server(config), close).run(sockets=[listening])
    finally:
        close()
    # It ends by Ctrl-C alone, and whether Python hears of that as well depends on what it was doing.
    raise KeyboardInterrupt


def _whom(settings: Settings) -> str:
    if settings.is_loopback or settings.socket is not None:
        return "this machine only"
    what = "the token"
    if settings.issuer is not None:
        what = "one of its issuer's tokens"
    return f"whoever reaches it and has {what}; it speaks plain HTTP, so let a proxy before it do TLS"


def _what(settings: Settings) -> str:
    if settings.sample:
        return "a sample archive"
    if settings.local is None:
        return "Mail Manager's archives"
    return f"the local archive in {shown(settings.local)}"


def _say(sentence: str) -> None:
    """To a person: stdout belongs to the protocol."""
    print(sentence, file=sys.stderr, flush=True)


def _quieten() -> None:
    import logging

    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    # It repeats what a stranger sent.
    logging.getLogger("mcp.server.transport_security").addFilter(escaped)
    # These write links at INFO already.
    for name in ("botocore", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
