"""The terminal that started the server: a person sees it, and a model that speaks to the server does not."""

import locale
import os
import select
import time

from mail_archive_server.terminal import shown
from mail_archive_tools import system

SECONDS = 5.0
"""How long a terminal may hold up what is written to it, as one does that was stopped with Ctrl-S."""

NO_CONSOLE = (
    "--consent code shows its codes on the terminal that starts the server, and there is none here: it was started by "
    "a program. Start it at a terminal, for instance with --transport http; or leave --consent out, and the client "
    "asks."
)

_PATH = "CONOUT$" if system.IS_WINDOWS else "/dev/tty"


class Console:
    """The controlling terminal of this process, open for as long as it lasts. It is no standard stream: those belong to
    the host, which shows them to the model or keeps them in a file."""

    def __init__(self) -> None:
        """
        Raises:
            OSError: there is none.
        """
        flags = os.O_WRONLY | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_NONBLOCK", 0)
        self._descriptor = os.open(_PATH, flags)

    async def show(self, text: str) -> bool:
        """Write lines to it. False: it takes them no longer, since it was closed or stopped."""
        from anyio import to_thread

        return await to_thread.run_sync(self._write, text, abandon_on_cancel=True)

    def _write(self, text: str) -> bool:
        lines = "".join(f"{shown(line)}\r\n" for line in ["", *text.split("\n"), ""])
        left = lines.encode(locale.getpreferredencoding(do_setlocale=False), "backslashreplace")
        until = time.monotonic() + SECONDS
        try:
            while left:
                try:
                    left = left[os.write(self._descriptor, left) :]
                except BlockingIOError:
                    select.select([], [self._descriptor], [], max(until - time.monotonic(), 0))
                    if time.monotonic() >= until:
                        return False
        except OSError:
            return False
        return True
