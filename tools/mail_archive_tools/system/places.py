"""Whether a place is its user's alone: a link may lead anywhere, and another user changes what is in their folder."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mail_archive_tools import system

if system.HAS_FILE_MODES:
    # Not on Windows, where there are no modes either.
    import grp
    import pwd

_MOST_LINKS = 40
"""As many as Linux follows (path_resolution(7))."""
_MOST_STEPS = 200
"""Names that are gone through for one link: those of containers take three."""
_LEADS_OUT = "it is a symbolic link that leads out of its folder: name what it leads to"


def why_not_own(path: Path) -> str | None:
    """Why a file or folder that an operator named is not used; None: it may be. It need not be there yet."""
    if path.is_symlink():
        return "it is a symbolic link: name what it leads to"
    if not system.HAS_FILE_MODES:
        return None
    return _why_not_on_the_way(path)


def why_not_read(path: Path) -> str | None:
    """Why a file that is only read is not used. It may be a symbolic link to what lies below the link's own folder,
    where all on the way is its user's or root's. So Kubernetes mounts secrets, to change all of them at once: `token`
    leads to `..data/token`, and `..data` to a folder."""
    if not path.is_symlink():
        return why_not_own(path)
    if not system.HAS_FILE_MODES:
        return "it is a symbolic link: name what it leads to"
    folder = path.absolute().parent
    return _why_not_on_the_way(folder) or _why_not_followed(folder.resolve(), path.name)


def _why_not_on_the_way(path: Path) -> str | None:
    try:
        for each in _on_the_way(path):
            why = _why_not(each)
            if why is not None:
                return why
    except OSError as error:
        return f"what leads to it cannot be looked at ({error.strerror})"
    return None


def _on_the_way(path: Path) -> Iterator[Path]:
    """Every folder and link that the system passes from the root to the path, the path last: who may change one of them
    says where it leads."""
    left = list(path.absolute().parts)
    here = Path(left.pop(0))
    yield here

    links = 0
    while left:
        name = left.pop(0)
        if name == os.pardir:
            here = here.parent
            continue

        here = here / name
        yield here
        if not here.is_symlink():
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = here.readlink()
        left = [*target.parts, *left]
        here = here.parent
        if target.is_absolute():
            here = Path(left.pop(0))


def _why_not_followed(folder: Path, name: str) -> str | None:
    """Why what a link in `folder` leads to is not used. Each name on the way is gone through by itself, as the system
    does: a link may lead out and in again."""
    place = folder
    names = [name]
    for _ in range(_MOST_STEPS):
        if not names:
            return None

        following = Path(os.path.normpath(place / names.pop(0)))
        if not following.is_relative_to(folder):
            return _LEADS_OUT
        why = _why_not(following)
        if why is not None:
            return why

        if following.is_symlink():
            target = following.readlink()
            if target.is_absolute():
                if not _is_below(folder, target):
                    return _LEADS_OUT
                place = folder
                target = Path(*target.parts[len(folder.parts) :])
            names = [*target.parts, *names]
        elif following.exists():
            place = following
        else:
            break

    return "it is a symbolic link that leads nowhere"


def _is_below(folder: Path, path: Path) -> bool:
    """Whether a path begins with the folder, as it is written: `..` in it is gone through later."""
    return path.parts[: len(folder.parts)] == folder.parts


def _why_not(path: Path) -> str | None:
    """Why a file, a folder or a link itself is not used."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if found.st_uid not in {os.geteuid(), *_of_the_system()}:
        return f"{path} is another user's"
    if stat.S_ISLNK(found.st_mode):
        # A link has no mode: who may change it is who may write in its folder.
        return None
    if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX:
        # Of what is there, each user can only change their own, in /tmp for instance.
        return None

    has_other_names = stat.S_ISREG(found.st_mode) and found.st_nlink > 1
    if has_other_names and _others_may_link_in(path.parent):
        # Whose it is says nothing of who gave it this name.
        return f"{path} has another name as well, which others may have given it: copy it to a folder of yours"

    by_anybody = found.st_mode & stat.S_IWOTH
    by_its_group = found.st_mode & stat.S_IWGRP and not _is_own_group(found.st_gid)
    if not (by_anybody or by_its_group):
        return None
    if stat.S_ISDIR(found.st_mode):
        return f"others may write in {path}: run `chmod go-w` on it"
    return f"others may write to {path}: run `chmod go-w` on it"


def _others_may_link_in(folder: Path) -> bool:
    """Whether others may make hard links in a folder: Linux lets them make one to a file of somebody else unless
    fs.protected_hardlinks is set (proc_sys_fs(5)), and other systems do."""
    return bool(folder.lstat().st_mode & (stat.S_IWOTH | stat.S_IWGRP))


def _of_the_system() -> tuple[int, int]:
    """Root, and whose the root folder is: in a user namespace, root's files have another number."""
    return 0, Path("/").stat().st_uid


def _is_own_group(group: int) -> bool:
    """Whether nobody else is in a group: root's own; or the user's private one, which has their name and no other
    member, as most Linux distributions make one with each user."""
    if group == 0:
        return True

    try:
        user = pwd.getpwuid(os.geteuid())
        found = grp.getgrgid(group)
    except KeyError:
        return False
    is_private = user.pw_gid == group and found.gr_name == user.pw_name
    return is_private and set(found.gr_mem) <= {user.pw_name}
