"""One worker process, as the server holds it: started without the server's environment, ended when it is late."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from typing import IO, Any

from mail_archive_tools.sandbox.frames import BadFrame, read_frame, write_frame
from mail_archive_tools.sandbox.watch import WATCH

ANSWER_BYTES = 60_000_000
"""The largest answer that is taken: twice the text that is read of one message, in three bytes for a character."""

START_SECONDS = 30.0
_END_SECONDS = 2.0
_PASSED_ON = ("SYSTEMROOT", "LANG", "LC_ALL", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH")


class NotRead(Exception):
    """The bytes could not be read; the text goes on from what they are: "... took longer than 10 s to read". `late`:
    that was why, so that another try would be as long."""

    def __init__(self, why: str, *, late: bool = False) -> None:
        super().__init__(why)
        self.late = late


class Worker:
    """A process that does one job at a time. Its methods block, and are for one thread at a time."""

    def __init__(self, module: str, seconds: float) -> None:
        """Start it, for the jobs of that module, each of which may take so many seconds. It is ready at its first
        answer."""
        self.jobs_done = 0
        self._seconds = seconds
        self._missing: dict[str, str] | None = None
        self._late = False
        # Isolated from the caller's variables and folder, but finding what this process finds.
        path = [each for each in sys.path if each]
        code = (
            f"import sys; sys.path[:] = {path!r}; from mail_archive_tools.sandbox.worker import main; "
            f"main({module!r}, {seconds!r})"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Of what it says nothing is shown: it may quote the mail.
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            close_fds=True,
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def missing_protections(self) -> dict[str, str]:
        """What the system could not take away from it, and why.

        Raises:
            NotRead: it did not start.
        """
        if self._missing is None:
            try:
                answer = self._answer(START_SECONDS)
            except NotRead as error:
                raise NotRead("cannot be read: the program that reads mail does not start", late=error.late) from None
            self._missing = {str(name): str(why) for name, why in answer["missing"].items()}
        return self._missing

    def do(self, job: str, arguments: dict[str, Any], data: bytes) -> Any:
        """What the job makes of the bytes. Blocks for up to the seconds of a job.

        Raises:
            NotRead: it took too long, or broke, or gave too much; the process has ended then.
        """
        self.missing_protections()
        self.jobs_done += 1
        answer = self._answer(self._seconds, {"job": job, "arguments": arguments}, data)
        if "result" in answer:
            return answer["result"]
        self.end()
        raise NotRead(f"broke the program that reads it ({str(answer.get('broke'))[:40]})")

    def end(self) -> None:
        """End it, at once."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe)
        # One that hangs in the kernel ends when it can.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)

    def _answer(self, seconds: float, request: dict[str, Any] | None = None, data: bytes = b"") -> dict[str, Any]:
        """Its next answer, to a request where there is one. It is ended when that takes longer, so that neither pipe
        can keep us waiting."""
        self._late = False
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        try:
            with WATCH.on(seconds, self._end_late):
                if request is not None:
                    write_frame(process.stdin, request, data)
                answer, _ = read_frame(process.stdout, ANSWER_BYTES)
        except (BadFrame, OSError) as error:
            self.end()
            if self._late:
                raise NotRead(f"took longer than {seconds:g} s to read, so it was given up", late=True) from None
            if str(error) == "too large":
                raise NotRead("gave more than an answer may hold") from None
            raise NotRead("needs more memory or time than its limits, or breaks the program that reads it") from None
        if not isinstance(answer, dict):
            self.end()
            raise NotRead("broke the program that reads it")
        return answer

    def _end_late(self) -> None:
        self._late = True
        self._process.kill()


def _close(pipe: IO[bytes]) -> None:
    # What was still to be written has no reader any more.
    with suppress(OSError):
        pipe.close()
