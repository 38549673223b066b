"""Messages as files: one each, one mbox, or a Maildir. The same messages give the same bytes and names."""

import io
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from mail_archive_local.evidence.selecting import Selected
from mail_archive_local.storage.opening import FILE_MODE, FOLDER_MODE

_FROM_QUOTED = re.compile(rb"(?m)^(>*From )")
MBOX = "messages.mbox"
MAIL_FOLDERS = ("NATIVES", "cur", "new")
"""Folders that messages are written to, beside those named after a year."""


class Writer(Protocol):
    """Writes messages below a folder."""

    def write(self, message: Selected) -> str:
        """Write one; returns where it is, as a path from the folder on."""

    def close(self) -> None: ...


class EmlWriter:
    """A file each, `2025/04/<ArchivedMessageId>.eml`: a folder for each month of receipt, since file managers and
    copies get slow where thousands of files lie side by side."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, message: Selected) -> str:
        month = time.strftime("%Y/%m", time.gmtime(message.second))
        return write_file(self._folder, f"{month}/{message.archived_message_id}.eml", message.raw, message.second)

    def close(self) -> None:
        pass


class MboxWriter:
    """One file in the format mboxrd (RFC 4155 tells of the family): a line that begins like a separator gets a `>`."""

    def __init__(self, folder: Path) -> None:
        self._file = gone_on_with(folder / MBOX)

    def write(self, message: Selected) -> str:
        date = time.asctime(time.gmtime(message.second))
        self._file.write(f"From MAILER-DAEMON {date}\n".encode())
        self._file.write(_FROM_QUOTED.sub(rb">\1", message.raw))
        if not message.raw.endswith(b"\n"):
            self._file.write(b"\n")
        # An empty line ends a message.
        self._file.write(b"\n")
        return MBOX

    def close(self) -> None:
        self._file.close()


class MaildirWriter:
    """A Maildir: new, cur and tmp, all messages seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(FOLDER_MODE, exist_ok=True)

    def write(self, message: Selected) -> str:
        # Seconds, what is unique, a host; then flags: https://cr.yp.to/proto/maildir.html
        name = f"cur/{message.second}.{message.archived_message_id}.archive:2,S"
        return write_file(self._folder, name, message.raw, message.second)

    def close(self) -> None:
        pass


WRITERS: dict[str, Callable[[Path], Writer]] = {"eml": EmlWriter, "mbox": MboxWriter, "maildir": MaildirWriter}


def write_file(folder: Path, name: str, content: bytes, second: int) -> str:
    """Write a file, with the time of the message's receipt; returns its name. One that is there is whole."""
    path = folder / name
    if has_file(path, content):
        return name

    # Never half of it under its name, whatever ends this process.
    path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with create(part) as file:
        file.write(content)
    # The same export gives the same files, whenever it is made.
    os.utime(part, (second, second))
    part.replace(path)
    return name


def has_file(path: Path, content: bytes) -> bool:
    """Whether a file is there, with that content."""
    # Its length first: most files that are another's need not be read.
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def create(path: Path) -> BinaryIO:
    """A new file that its owner alone may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), FILE_MODE)
    return os.fdopen(descriptor, "wb")


def gone_on_with(path: Path) -> BinaryIO:
    """A file that its owner alone may read, written anew from its beginning. What stands in it already, and is the
    same, is left as it is."""
    return io.BufferedWriter(_GoneOnWith(path))


class _GoneOnWith(io.RawIOBase):
    """Compares as long as what comes is what is there, and writes from then on."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), FILE_MODE)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        self._is_same = True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        content = bytes(data)

        if self._is_same:
            start = self._file.tell()
            if self._file.read(len(content)) == content:
                return len(content)
            self._is_same = False
            self._file.seek(start)
            self._file.truncate()

        return int(self._file.write(content) or 0)

    def close(self) -> None:
        if not self.closed:
            if self._is_same:
                # What was there may have been longer.
                self._file.truncate()
            self._file.close()
        super().close()
