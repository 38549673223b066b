"""What a worker gives up before it sees the first byte, and what of it this system cannot take away."""

from __future__ import annotations

import importlib.util
import re
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from mail_archive_tools import system
from mail_archive_tools.sandbox import landlock, limits, seccomp, trying

_PACKAGES = ("mail_archive_tools", "selectolax", "charset_normalizer", "icalendar", "tzdata", "idna")
"""What reads mail, and what it imports only when it is needed."""

_LIBRARY = re.compile(r"^/(?:usr/)?lib(?:64|32|x32)?/.*\.so(?:\.[\d.]+)?$")
"""A library of the system, by its path."""

_MANY = ("site-packages", "dist-packages")
"""Folders of many packages: what one of them imports is in the same."""

OTHER_CALLS = "all other system calls"

PROTECTIONS = ("files", "network", "processes", "signals", OTHER_CALLS, "memory and time")
"""What a worker is kept from, each by its own means."""

LEFT = "that a file is there, its size, owner and times (stat)"
"""What a worker can still learn where all protections hold: imports need it, and no filter sees which file is meant."""


def confine(folders: Iterable[Path] = (), *, only_what_is_needed: bool = True) -> dict[str, str]:
    """Give up what this system can take away; by name of `PROTECTIONS`, why each of the others could not be. These
    folders can still be read, with Python's own. Without `only_what_is_needed`, no more system calls are given up than
    those that are known to do harm."""
    limits.restrict()

    if not system.CAN_CONFINE:
        why = "only Linux can take this away from a process without rights of its own"
        return {**dict.fromkeys(PROTECTIONS[:-1], why), **_missing_limits()}

    # Before the filter, which would refuse Landlock's own beginning.
    without_files = _without_files(folders)
    without_calls = _without_calls(only_what_is_needed)
    return {**_still_possible(without_files, without_calls, only_what_is_needed), **_missing_limits()}


def _without_files(folders: Iterable[Path]) -> str | None:
    """Take files away, but for those in these folders; why that could not be."""
    try:
        seccomp.give_up_privileges()
        if not landlock.is_there():
            return "the kernel has no Landlock (Linux 5.13 and later), or it is switched off"
        landlock.restrict([*readable_folders(), *folders])
    except OSError as error:
        return f"the kernel refuses Landlock ({error.strerror})"
    return None


def _without_calls(only_what_is_needed: bool) -> str | None:
    """Take system calls away; why that could not be."""
    if not seccomp.is_known():
        return "the system calls of this kind of machine are not known here"

    try:
        if only_what_is_needed:
            seccomp.allow_only_what_is_needed()
        else:
            seccomp.refuse_what_does_harm()
    except OSError as error:
        return f"the kernel refuses seccomp ({error.strerror})"
    return None


def _still_possible(without_files: str | None, without_calls: str | None, only_what_is_needed: bool) -> dict[str, str]:
    """What can be done all the same, and why."""
    missing: dict[str, str] = {}
    if trying.opens_files():
        missing["files"] = without_files or "a folder outside can be opened all the same"
    if not seccomp.is_known():
        # Nothing can be tried by numbers that are not known.
        why = str(without_calls)
        return {**missing, **dict.fromkeys(("network", "processes", "signals", OTHER_CALLS), why)}

    refusal = without_calls or "it can be done all the same"
    if trying.makes_sockets():
        # Landlock takes TCP away since Linux 6.7, UDP not yet.
        missing["network"] = refusal if trying.connects_by_tcp() else f"TCP alone is taken away: {refusal}"
    if trying.makes_processes():
        missing["processes"] = refusal
    if trying.sends_signals():
        missing["signals"] = refusal

    beyond = trying.calls_beyond_the_list() if only_what_is_needed and not without_calls else []
    if without_calls:
        missing[OTHER_CALLS] = without_calls
    elif beyond:
        missing[OTHER_CALLS] = f"{', '.join(beyond)} can be called"
    return missing


def _missing_limits() -> dict[str, str]:
    if not system.HAS_LIMITS:
        return {"memory and time": "this system limits neither memory nor CPU time; what takes too long is ended"}
    if system.CAN_CONFINE and trying.fills_memory():
        return {"memory and time": "memory that is shared is not limited here; what takes too long is ended"}
    return {}


@cache
def readable_folders() -> list[Path]:
    """Python's own folders, those of the packages that read mail, and of the system's libraries: what is imported on
    the way, and what that is linked with."""
    found = [Path(each) for name in ("stdlib", "platstdlib") if (each := sysconfig.get_path(name))]
    found += _library_folders()
    found += [each for name in _PACKAGES for each in _folders(name)]
    return [each for each in dict.fromkeys(each.resolve() for each in found) if each.is_dir()]


def _library_folders() -> list[Path]:
    """Where the libraries are that this process has loaded; others that a package needs are in the same folders."""
    folders: list[Path] = []
    for line in Path("/proc/self/maps").read_text("utf-8").splitlines():
        # Address, rights, offset, device, inode, and the path where there is one (proc_pid_maps(5)).
        path = "".join(line.split(maxsplit=5)[5:])
        if _LIBRARY.search(path):
            folders.append(Path(path).parent)
    return folders


def _folders(package: str) -> Iterator[Path]:
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(package)
        if spec is None:
            return
        for each in spec.submodule_search_locations or ():
            folder = Path(each)
            yield folder.parent if folder.parent.name in _MANY else folder
