"""Landlock: this process gives up files, TCP and signals for good (Linux 5.13 and later; landlock(7)).

By the three system calls themselves, for which no library is needed. What a kernel's Landlock knows is found by asking
for all of it and then for less: a kernel may have been given parts of a newer one.
"""

import ctypes
import errno
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_TCP, _NO_TCP, _SCOPES, _NO_SCOPES = 0b11, 0, 0b11, 0
_FORMS = (
    (16, _TCP, _SCOPES, 24),
    (16, _TCP, _NO_SCOPES, 16),
    (15, _TCP, _NO_SCOPES, 16),
    (15, _NO_TCP, _NO_SCOPES, 8),
    (14, _NO_TCP, _NO_SCOPES, 8),
    (13, _NO_TCP, _NO_SCOPES, 8),
)
"""How many rights over files, what of TCP and of signals is taken away, and the bytes that say so; the most first."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def is_there() -> bool:
    """Whether the kernel has it, and it is switched on."""
    try:
        os.close(_ruleset())
    except OSError:
        return False
    return True


def restrict(readable: Iterable[Path]) -> None:
    """Leave this process, for good, nothing of files but to read what is in these folders; and no TCP, and no signals
    to others, where the kernel can.

    Raises:
        OSError: the kernel refuses.
    """
    rules = _ruleset()

    try:
        for folder in readable:
            _allow_reading(rules, folder)
        _call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _ruleset() -> int:
    """A descriptor of rules that take away as much as the kernel can.

    Raises:
        OSError: it can nothing.
    """
    for rights, network, scopes, size in _FORMS:
        asked = _Ruleset((1 << rights) - 1, network, scopes)
        try:
            return _call(_CREATE_RULESET, ctypes.byref(asked), ctypes.c_size_t(size), 0)
        except OSError as error:
            # What it does not know yet: a right, or that there is more than rights.
            if error.errno not in (errno.EINVAL, errno.E2BIG):
                raise

    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


def _allow_reading(rules: int, folder: Path) -> None:
    descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(_READ_FILE | _READ_DIR, descriptor)
        _call(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    """By number: glibc has no functions for these calls."""
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
