"""What a process can still do, found by trying: whatever a kernel says that it has, what counts is what it refuses.

Nothing here does harm where it is not refused: calls are made with arguments that mean nothing, and signals with none.
"""

import ctypes
import errno
import mmap
import os
import platform
import socket
from contextlib import suppress

from mail_archive_tools.sandbox import system_calls
from mail_archive_tools.sandbox.limits import MEMORY_BYTES

_NOTHING = ctypes.c_long(-1)
"""As a pointer, a descriptor, a length, flags or a signal: none that there is."""
_REFUSALS = (errno.ENOSYS, errno.EPERM, errno.EACCES)
_DISCARD_PORT = 9

# Neither would come back: a new process, and one without an end.
_NOT_TRIED = ("fork", "vfork")


def opens_files() -> bool:
    """Whether a folder can be listed that has nothing that reading takes."""
    try:
        os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))
    except OSError:
        return False
    return True


def makes_sockets() -> bool:
    return not _is_refused("socket")


def connects_by_tcp() -> bool:
    """Whether a connection within this machine is tried, to a port where nobody is."""
    with suppress(PermissionError), socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", _DISCARD_PORT)) not in _REFUSALS
    return False


def makes_processes() -> bool:
    return not (_is_refused("clone") and _is_refused("execve"))


def sends_signals() -> bool:
    """Whether the process that started this one can be reached, by a signal or by what a file sends."""
    with suppress(OSError):
        os.kill(os.getppid(), 0)
        return True
    return not makes_sockets() and has_fcntl_signals()


def has_fcntl_signals() -> bool:
    """Whether a file can be made to send signals. It is tried with a descriptor that there is none of."""
    fcntl = system_calls.FCNTL[platform.machine()]
    return any(_error_of(fcntl, command) not in _REFUSALS for command in system_calls.FCNTL_REFUSED.values())


def fills_memory() -> bool:
    """Whether memory that is shared can be had beyond the limit; nothing of it is touched."""
    try:
        mmap.mmap(-1, 2 * MEMORY_BYTES).close()
    except (OSError, MemoryError):
        return False
    return True


def calls_beyond_the_list() -> list[str]:
    """System calls that answer although a worker needs none of them."""
    answering = []
    fcntl = system_calls.FCNTL[platform.machine()]
    for name, command in system_calls.FCNTL_REFUSED.items():
        if _error_of(fcntl, command) != errno.ENOSYS:
            answering.append(f"fcntl {name}")

    for name, number in system_calls.refused(platform.machine()).items():
        if name in _NOT_TRIED:
            continue
        if _error_of(number) != errno.ENOSYS:
            answering.append(name)
    return answering


def _is_refused(name: str) -> bool:
    return _error_of(system_calls.REFUSED[platform.machine()][name]) in _REFUSALS


def _error_of(number: int, second: int | None = None) -> int:
    """What a call with arguments that mean nothing comes to; 0: it was done."""
    arguments = [_NOTHING] * 6
    if second is not None:
        arguments[1] = ctypes.c_long(second)

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(number), *arguments) >= 0:
        return 0
    return ctypes.get_errno()
