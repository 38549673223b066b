"""A worker: the process that reads what strangers wrote. One job after the other, until the server goes away.

It is started with what it may read imported already, so that it needs nothing that it then gives up.
"""

from __future__ import annotations

import importlib
import os
import sys
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from mail_archive_tools.sandbox.confinement import confine
from mail_archive_tools.sandbox.frames import BadFrame, read_frame, write_frame
from mail_archive_tools.sandbox.limits import allow_cpu

Job = Callable[..., Any]
"""Makes JSON of bytes: `job(data, **arguments)`."""

REQUEST_BYTES = 50_000_000
"""The largest message, and what is said about it."""


def main(module: str, cpu_seconds: float) -> None:
    """Do the jobs that `module` names in `JOBS`, until the input ends; what it names in `FOLDERS` they can read. Every
    answer is {"result": ...}, or {"broke": the kind of exception}, after which the process ends, since what it holds
    can no longer be relied on."""
    requests, answers = _only_for_us()
    sys.dont_write_bytecode = True
    # Time zones are read from the package of them, since the system's are out of reach.
    zoneinfo.reset_tzpath(())
    work = importlib.import_module(module)
    jobs: Mapping[str, Job] = work.JOBS
    write_frame(answers, {"missing": confine(getattr(work, "FOLDERS", ()))})
    while True:
        try:
            request, data = read_frame(requests, REQUEST_BYTES)
        except BadFrame:
            return
        allow_cpu(cpu_seconds)
        try:
            result = jobs[request["job"]](data, **request["arguments"])
        except BaseException as error:  # noqa: BLE001 - whatever a parser raises, MemoryError included
            write_frame(answers, {"broke": type(error).__name__})
            return
        write_frame(answers, {"result": result})


def _only_for_us() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the server, out of the way of what a parser prints or reads."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return requests, answers
