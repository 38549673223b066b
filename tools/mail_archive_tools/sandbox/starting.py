"""How workers are started and ended: as copies of a template that has loaded everything, or each by itself where a
system cannot copy a process."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from itertools import count
from typing import IO, Protocol

from mail_archive_tools import system
from mail_archive_tools.sandbox.worker import END, ORDER, START

_END_SECONDS = 2.0
_ORDER_SECONDS = 5.0
_PASSED_ON = ("SYSTEMROOT", "LANG", "LC_ALL", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH")


class Running(Protocol):
    """A process that was started, and the two streams to it."""

    requests: IO[bytes]
    answers: IO[bytes]

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


def starter(module: str, seconds: float) -> Starter:
    """What starts workers for the jobs of that module, each of which may take so many seconds. Nothing is started
    yet."""
    return _Share(module, seconds) if system.CAN_FORK else OneByOne(module, seconds)


class _Share:
    """A part in the template of all sandboxes with the same jobs: it has seen no mail, so that one will do. The last of
    them ends it."""

    def __init__(self, module: str, seconds: float) -> None:
        self._key = (module, seconds)
        self._template: Template | None = None

    def start(self, only_what_is_needed: bool) -> Running:
        with _sharing:
            if self._template is None:
                self._template = _templates.setdefault(self._key, Template(*self._key))
                self._template.users += 1
            template = self._template
        return template.start(only_what_is_needed)

    def close(self) -> None:
        with _sharing:
            template, self._template = self._template, None
            if template is None:
                return
            template.users -= 1
            if template.users:
                return
            del _templates[self._key]
        template.close()


_templates: dict[tuple[str, float], Template] = {}
# What was forgotten is closed by whichever thread collects it, one that holds a lock too.
_sharing = threading.RLock()


class Template:
    """A process that has loaded what workers need and that sees no mail: workers are copies of it."""

    def __init__(self, module: str, seconds: float) -> None:
        self._call = f"be_template({module!r}, {seconds!r})"
        self.users = 0
        """How many sandboxes have a part in it."""
        self._guard = threading.RLock()
        self._numbers = count()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self, only_what_is_needed: bool) -> Running:
        ours, theirs = socket.socketpair()
        with theirs:
            number = next(self._numbers)
            order = ORDER.pack(START, number, only_what_is_needed)
            try:
                with self._guard:
                    self._order(order, theirs)
            except OSError:
                ours.close()
                raise
        return _Copy(self, number, ours)

    def end(self, number: int) -> None:
        """End one of its workers."""
        with self._guard, suppress(OSError):
            if self._control is not None:
                self._control.sendall(ORDER.pack(END, number, False))

    def close(self) -> None:
        with self._guard:
            self._close()

    def _order(self, order: bytes, descriptor: socket.socket) -> None:
        if self._control is not None:
            try:
                socket.send_fds(self._control, [order], [descriptor.fileno()])
                return
            except OSError:
                # It has ended, whoever ended it: the next one begins anew.
                self._close()
        socket.send_fds(self._begin(), [order], [descriptor.fileno()])

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = _python(self._call, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        # It only ever copies itself, so that it answers at once; should it not, nobody waits for ever.
        ours.settimeout(_ORDER_SECONDS)
        self._control = ours
        return ours

    def _close(self) -> None:
        if self._control is not None:
            # It ends its workers, and then itself.
            self._control.close()
            self._control = None
        if self._process is None:
            return
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        self._process = None


class _Copy:
    """A copy of the template. It is the template's child, which ends it when it is told to."""

    def __init__(self, template: Template, number: int, stream: socket.socket) -> None:
        self._template = template
        self._number = number
        self._stream = stream
        self.requests: IO[bytes] = stream.makefile("wb")
        self.answers: IO[bytes] = stream.makefile("rb")
        self._has_ended = False

    @property
    def is_alive(self) -> bool:
        if self._has_ended:
            return False
        events = select.poll()
        events.register(self._stream, select.POLLIN)
        return not events.poll(0)

    def hang_up(self) -> None:
        # First, since this does not wait for anybody: a process that hangs in the kernel ends when it can.
        with suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        self._template.end(self._number)

    def end(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self.hang_up()
        for each in (self.requests, self.answers, self._stream):
            # What was still to be written has no reader any more.
            with suppress(OSError):
                each.close()


class OneByOne:
    """Starts a Python for each worker."""

    def __init__(self, module: str, seconds: float) -> None:
        self._module = module
        self._seconds = seconds

    def start(self, only_what_is_needed: bool) -> Running:
        call = f"main({self._module!r}, {self._seconds!r}, {only_what_is_needed!r})"
        return _Process(_python(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

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
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def hang_up(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self._process.kill()
        for pipe in (self.requests, self.answers):
            with suppress(OSError):
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)


def _python(call: str, *, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
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
