"""Files and links of a folder: what a link leads to is somewhere else, and is not changed."""

import errno
import stat
from pathlib import Path

from mail_archive_tools import system

_FILES = ("", "-wal", "-shm", "-journal")
"""What SQLite opens, by what comes after the database's name."""
_OTHERS = 0o077


def link_among(database: Path) -> Path | None:
    """A symbolic link in place of a file that SQLite writes to; what it leads to would be overwritten."""
    files = (database.with_name(f"{database.name}{end}") for end in _FILES)
    return next((each for each in files if each.is_symlink()), None)


def is_open_to_others(path: Path) -> bool:
    """Whether others than its owner may use a file or folder itself, not what a link leads to."""
    mode = path.lstat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return False
    return bool(mode & _OTHERS)


def leave_to_owner(path: Path, mode: int) -> None:
    """Give a file or folder its mode; what a link leads to keeps its own. Its folder comes before a file: then nobody
    else can put a link in the file's place.

    Raises:
        OSError: it is a link now, or is somebody else's.
    """
    if not system.HAS_FILE_MODES:
        return
    if path.is_symlink():
        raise OSError(errno.ELOOP, "It is a symbolic link", str(path))
    # By its name: a file of a database that is opened and closed here takes this process's locks on it along.
    # https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
    path.chmod(mode)
