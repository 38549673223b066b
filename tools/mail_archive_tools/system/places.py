"""Whether a place is its user's alone: a link may lead anywhere, and another user changes what is in their folder."""

import os
import stat
from pathlib import Path

from mail_archive_tools import system

_MOST_STEPS = 200
"""Names that are gone through for one link: those of containers take three."""
_LEADS_OUT = "it is a symbolic link that leads out of its folder: name what it leads to"


def why_not_own(path: Path) -> str | None:
    """Why a file or folder that an operator named is not used; None: it may be. It need not be there yet."""
    if path.is_symlink():
        return "it is a symbolic link: name what it leads to"
    if not system.HAS_FILE_MODES:
        return None
    for each in (path, path.absolute().parent.resolve()):
        if why := _why_not(each):
            return why
    return None


def why_not_read(path: Path) -> str | None:
    """Why a file that is only read is not used. It may be a symbolic link to what lies below the link's own folder,
    where all on the way is its user's or root's. So Kubernetes mounts secrets, to change all of them at once: `token`
    leads to `..data/token`, and `..data` to a folder."""
    if not path.is_symlink():
        return why_not_own(path)
    if not system.HAS_FILE_MODES:
        return "it is a symbolic link: name what it leads to"
    folder = path.absolute().parent.resolve()
    return _why_not(folder) or _why_not_followed(folder, path.name)


def _why_not_followed(folder: Path, name: str) -> str | None:
    """Why what a link in `folder` leads to is not used. Each name on the way is gone through by itself, as the system
    does: a link may lead out and in again."""
    place, names = folder, [name]
    for _ in range(_MOST_STEPS):
        if not names:
            return None

        following = Path(os.path.normpath(place / names.pop(0)))
        if not following.is_relative_to(folder):
            return _LEADS_OUT
        if why := _why_not(following):
            return why
        if following.is_symlink():
            target = following.readlink()
            if target.is_absolute():
                if target.parts[: len(folder.parts)] != folder.parts:
                    return _LEADS_OUT
                place, target = folder, Path(*target.parts[len(folder.parts) :])
            names[:0] = target.parts
        elif following.exists():
            place = following
        else:
            break

    return "it is a symbolic link that leads nowhere"


def _why_not(path: Path) -> str | None:
    """Why a file, a folder or a link itself is not used."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    # What is root's is the system's, /tmp for instance.
    if found.st_uid not in (os.geteuid(), 0):
        return f"{path} is another user's"
    is_shared = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
    return f"others may write in {path}: run `chmod o-w` on it" if is_shared else None
