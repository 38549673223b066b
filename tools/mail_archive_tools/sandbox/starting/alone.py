"""Workers that are started each by itself: a Python for each."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import IO

from mail_archive_tools.sandbox.starting.running import Running, python

_END_SECONDS = 2.0


class OneByOne:
    """Starts a Python for each worker."""

    def __init__(self, module: str, seconds: float) -> None:
        self._module = module
        self._seconds = seconds

    def start(self, only_what_is_needed: bool) -> Running:
        call = f"main({self._module!r}, {self._seconds!r}, {only_what_is_needed!r})"
        return _Process(python(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

    def close(self) -> None:
        """Nothing was started but workers."""


class _Process:
    """A worker that is this process's own child."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        self.requests: IO[bytes] = process.stdin
        self.answers: IO[bytes] = process.stdout

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def is_alive(self) -> bool:
        return not self.has_ended

    def hang_up(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self._process.kill()
        for pipe in (self.requests, self.answers):
            with suppress(OSError):
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
