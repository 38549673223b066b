"""seccomp: this process gives up system calls for good: those that make processes, sockets and signals (seccomp(2)).

Landlock leaves UDP and new processes. The one Python library for libseccomp is not kept, and needs that library on the
machine; the filter is a list of comparisons, so it is made here. A call that is on the list fails with EPERM.
"""

import ctypes
import errno
import os
import platform
import struct

from mail_archive_tools import system

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_AT_NUMBER, _AT_ARCHITECTURE = 0, 4
_X32_CALLS = 0x40000000
"""On x86-64, numbers from here on are the same calls under another name."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_REFUSED = {
    "x86_64": {
        "shmget": 29, "shmat": 30, "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "sendmsg": 46, "bind": 49,
        "listen": 50, "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "semget": 64,
        "msgget": 68, "ptrace": 101, "setpgid": 109, "setsid": 112, "rt_sigqueueinfo": 129, "setpriority": 141,
        "sched_setparam": 142, "sched_setscheduler": 144, "pivot_root": 155, "prctl": 157, "chroot": 161,
        "mount": 165, "umount2": 166, "tkill": 200, "sched_setaffinity": 203, "tgkill": 234, "mq_open": 240,
        "add_key": 248, "request_key": 249, "keyctl": 250, "ioprio_set": 251, "migrate_pages": 256, "unshare": 272,
        "move_pages": 279, "accept4": 288, "rt_tgsigqueueinfo": 297, "perf_event_open": 298, "prlimit64": 302,
        "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
        "sched_setattr": 314, "bpf": 321, "execveat": 322, "userfaultfd": 323,
    },
    "aarch64": {
        "ioprio_set": 30, "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "unshare": 97, "ptrace": 117,
        "sched_setparam": 118, "sched_setscheduler": 119, "sched_setaffinity": 122, "kill": 129, "tkill": 130,
        "tgkill": 131, "rt_sigqueueinfo": 138, "setpriority": 140, "setpgid": 154, "setsid": 157, "prctl": 167,
        "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194, "shmat": 196, "socket": 198, "socketpair": 199,
        "bind": 200, "listen": 201, "accept": 202, "connect": 203, "sendto": 206, "sendmsg": 211, "add_key": 217,
        "request_key": 218, "keyctl": 219, "clone": 220, "execve": 221, "migrate_pages": 238, "move_pages": 239,
        "rt_tgsigqueueinfo": 240, "perf_event_open": 241, "accept4": 242, "prlimit64": 261, "open_by_handle_at": 265,
        "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "sched_setattr": 274,
        "bpf": 280, "execveat": 281, "userfaultfd": 282,
    },
}  # fmt: skip
_REFUSED_EVERYWHERE = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsmount": 432, "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438,
    "process_madvise": 440, "mount_setattr": 442,
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def is_known() -> bool:
    """Whether the calls of this machine are known here."""
    return system.CAN_CONFINE and platform.machine() in _ARCHITECTURES and ctypes.sizeof(ctypes.c_void_p) == 8


def give_up_privileges() -> None:
    """No program that this process starts has more rights than it. Landlock and seccomp ask for it.

    Raises:
        OSError: the kernel refuses.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0)


def restrict() -> None:
    """Leave this process, for good, no call that makes a process, a socket or a signal to another.

    Raises:
        OSError: the kernel refuses.
    """
    program = _filter(platform.machine())
    filled = _Program(len(program) // 8, program)
    _prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(filled))


def _filter(machine: str) -> bytes:
    """The filter as the kernel runs it: eight bytes for a step, jumps counted from the step behind."""
    numbers = sorted({**_REFUSED[machine], **_REFUSED_EVERYWHERE}.values())
    steps = [(_LOAD, 0, 0, _AT_ARCHITECTURE), (_IF_EQUAL, 1, 0, _ARCHITECTURES[machine]), (_RETURN, 0, 0, _KILL)]
    steps.append((_LOAD, 0, 0, _AT_NUMBER))
    steps.append((_IF_AT_LEAST, len(numbers) + 1, 0, _X32_CALLS))
    steps += [(_IF_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _FAIL)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _prctl(option: int, one: int, other: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(one), ctypes.c_ulong(other), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
