"""How far an indexer is, for whoever watches."""

import sys
import time

from mail_archive_server.terminal import number_of
from mail_archive_tools.indexing.tally import IndexTally

_LINE_SECONDS = 5.0
_TERMINAL_SECONDS = 0.5


class Watch:
    """A line that changes on a terminal, a line now and then elsewhere, on stderr."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._began = time.monotonic()
        self._last = self._began
        self._has_line = False

    def show(self, tally: IndexTally) -> None:
        now = time.monotonic()
        every = _TERMINAL_SECONDS if self._is_terminal else _LINE_SECONDS
        if now - self._last < every:
            return

        self._last = now
        pace = tally.put / max(now - self._began, 1e-9)
        line = f"Indexing: {number_of(tally.put, 'message')}, {pace:,.0f} a second"
        if self._is_terminal:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
            self._has_line = True
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._has_line:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
