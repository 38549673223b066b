"""seccomp: this process gives up system calls for good (seccomp(2)).

Landlock leaves UDP, new processes, and what belongs to a file beside its content. The one Python library for libseccomp
is not kept, and needs that library on the machine; the filter is a list of comparisons, so it is made here.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable

from mail_archive_tools import system
from mail_archive_tools.sandbox import system_calls

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_AT_NUMBER, _AT_ARCHITECTURE, _AT_SECOND_ARGUMENT = 0, 4, 24
"""Where these stand in what the filter is given; of an argument, its lower half on a little-endian machine."""
_X32_CALLS = 0x40000000
"""On x86-64, numbers from here on are the same calls under another name."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_Step = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def is_known() -> bool:
    """Whether the calls of this machine are known here."""
    if not system.CAN_CONFINE or platform.machine() not in _ARCHITECTURES:
        return False
    # A program of 32 bits makes other calls on the same machine.
    return ctypes.sizeof(ctypes.c_void_p) == 8


def give_up_privileges() -> None:
    """No program that this process starts has more rights than it. Landlock and seccomp ask for it.

    Raises:
        OSError: the kernel refuses.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0)


def allow_only_what_is_needed() -> None:
    """Leave this process, for good, the calls that reading takes. All others answer ENOSYS, as on a kernel that does
    not have them, which libraries know how to live with.

    Raises:
        OSError: the kernel refuses.
    """
    machine = platform.machine()
    needed = system_calls.ALLOWED[machine].values()
    _install(_filter(machine, needed, system_calls.FCNTL_ALLOWED.values(), _ALLOW, _FAIL | errno.ENOSYS))


def refuse_what_does_harm() -> None:
    """Leave this process, for good, no call that is known to make a process, a socket or a signal to another, or to
    change what belongs to a file: these fail with EPERM. For where it cannot live with less.

    Raises:
        OSError: the kernel refuses.
    """
    machine = platform.machine()
    harmful = system_calls.refused(machine).values()
    _install(_filter(machine, harmful, system_calls.FCNTL_REFUSED.values(), _FAIL | errno.EPERM, _ALLOW))


def _filter(machine: str, numbers: Iterable[int], fcntl_commands: Iterable[int], listed: int, other: int) -> bytes:
    """The filter as the kernel runs it, eight bytes for a step. `listed` is what becomes of the calls and of fcntl's
    commands that are listed, `other` of all others. How far a step jumps is counted from the step behind it."""
    commands = list(fcntl_commands)
    looked_at = list(numbers)

    steps: list[_Step] = [
        # A call of another architecture has other numbers (seccomp(2), "Notes").
        (_LOAD, 0, 0, _AT_ARCHITECTURE),
        (_IF_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _AT_NUMBER),
        (_IF_AT_LEAST, 0, 1, _X32_CALLS),
        (_RETURN, 0, 0, _FAIL | errno.ENOSYS),
        # Unless it is fcntl, go on behind what looks at its command.
        (_IF_EQUAL, 0, len(commands) + 3, system_calls.FCNTL[machine]),
        (_LOAD, 0, 0, _AT_SECOND_ARGUMENT),
        *_answers(commands, listed, other),
        *_answers(looked_at, listed, other),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _answers(values: list[int], listed: int, other: int) -> list[_Step]:
    """What becomes of a value that was loaded: one thing where it is among these, the other where it is not."""
    compared: list[_Step] = [(_IF_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [*compared, (_RETURN, 0, 0, other), (_RETURN, 0, 0, listed)]


def _install(program: bytes) -> None:
    filled = _Program(len(program) // 8, program)
    _prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(filled))


def _prctl(option: int, one: int, other: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    # As the kernel takes them: ctypes would pass half of each.
    arguments = [ctypes.c_ulong(each) for each in (one, other, 0, 0)]
    if libc.prctl(option, *arguments):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
