"""How much memory, time and disk a worker may take, where the system can limit it (setrlimit(2), setitimer(2))."""

import mmap
import signal
from contextlib import suppress
from pathlib import Path

from mail_archive_tools import system

if system.HAS_LIMITS:
    import resource

MEMORY_BYTES = 500_000_000
"""What a worker may fill: a message of 40 MB with all that is made of it, or an open document."""

OPEN_FILES = 64

LIFE_CPU_SECONDS = 6_000
"""CPU time of a worker in all its life, should it find a way around what holds for one reading."""


def restrict() -> None:
    """Set what holds for the whole life of this process."""
    if not system.HAS_LIMITS:
        return

    _limit(resource.RLIMIT_DATA, MEMORY_BYTES)
    addresses = _addresses_taken()
    if addresses is not None:
        # What is shared, or grows downwards like a stack, is no data to the kernel, but counts towards all addresses.
        _limit(resource.RLIMIT_AS, addresses + MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, LIFE_CPU_SECONDS)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NPROC, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)


def _limit(kind: int, most: int) -> None:
    # A limit that the operator has set lower stands: raising it is not for us.
    _, hard = resource.getrlimit(kind)
    lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)

    # A system that refuses keeps its own.
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (lowest, lowest))


def _addresses_taken() -> int | None:
    """How many bytes of addresses this process has taken so far, libraries included; None where that is not told."""
    with suppress(OSError):
        # The first number is the size of the whole program, in pages (proc_pid_statm(5)).
        pages, _, _ = Path("/proc/self/statm").read_bytes().partition(b" ")
        return int(pages) * mmap.PAGESIZE
    return None


def allow_cpu(seconds: float) -> None:
    """So much more CPU time for this process; when it has taken that, the system ends it."""
    if system.HAS_CPU_TIMER:
        signal.setitimer(signal.ITIMER_PROF, seconds)
