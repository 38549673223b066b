"""Where mail comes from: files, folders of them, mbox files, Maildir. Yields raw messages, keeps memory flat."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from mail_archive_local.importing.beside import NOTHING, Beside

MESSAGE_BYTES = 40_000_000
"""The largest message taken, in bytes (the service's own limit)."""

_PEEK_BYTES = 16_384
# How far to look where the header section is longer than that.
_LONG_PEEK_BYTES = 1_000_000
_MAILDIR = frozenset({"cur", "new"})
# "From sender date": what separates the messages of an mbox file.
FROM_LINE = re.compile(rb"From .{0,500}?\d{1,2}:\d\d(?::\d\d)?\b.{0,60}\d{4}")
# Begins with its letters, which lets the engine leap to them.
_SEPARATOR = re.compile(FROM_LINE.pattern + rb"[^\n]{0,200}\n")
_SEPARATOR_BYTES = 1_000
_CHUNK_BYTES = 4_000_000
_QUOTED_FROM = re.compile(rb"(?m)^>(>*From )")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_MAIL_FIELD = re.compile(
    rb"(?im)^(?:from|to|cc|bcc|subject|date|received|message-id|return-path|delivered-to|mime-version|content-type|sender"
    rb"|content-transfer-encoding|reply-to|x-mailer|x-original-to|in-reply-to|references|resent-from|list-id"
    rb"|dkim-signature|arc-seal|authentication-results)[ \t]*:"
)


@dataclass(frozen=True)
class Found:
    """A raw message, where it was found, and what is known beside it. `bytes_read` counts what was read since the one
    before."""

    origin: str
    raw: bytes
    file_time: float
    bytes_read: int
    beside: Beside = NOTHING


@dataclass(frozen=True)
class Skipped:
    """A file, or a message in one, that was not taken, and why. Of what is `unread` nobody knows whether it is mail."""

    origin: str
    reason: str
    bytes_read: int = 0
    unread: bool = False


def unreadable(path: Path, error: OSError) -> Skipped:
    """What is said of a file or folder that the system does not let this user read."""
    return Skipped(str(path), f"cannot be read ({error.strerror or type(error).__name__})", unread=True)


def total_bytes(sources: list[Path]) -> int:
    """How much there is to read, in bytes; for a progress bar."""
    return sum(_size(path) for path in files(sources) if isinstance(path, Path))


def read_sources(sources: list[Path]) -> Iterator[Found | Skipped]:
    """Every message of the sources, in a stable order; what is no mail comes as `Skipped`. Never raises on a file."""
    for path in files(sources):
        if isinstance(path, Skipped):
            yield path
            continue
        try:
            yield from _read_file(path)
        except OSError as error:
            yield unreadable(path, error)


def files(sources: list[Path]) -> Iterator[Path | Skipped]:
    """The regular files at and below the sources. Hidden ones, and a Maildir's tmp, are left aside in silence."""
    for source in sources:
        if source.is_dir():
            yield from _walk(source)
        elif not source.exists():
            yield Skipped(str(source), "does not exist")
        elif not source.is_file():
            yield Skipped(str(source), "is not a regular file")
        else:
            yield source


def _walk(folder: Path) -> Iterator[Path | Skipped]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield unreadable(folder, error)
        return

    names = {entry.name for entry in entries}
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink():
            yield Skipped(str(path), "is a symbolic link; name its target to import it")
        elif entry.is_dir():
            # What lies in tmp is still being delivered: https://cr.yp.to/proto/maildir.html
            is_in_delivery = entry.name == "tmp" and names >= _MAILDIR
            if not is_in_delivery and not _is_hidden(path):
                yield from _walk(path)
        elif not entry.is_file():
            yield Skipped(str(path), "is not a regular file")
        elif not entry.name.startswith("."):
            yield path


def _is_hidden(folder: Path) -> bool:
    """Whether a folder is no matter of mail: a Maildir's subfolders begin with a dot, too, but those of version control
    have no cur or new."""
    if not folder.name.startswith("."):
        return False
    return not any((folder / name).is_dir() for name in _MAILDIR)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read_file(path: Path) -> Iterator[Found | Skipped]:
    # Not blocking: a FIFO that took the file's place must not stop the import.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            yield Skipped(str(path), "is not a regular file")
            return

        start = file.peek(_PEEK_BYTES)[:_PEEK_BYTES]
        if FROM_LINE.match(start):
            yield from _read_mbox(path, file, status.st_mtime)
        elif not start:
            yield Skipped(str(path), "is empty")
        elif not looks_like_mail(start) and not looks_like_mail(_long_peek(file)):
            yield Skipped(str(path), "is not mail", status.st_size)
        elif status.st_size > MESSAGE_BYTES:
            yield Skipped(str(path), _too_large(status.st_size), status.st_size)
        else:
            raw = file.read(MESSAGE_BYTES + 1)
            yield Found(str(path), raw, status.st_mtime, len(raw))


def _long_peek(file: BufferedReader) -> bytes:
    """The beginning of a file whose first field may be longer than most header sections; nothing is consumed."""
    start = file.read(_LONG_PEEK_BYTES)
    file.seek(0)
    return start


def looks_like_mail(start: bytes) -> bool:
    """Whether the first bytes of a file are a header section with at least one field that mail has."""
    empty_line = _EMPTY_LINE.search(start)
    end = len(start)
    if empty_line:
        end = empty_line.start()
    return _MAIL_FIELD.search(start, 0, end) is not None


def _read_mbox(path: Path, file: BufferedReader, file_time: float) -> Iterator[Found | Skipped]:
    """The messages of an mbox file. Content-Length is ignored, since it lies; `>From ` is unquoted (mboxrd)."""
    for number, (raw, size) in enumerate(split_mbox(file), 1):
        origin = f"{path} (message {number})"
        if size > MESSAGE_BYTES:
            yield Skipped(origin, _too_large(size), size)
        elif not raw:
            yield Skipped(origin, "is empty", size)
        else:
            yield Found(origin, unquoted(raw), file_time, size)


def unquoted(raw: bytes) -> bytes:
    """A message of an mbox as it was before it was written there (mboxrd)."""
    return _QUOTED_FROM.sub(rb"\1", raw)


def split_mbox(
    file: BinaryIO, chunk_bytes: int = _CHUNK_BYTES, message_bytes: int = MESSAGE_BYTES
) -> Iterator[tuple[bytes, int]]:
    """Each message between `From ` lines, without them and the empty line before the next, and how many bytes it
    had: one over the limit comes without its bytes. Holds one message at a time."""
    pending, dropped, begun = b"", 0, False

    while chunk := file.read(chunk_bytes):
        pending += chunk
        whole_lines = pending.rfind(b"\n") + 1
        start = 0
        for separator in _SEPARATOR.finditer(pending, 0, whole_lines):
            before = pending[max(separator.start() - 3, 0) : separator.start()]
            if before and not before.endswith((b"\n\n", b"\n\r\n")):
                continue
            if begun:
                yield _message(pending[start : separator.start()], dropped, message_bytes)
            begun, start, dropped = True, separator.end(), 0

        # The end of the chunk may be the beginning of a separator, and of the empty line before it.
        pending = pending[start:]
        if dropped + len(pending) > message_bytes:
            kept = max(len(pending) - _SEPARATOR_BYTES, 0)
            dropped, pending = dropped + kept, pending[kept:]

    if begun:
        yield _message(pending, dropped, message_bytes)


def _message(raw: bytes, dropped: int, message_bytes: int) -> tuple[bytes, int]:
    size = dropped + len(raw)
    if size > message_bytes:
        return b"", size
    if raw.endswith((b"\n\n", b"\n\r\n")):
        # The empty line belongs to the mbox (RFC 4155, appendix A).
        raw = raw.removesuffix(b"\n").removesuffix(b"\r")
    return raw, size


def _too_large(size: int) -> str:
    return f"is too large ({size / 1e6:,.1f} MB; a message may have {MESSAGE_BYTES / 1e6:.0f} MB)"
