"""What a worker gives up before it sees the first byte, and what of it this system cannot take away."""

from __future__ import annotations

import importlib.util
import re
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from mail_archive_tools import system
from mail_archive_tools.sandbox import landlock, limits, seccomp

_PACKAGES = ("mail_archive_tools", "selectolax", "charset_normalizer", "icalendar", "tzdata", "idna")
"""What reads mail, and what it imports only when it is needed."""

_LIBRARY = re.compile(r"^/(?:usr/)?lib(?:64|32|x32)?/.*\.so(?:\.[\d.]+)?$")
"""A library of the system, by its path."""

_MANY = ("site-packages", "dist-packages")
"""Folders of many packages: what one of them imports is in the same."""

PROTECTIONS = ("files", "network", "processes", "signals", "memory and time")
"""What a worker is kept from, each by its own means."""


def confine(folders: Iterable[Path] = ()) -> dict[str, str]:
    """Give up what this system can take away; by name of `PROTECTIONS`, why each of the others could not be. These
    folders can still be read, with Python's own."""
    limits.restrict()
    missing: dict[str, str] = {}
    if not system.HAS_LIMITS:
        missing["memory and time"] = "this system limits neither memory nor CPU time; what takes too long is ended"
    if not system.CAN_CONFINE:
        why = "only Linux can take this away from a process without rights of its own"
        return {**dict.fromkeys(("files", "network", "processes", "signals"), why), **missing}

    # Before the filter, which would refuse Landlock's own beginning.
    without_files = _without_files(folders)
    calls = _without_calls()
    if without_files:
        missing["files"] = without_files
    if calls:
        version = 0 if without_files else landlock.version()
        missing["processes"] = calls
        missing["network"] = f"TCP alone is taken away: {calls}" if version >= landlock.TCP_VERSION else calls
        if version < landlock.SIGNALS_VERSION:
            missing["signals"] = calls

    return missing


def _without_files(folders: Iterable[Path]) -> str | None:
    """Take files away, but for those in these folders; why that could not be."""
    try:
        seccomp.give_up_privileges()
        if not landlock.version():
            return "the kernel has no Landlock (Linux 5.13 and later), or it is switched off"
        landlock.restrict([*readable_folders(), *folders])
    except OSError as error:
        return f"the kernel refuses Landlock ({error.strerror})"
    return None


def _without_calls() -> str | None:
    """Take processes, sockets and signals away; why that could not be."""
    if not seccomp.is_known():
        return "the system calls of this kind of machine are not known here"
    try:
        seccomp.restrict()
    except OSError as error:
        return f"the kernel refuses seccomp ({error.strerror})"
    return None


def readable_folders() -> list[Path]:
    """Python's own folders, those of the packages that read mail, and of the system's libraries: what is imported on
    the way, and what that is linked with."""
    found = [Path(each) for name in ("stdlib", "platstdlib") if (each := sysconfig.get_path(name))]
    found += _library_folders()
    found += [each for name in _PACKAGES for each in _folders(name)]
    return [each for each in dict.fromkeys(each.resolve() for each in found) if each.is_dir()]


def _library_folders() -> list[Path]:
    """Where the libraries are that this process has loaded; others that a package needs are in the same folders."""
    loaded = (line.split(maxsplit=5)[5:] for line in Path("/proc/self/maps").read_text("utf-8").splitlines())
    return [Path(path[0]).parent for path in loaded if path and _LIBRARY.search(path[0])]


def _folders(package: str) -> Iterator[Path]:
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(package)
        for each in (spec and spec.submodule_search_locations) or ():
            folder = Path(each)
            yield folder.parent if folder.parent.name in _MANY else folder
