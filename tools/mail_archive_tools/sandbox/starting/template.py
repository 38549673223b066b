"""Workers that are copies of a template, which has loaded everything and sees no mail."""

from __future__ import annotations

import select
import socket
import subprocess
import threading
from contextlib import suppress
from itertools import count
from typing import IO

from mail_archive_tools.sandbox.starting.running import Running, python
from mail_archive_tools.sandbox.worker import END, ORDER, START

_END_SECONDS = 2.0
_ORDER_SECONDS = 5.0


class Template:
    """A process that has loaded what workers need and that sees no mail: workers are copies of it."""

    def __init__(self, module: str, seconds: float) -> None:
        self._call = f"be_template({module!r}, {seconds!r})"
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

    @property
    def has_ended(self) -> bool:
        process = self._process
        return process is None or process.poll() is not None

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
            self._process = python(self._call, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
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
        self._was_ended = False

    @property
    def has_ended(self) -> bool:
        if self._was_ended or self._template.has_ended:
            # A copy ends with its template, soon if not yet.
            return True
        # Asked for nothing, poll tells of a hang-up alone: what it said before is still there to be read.
        return bool(self._events(0))

    @property
    def is_alive(self) -> bool:
        return not self._was_ended and not self._events(select.POLLIN)

    def hang_up(self) -> None:
        # First, since this does not wait for anybody: a process that hangs in the kernel ends when it can.
        with suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        self._template.end(self._number)

    def end(self) -> None:
        if self._was_ended:
            return
        self._was_ended = True
        self.hang_up()
        for each in (self.requests, self.answers, self._stream):
            # What was still to be written has no reader any more.
            with suppress(OSError):
                each.close()

    def _events(self, wanted: int) -> list[tuple[int, int]]:
        events = select.poll()
        events.register(self._stream, wanted)
        return events.poll(0)
