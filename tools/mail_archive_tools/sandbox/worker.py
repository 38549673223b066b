"""A worker: the process that reads what strangers wrote. One job after the other, until the server goes away.

It is started with what it may read imported already, so that it needs nothing that it then gives up. Where a system can
fork, a template imports it once, never sees a mail, and each worker is a copy of it: that takes a tenth of the time.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys
import zoneinfo
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import ModuleType
from typing import IO, Any, BinaryIO

from mail_archive_tools import system
from mail_archive_tools.sandbox.bounds import Bounds
from mail_archive_tools.sandbox.confinement import OTHER_CALLS, confine, readable_folders
from mail_archive_tools.sandbox.frames import BadFrame, read_frame, write_frame
from mail_archive_tools.sandbox.limits import allow_cpu

Job = Callable[..., Any]
"""Makes JSON of bytes: `job(data, **arguments)`."""

REQUEST_BYTES = 50_000_000
"""The largest message, and what is said about it."""

ORDER = struct.Struct(">cQ?")
"""What a template is told: START or END, which worker, and whether it is left only the calls that it needs."""
_OF_REQUESTS = Bounds(items=REQUEST_BYTES)
"""The server is believed."""
START, END = b"S", b"E"

_PR_SET_PDEATHSIG = 1
_QUIET_MILLISECONDS = 50
"""After so long without an order there is little to do."""


def main(module: str, cpu_seconds: float, only_what_is_needed: bool) -> None:
    """Do the jobs that `module` names in `JOBS`, until the input ends; what it names in `FOLDERS` they can read, and
    `SAMPLE` tries whether they work."""
    requests, answers = _only_for_us()
    work = _imported(module)
    _do_jobs(work, requests, answers, cpu_seconds, only_what_is_needed)


def be_template(module: str, cpu_seconds: float) -> None:
    """Start workers and end them, as the server on the other side of the input orders, until it goes away."""
    control = socket.socket(fileno=os.dup(0))
    _leave_standard_streams()
    work = _imported(module)
    # What is made once when something is first read is in all workers then.
    getattr(work, "WARM_UP", _nothing)()
    if system.CAN_CONFINE:
        readable_folders()
    _settle()
    _follow_orders(control, work, cpu_seconds)


def _follow_orders(control: socket.socket, work: ModuleType, cpu_seconds: float) -> None:
    started: dict[int, int] = {}
    later = list(getattr(work, "LATER", ()))
    while True:
        # Not while a batch is read, for which every core is wanted: where one reads, there is another that is ready.
        if later and len(started) in (1, 2) and not _is_waiting(control):
            _load(later.pop(0))
            continue
        order, descriptors, _, _ = socket.recv_fds(control, ORDER.size, 1)
        if len(order) < ORDER.size:
            break
        what, number, only_what_is_needed = ORDER.unpack(order)
        if what == END:
            _end(started.pop(number, None))
            continue

        template = os.getpid()
        pid = os.fork()
        if pid == 0:
            control.close()
            _be_worker(template, work, descriptors[0], cpu_seconds, only_what_is_needed)
        os.close(descriptors[0])
        started[number] = pid

    for pid in started.values():
        _end(pid)


def _is_waiting(control: socket.socket) -> bool:
    orders = select.poll()
    orders.register(control, select.POLLIN)
    return bool(orders.poll(_QUIET_MILLISECONDS))


def _load(module: str) -> None:
    """Load what only some mail takes, where it is installed."""
    with suppress(ImportError):
        importlib.import_module(module)
    _settle()


def _settle() -> None:
    """Keep what is here out of the collector's sight: what it looks at would be copied for each worker."""
    gc.collect()
    gc.freeze()


def _end(pid: int | None) -> None:
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _be_worker(template: int, work: ModuleType, descriptor: int, cpu_seconds: float, only_what_is_needed: bool) -> None:
    """The life of a copy. It does not return."""
    try:
        _die_with(template)
        with os.fdopen(descriptor, "rb") as requests, os.fdopen(os.dup(descriptor), "wb") as answers:
            _do_jobs(work, requests, answers, cpu_seconds, only_what_is_needed)
    finally:
        os._exit(0)


def _die_with(template: int) -> None:
    """Have the system end this process when its template ends, where it can."""
    if not system.CAN_CONFINE:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    if os.getppid() != template:
        os._exit(0)


def _imported(module: str) -> ModuleType:
    sys.dont_write_bytecode = True
    # Time zones are read from the package of them, since the system's are out of reach.
    zoneinfo.reset_tzpath(())
    return importlib.import_module(module)


def _do_jobs(
    work: ModuleType, requests: IO[bytes], answers: IO[bytes], cpu_seconds: float, only_what_is_needed: bool
) -> None:
    """Every answer is {"result": ..., "last": whether no more is to be asked}, or {"broke": the kind of exception},
    after which the process ends, since what it holds can no longer be relied on. The first one says how it stands with
    its protections."""
    jobs: Mapping[str, Job] = work.JOBS
    is_spent: Callable[[], bool] = getattr(work, "IS_SPENT", _never)
    allow_cpu(cpu_seconds)
    write_frame(answers, _introduction(work, only_what_is_needed))
    while True:
        try:
            request, data = read_frame(requests, REQUEST_BYTES, _OF_REQUESTS)
        except BadFrame:
            return
        allow_cpu(cpu_seconds)
        try:
            result = jobs[request["job"]](data, **request["arguments"])
        except BaseException as error:  # noqa: BLE001 - whatever a parser raises, MemoryError included
            write_frame(answers, {"broke": type(error).__name__})
            return
        write_frame(answers, {"result": result, "last": is_spent()})


def _introduction(work: ModuleType, only_what_is_needed: bool) -> dict[str, Any]:
    """What could not be taken away; and in "fails" why this worker is not to be used, where that is so."""
    missing = confine(getattr(work, "FOLDERS", ()), only_what_is_needed=only_what_is_needed)
    fails = missing.get(OTHER_CALLS, "") if system.CAN_CONFINE and only_what_is_needed else ""
    try:
        getattr(work, "SAMPLE", _nothing)()
    except BaseException as error:  # noqa: BLE001 - whatever it is that a call is missed for
        fails = f"a sample could not be read with the calls that are left ({type(error).__name__})"
    return {"missing": missing, "fails": fails}


def _nothing() -> None:
    """Where jobs have no sample, there is none to try; nor is there anything to make before."""


def _never() -> bool:
    return False


def _only_for_us() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the server, out of the way of what a parser prints or reads."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _leave_standard_streams()
    return requests, answers


def _leave_standard_streams() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    with suppress(OSError):
        os.close(nowhere)
