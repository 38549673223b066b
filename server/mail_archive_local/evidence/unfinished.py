"""A folder that is being written: beside its place, with a name of its own, and in its place when it is whole."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.evidence.forms import BEGUN, EXPORT_MANIFEST, UNFINISHED
from mail_archive_local.storage.alone import alone
from mail_archive_local.storage.opening import FILE_MODE, FOLDER_MODE

_LOCK = "unfinished.lock"


class CannotBegin(LocalArchiveError):
    """A folder cannot be written as it was asked for; the text says why, and what to do."""


class UnfinishedExport(LocalArchiveError):
    """An export was not written to its end; it lies in `folder`."""

    def __init__(self, text: str, folder: Path) -> None:
        super().__init__(text)
        self.folder = folder


def beside(out: Path) -> Path:
    """Where a folder is written before it is whole."""
    return out.with_name(f"{out.name}{UNFINISHED}")


def is_unfinished(folder: Path) -> bool:
    """Whether a folder was begun, and not written to its end: its manifest is what is written last."""
    return (folder / BEGUN).is_file() and not (folder / EXPORT_MANIFEST).is_file()


class Unfinished:
    """The folder that is being written. `files` are those that belong to it, by their paths from there on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: set[str] = set()

    def leave_out_others(self) -> None:
        """Take away what is no part of it: what was begun may have had other messages."""
        belongs = {*self.files, BEGUN, _LOCK}
        # What lies in a folder comes before it.
        for path in sorted(self.folder.rglob("*"), reverse=True):
            name = path.relative_to(self.folder).as_posix()
            if path.is_dir():
                # Of a Maildir, all three belong to it, also where they are empty.
                if name not in ("cur", "new", "tmp"):
                    _remove_if_empty(path)
            elif name not in belongs:
                path.unlink()


@contextmanager
def written_beside(out: Path, asked: dict[str, Any], *, anew: bool) -> Iterator[Unfinished]:
    """A folder to write to. Afterwards it is in its place; left by an exception it stays beside it, for the next that
    asks the same. `asked` is what the folder is to have in it; with `anew`, what was begun is thrown away.

    Raises:
        CannotBegin: something is in the way: in the place, or of another asking, or another process.
        OSError: it cannot be written.
    """
    _refuse_place(out)
    folder = beside(out)
    out.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    folder.mkdir(FOLDER_MODE, exist_ok=True)
    _refuse_strangers(folder)

    with alone(folder / _LOCK) as is_alone:
        if not is_alone:
            raise CannotBegin(f"Another process writes {out} at this moment. Wait for it, or name another folder.")
        if anew:
            _empty(folder)
        _begin(folder, out, asked)
        unfinished = Unfinished(folder)
        yield unfinished
        unfinished.leave_out_others()

    (folder / _LOCK).unlink()
    if out.is_dir():
        # Not everywhere does a rename replace an empty folder.
        out.rmdir()
    folder.rename(out)
    (out / BEGUN).unlink()


def _refuse_place(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise CannotBegin(f"{out} is a file. Name a new folder.")
    if any(out.iterdir()):
        raise CannotBegin(f"{out} has something in it. Name a new folder: what is written is to be all that is there.")
    if os.path.ismount(out):
        raise CannotBegin(f"{out} is a file system of its own, which is not put in place whole. Name a folder in it.")


def _refuse_strangers(folder: Path) -> None:
    """What has the name by chance is not touched."""
    there = {path.name for path in folder.iterdir()}
    of_lock = {_LOCK, f"{_LOCK}-journal"}
    if there - of_lock and BEGUN not in there:
        raise CannotBegin(
            f"{folder} is in the way, and was not begun by an export. Move it away, or name another folder."
        )


def _begin(folder: Path, out: Path, asked: dict[str, Any]) -> None:
    """Note what is begun; what was begun before has to be the same.

    Raises:
        CannotBegin: it was not.
    """
    path = folder / BEGUN
    if path.is_file():
        if _read(path) != asked:
            raise CannotBegin(
                f"{folder} was begun with other words or by another version. Give the same ones to go on, or --anew to "
                f"begin {out} anew."
            )
        return

    # Half a note would be taken for one of other words.
    part = path.with_name(f".{BEGUN}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asked, file)
    part.replace(path)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError:
        return None


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name.startswith(_LOCK):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _remove_if_empty(path: Path) -> None:
    if not any(path.iterdir()):
        path.rmdir()
