"""`health`: whether the server answers, for what watches over containers. Loads nothing of the SDK."""

import argparse

from mail_archive_server.settings import SETTINGS, Settings, add_flags, read_settings
from mail_archive_server.terminal import CommandError
from mail_archive_server.transport import HEALTH_PATH

HELP = "ask the server of these settings whether it answers; ends with 1 where it does not"

_SECONDS = 3.0
_FLAGS = ("transport", "host", "port", "socket")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_flags(parser, tuple(setting for setting in SETTINGS if setting.name in _FLAGS))


def run(arguments: argparse.Namespace) -> None:
    settings = read_settings({name: getattr(arguments, name) for name in _FLAGS})
    if settings.transport != "http":
        # Over stdio there is nobody to ask but the host, which notices by itself.
        print("The server speaks over stdio: its host sees whether it answers.")
        return
    _ask(settings)
    print("The server answers.")


def _ask(settings: Settings) -> None:
    """
    Raises:
        CommandError: there is no answer, or not that of a healthy server.
    """
    import httpx

    # What listens on all addresses listens on this one as well.
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(settings.host, settings.host)
    transport = None
    if settings.socket is not None:
        transport = httpx.HTTPTransport(uds=str(settings.socket))
    try:
        with httpx.Client(transport=transport, timeout=_SECONDS, trust_env=False) as client:
            client.get(f"http://{host}:{settings.port}{HEALTH_PATH}").raise_for_status()
    except httpx.HTTPError as error:
        raise CommandError(f"The server does not answer at port {settings.port}: {error}") from None
