"""One worker, as the server speaks with it: asked one thing at a time, believed little, ended when it is late."""

from __future__ import annotations

import builtins
from typing import Any

from mail_archive_tools.sandbox.bounds import Bounds
from mail_archive_tools.sandbox.confinement import PROTECTIONS
from mail_archive_tools.sandbox.frames import BadFrame, TooLarge, read_frame, write_frame
from mail_archive_tools.sandbox.starting.running import Running
from mail_archive_tools.sandbox.watch import WATCH
from mail_archive_tools.untrusted import clean_line, shorten

START_SECONDS = 30.0
_INTRODUCTION = Bounds(size=10_000, depth=3, items=50)
_WHY_BYTES = 400


class NotRead(Exception):
    """The bytes could not be read; the text goes on from what they are: "... took longer than 10 s to read". `late`:
    that was why, so that another try would be as long."""

    def __init__(self, why: str, *, late: bool = False) -> None:
        super().__init__(why)
        self.late = late


class Worker:
    """A process that does one job at a time. Its methods block, and are for one thread at a time."""

    def __init__(self, running: Running, seconds: float) -> None:
        """Each job may take so many seconds. It is ready at its first answer."""
        self.jobs_done = 0
        self._seconds = seconds
        self._running = running
        self._introduction: dict[str, Any] | None = None
        self._late = False

    @property
    def is_alive(self) -> bool:
        return self._running.is_alive

    @property
    def fails(self) -> str:
        """Why it is not to be used, where it says so of itself. Blocks until it has started.

        Raises:
            NotRead: it did not start.
        """
        return _said(self._introduced().get("fails", ""))

    def missing_protections(self) -> dict[str, str]:
        """What the system could not take away from it, and why.

        Raises:
            NotRead: it did not start.
        """
        missing = self._introduced().get("missing")
        if not isinstance(missing, dict):
            raise NotRead("cannot be read: the program that reads mail does not start")
        return {name: _said(missing[name]) for name in PROTECTIONS if name in missing}

    def do(self, job: str, arguments: dict[str, Any], data: bytes, bounds: Bounds) -> Any:
        """What the job makes of the bytes, within these bounds. Blocks for up to the seconds of a job.

        Raises:
            NotRead: it took too long, or broke, or gave too much; the process has ended then.
        """
        self._introduced()

        self.jobs_done += 1
        answer = self._answer(self._seconds, bounds, {"job": job, "arguments": arguments}, data)
        if "result" not in answer:
            self.end()
            raise NotRead(f"broke the program that reads it ({_kind_of_error(answer.get('broke'))})")

        if answer.get("last"):
            self.end()
        return answer["result"]

    def end(self) -> None:
        """End it, at once."""
        self._running.end()

    def _introduced(self) -> dict[str, Any]:
        """What it said of itself before it saw the first byte."""
        if self._introduction is not None:
            return self._introduction

        try:
            self._introduction = self._answer(START_SECONDS, _INTRODUCTION)
        except NotRead as error:
            raise NotRead("cannot be read: the program that reads mail does not start", late=error.late) from None
        return self._introduction

    def _answer(
        self, seconds: float, bounds: Bounds, request: dict[str, Any] | None = None, data: bytes = b""
    ) -> dict[str, Any]:
        """Its next answer, to a request where there is one. The process is ended when that takes longer than so many
        seconds, be it to read the request or to answer: neither stream can keep us waiting."""
        self._late = False
        try:
            with WATCH.on(seconds, self._end_late):
                if request is not None:
                    write_frame(self._running.requests, request, data)
                answer, _ = read_frame(self._running.answers, 0, bounds)
        except (BadFrame, OSError, ValueError) as error:
            self.end()
            if self._late:
                raise NotRead(f"took longer than {seconds:g} s to read, so it was given up", late=True) from None
            if isinstance(error, TooLarge):
                raise NotRead("gave more than an answer may hold") from None
            raise NotRead("needs more memory or time than its limits, or breaks the program that reads it") from None

        if not isinstance(answer, dict):
            self.end()
            raise NotRead("broke the program that reads it")
        return answer

    def _end_late(self) -> None:
        self._late = True
        self._running.hang_up()


def _said(why: object) -> str:
    return shorten(clean_line(str(why)), _WHY_BYTES)


def _kind_of_error(name: object) -> str:
    """The name of an exception, where it is one of Python's own: any other is whatever a worker chose to say, and this
    stands outside of what is marked as a mail's."""
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    if isinstance(kind, type) and issubclass(kind, BaseException):
        return kind.__name__
    return "an error of its own"
