"""What is listened on: a loopback port, or a Unix socket that only its user can open; and as whom it is asked."""

import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mcp.server.transport_security import TransportSecuritySettings

from mail_archive_server.settings import Settings
from mail_archive_server.stopping import BY_SIGNAL, end_soon
from mail_archive_server.terminal import CommandError, shown
from mail_archive_tools import system

if TYPE_CHECKING:
    import uvicorn


def only_this_machine() -> TransportSecuritySettings:
    """Names of this machine, with a port or without, as a client of a socket sends them: a page in a browser whose
    name was made to lead here sends its own."""
    names = ("127.0.0.1", "localhost", "[::1]")
    return TransportSecuritySettings(
        allowed_hosts=[each for name in names for each in (name, f"{name}:*")],
        allowed_origins=[f"http://{name}:*" for name in names],
    )


def callers_of(settings: Settings) -> TransportSecuritySettings:
    """As whom the server may be asked. Where other machines reach it, it goes by names that it does not know, and the
    token, which no page in a browser has, is what keeps strangers out."""
    if settings.is_loopback or settings.socket is not None:
        callers = only_this_machine()
        if settings.resource_url is not None:
            # A proxy on this machine may hand on the name that it is asked by.
            callers.allowed_hosts.append(urlsplit(settings.resource_url).netloc)
        return callers
    return TransportSecuritySettings(enable_dns_rebinding_protection=False)


def listen(settings: Settings) -> tuple[socket.socket, str]:
    """What to listen on, and how to say it."""
    if settings.socket is not None:
        return _listen_on_socket(settings.socket), f"{shown(settings.socket)} (a Unix socket), path "

    family, host = socket.AF_INET, settings.host
    if ":" in settings.host:
        # In a URL, an address of IPv6 stands in brackets (RFC 3986, 3.2.2).
        family, host = socket.AF_INET6, f"[{settings.host}]"
    try:
        listening = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise CommandError(
            f"Port {settings.port} of {settings.host} cannot be listened on ({error.strerror}). "
            "Name another one with --port."
        ) from error
    return listening, f"http://{host}:{listening.getsockname()[1]}"


def _listen_on_socket(path: Path) -> socket.socket:
    """A Unix socket that only this user can open. One that a server left behind is replaced."""
    if not system.HAS_UNIX_SOCKETS:
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
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def ending_in_time(server: "uvicorn.Server", leave: Callable[[], None]) -> "uvicorn.Server":
    """The server, which ends soon after it was told to, whatever hangs."""
    handled = server.handle_exit

    def handle_exit(number: int, frame: FrameType | None) -> None:
        if not server.should_exit:
            end_soon(leave, BY_SIGNAL + number)
        handled(number, frame)

    server.handle_exit = handle_exit  # type: ignore[method-assign,assignment]  # by which uvicorn hears of signals
    return server
