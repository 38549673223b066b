"""Messages as files: one each, one mbox, or a Maildir. The same messages give the same bytes and names."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from mail_archive_server.bulk.selecting import Selected
from mail_archive_server.local.storage.database import FILE_MODE, FOLDER_MODE

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
        self._file = create(folder / MBOX)

    def write(self, message: Selected) -> str:
        date = time.asctime(time.gmtime(message.second))
        self._file.write(f"From MAILER-DAEMON {date}\n".encode())
        self._file.write(_FROM_QUOTED.sub(rb">\1", message.raw))
        self._file.write(b"\n" if message.raw.endswith(b"\n") else b"\n\n")
        return MBOX

    def close(self) -> None:
        self._file.close()


class MaildirWriter:
    """A Maildir: new, cur and tmp, all messages seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(FOLDER_MODE)

    def write(self, message: Selected) -> str:
        name = f"cur/{message.second}.{message.archived_message_id}.archive:2,S"
        return write_file(self._folder, name, message.raw, message.second)

    def close(self) -> None:
        pass


WRITERS: dict[str, Callable[[Path], Writer]] = {"eml": EmlWriter, "mbox": MboxWriter, "maildir": MaildirWriter}


def write_file(folder: Path, name: str, content: bytes, second: int) -> str:
    """Write a file, with the time of the message's receipt; returns its name."""
    path = folder / name
    path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    with create(path) as file:
        file.write(content)
    os.utime(path, (second, second))
    return name


def create(path: Path) -> BinaryIO:
    """A new file that its owner alone may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), FILE_MODE)
    return os.fdopen(descriptor, "wb")
