"""How far an import is, for whoever watches."""

import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from mail_archive_server.terminal import number_of

if TYPE_CHECKING:
    from tqdm import tqdm

    from mail_archive_local import ImportTally

PLAIN_LINE_SECONDS = 5.0
"""How often progress is said where there is no terminal."""


class Reporter:
    """Progress: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._update: Callable[[ImportTally], None] = self._line
        self._last_line = 0.0
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> "Callable[[ImportTally], None]":
        if sys.stderr.isatty():
            from tqdm import tqdm

            size = shutil.get_terminal_size()
            self._bar = tqdm(
                total=self._total or None,
                unit="B",
                unit_scale=True,
                desc="Importing",
                file=sys.stderr,
                # tqdm shows nothing on a terminal that does not say its size.
                ncols=size.columns,
                nrows=size.lines,
            )
            self._update = self._advance
        return self._update

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._bar is None:
            return

        if kind is None and self._total:
            # What was skipped unread counts as done.
            self._bar.update(self._total - self._bar.n)
        self._bar.close()

    def _advance(self, tally: "ImportTally") -> None:
        assert self._bar is not None
        read = tally.bytes_read
        if self._total:
            # A file may have grown since it was counted.
            read = min(read, self._total)
        self._bar.update(read - self._bar.n)

    def _line(self, tally: "ImportTally") -> None:
        import time

        now = time.monotonic()
        if not self._last_line:
            self._last_line = now
        if now - self._last_line < PLAIN_LINE_SECONDS:
            return

        self._last_line = now
        share = ""
        # How much there is in S3 is not known before all of it is listed.
        if self._total:
            share = f"{min(tally.bytes_read / self._total, 1):.0%}: "
        print(f"{share}{number_of(tally.seen, 'message')}", file=sys.stderr, flush=True)
