"""A process that was started, what starts them, and how."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO, Protocol

_PASSED_ON = ("SYSTEMROOT", "LANG", "LC_ALL", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH")


class Running(Protocol):
    """A process that was started, and the two streams to it."""

    requests: IO[bytes]
    answers: IO[bytes]

    @property
    def has_ended(self) -> bool:
        """Whether it is gone, whatever it said before."""

    @property
    def is_alive(self) -> bool:
        """Whether it waits for a request. What ended does not, nor what speaks without being asked."""

    def hang_up(self) -> None:
        """Have whoever waits for one of its streams go on, from whichever thread; it is ended."""

    def end(self) -> None:
        """End it, at once."""


class Starter(Protocol):
    def start(self, only_what_is_needed: bool) -> Running:
        """A worker.

        Raises:
            OSError: none can be started.
        """

    def close(self) -> None:
        """End what was started to start others."""


def python(call: str, *, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    """A Python that does this of `worker`: isolated from the caller's variables and folder, but finding what this
    process finds."""
    path = [each for each in sys.path if each]
    code = f"import sys; sys.path[:] = {path!r}; from mail_archive_tools.sandbox import worker; worker.{call}"
    return subprocess.Popen(
        [sys.executable, "-I", "-c", code],
        stdin=stdin,
        stdout=stdout,
        # Of what it says nothing is shown: it may quote the mail.
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        close_fds=True,
    )
