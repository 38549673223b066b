"""Whether there is something to be read: a local archive is its owner's alone, and who else asks is told whose it is;
of one that is gone, the manifest beside it says what was in it."""

import json
import os
from pathlib import Path

from mail_archive_local.storage.log import log_of
from mail_archive_tools import system

_HEAD_BYTES = 4_000_000
"""How long the first line of a manifest may be: it lists what was skipped."""


def why_unreadable(folder: Path, database: Path) -> str:
    """A sentence where this user may not read the archive in the folder; "" where they may, or there is none."""
    for path in (folder, database, log_of(database)):
        if not _is_closed(path):
            continue
        why = f"{path}: this user has no right to it"
        whose = _owner(path)
        if whose:
            why = f"{path} belongs to {whose}, and this user has no right to it"
        return (
            f"You may not read the local archive at {folder}: {why}. Work as its owner, or have them give you the "
            "right to read it."
        )
    return ""


def what_is_gone(folder: Path, database: Path) -> str:
    """A sentence where manifests lie beside a database that is empty or not there; "" where none does."""
    listed = []
    for path in sorted(folder.glob("*.jsonl")):
        count = _listed(path)
        if count:
            listed.append(f"{path.name} lists {count:,}")
    if not listed:
        return ""

    state = "is not there"
    if database.exists():
        state = "is empty"
    return (
        f"{database} {state}, and the messages that were in it are gone: {', '.join(listed)}. Restore it from a copy, "
        "or import the mail into a new folder."
    )


def _listed(path: Path) -> int:
    """How many messages a manifest of an archive lists; 0 where it is none."""
    try:
        with path.open("rb") as file:
            head = json.loads(file.readline(_HEAD_BYTES))
        if head["Manifest"] != 1:
            return 0
        return int(head["Messages"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _is_closed(path: Path) -> bool:
    """Whether it is there, or may be, and this user may not read it, or go into it."""
    try:
        is_folder = path.is_dir()
        path.stat()
    except PermissionError:
        return True
    except OSError:
        # What is not there is the caller's to say.
        return False

    wanted = os.R_OK
    if is_folder:
        wanted |= os.X_OK
    # Asked, not opened: a file of a database that is closed again takes this process's locks on it along.
    # https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
    return not os.access(path, wanted, effective_ids=os.access in os.supports_effective_ids)


def _owner(path: Path) -> str:
    """The name of the user whose it is; "" where that is not known."""
    if not system.HAS_FILE_MODES:
        return ""
    import pwd

    try:
        number = path.stat().st_uid
    except OSError:
        return ""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
