"""Landlock: this process gives up files, TCP and signals for good (Linux 5.13 and later; landlock(7)).

By the three system calls themselves, for which no library is needed. What a kernel's Landlock does not know yet is
left out, so an older one takes away less.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights over files there are, from each version on: all of them are taken away."""
_TCP_RIGHTS = 0b11
_SCOPES = 0b11
TCP_VERSION, SIGNALS_VERSION = 4, 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """The version that the kernel has; 0: none."""
    try:
        return max(0, _call(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION))
    except OSError:
        return 0


def restrict(readable: Iterable[Path]) -> None:
    """Leave this process, for good, nothing of files but to read what is in these folders; and no TCP, and no signals
    to others, where the kernel's version can.

    Raises:
        OSError: the kernel refuses.
    """
    known = version()
    files = (1 << max(count for since, count in _FILE_RIGHTS.items() if since <= known)) - 1
    ruleset = _Ruleset(files, _TCP_RIGHTS if known >= TCP_VERSION else 0, _SCOPES if known >= SIGNALS_VERSION else 0)
    size = 24 if known >= SIGNALS_VERSION else 16 if known >= TCP_VERSION else 8
    rules = _call(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0)
    try:
        for folder in readable:
            _allow_reading(rules, folder)
        _call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow_reading(rules: int, folder: Path) -> None:
    descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(_READ_FILE | _READ_DIR, descriptor)
        _call(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
