"""Whether a place is its user's alone: a link may lead anywhere, and another user changes what is in their folder."""

import os
import stat
from pathlib import Path

from mail_archive_tools import system


def why_not_own(path: Path) -> str | None:
    """Why a file or folder that an operator named is not used; None: it may be. It need not be there yet."""
    if path.is_symlink():
        return "it is a symbolic link: name what it leads to"
    if not system.HAS_FILE_MODES:
        return None
    for each in (path, path.absolute().parent):
        if why := _why_not(each):
            return why
    return None


def _why_not(path: Path) -> str | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    # What is root's is the system's, /tmp for instance.
    if found.st_uid not in (os.geteuid(), 0):
        return f"{path} is another user's"
    is_shared = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
    return f"others may write in {path}: run `chmod o-w` on it" if is_shared else None
