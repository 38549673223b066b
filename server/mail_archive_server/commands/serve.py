"""`serve`: the MCP server, over stdio or Streamable HTTP."""

import argparse

from mail_archive_server.commands import CommandError
from mail_archive_server.settings import Settings, add_flags, read_settings

HELP = "serve the archives to an MCP host (the default)"

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

    try:
        access = accessor(settings)
    except StoreError as error:
        raise CommandError(str(error)) from error
    server = build_server(access, settings.log_level)
    _quieten()
    if settings.transport == "http":
        _refuse_taken_port(settings)
        server.run("streamable-http", host=settings.host, port=settings.port)
    else:
        server.run("stdio")


def _quieten() -> None:
    import logging

    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    # These write links at INFO already.
    for name in ("botocore", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _refuse_taken_port(settings: Settings) -> None:
    import socket

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise CommandError(
            f"Port {settings.port} of {settings.host} cannot be listened on ({error.strerror}). "
            "Name another one with --port."
        ) from error
