"""SQLite's write-ahead log, read as a file: whether all of it can be read, and what it makes of the database.

SQLite itself takes the log up to the first frame that is not whole, and says nothing of what stands behind it: a
flipped byte in it takes back all that was written since. The format:
https://www.sqlite.org/fileformat2.html#walformat
"""

import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_MAGIC = 0x377F0682
"""With its last bit set, sums are made of big-endian numbers."""
_HEADER, _FRAME = struct.Struct(">8I"), struct.Struct(">6I")
_WORD = 0xFFFFFFFF
_SETTLES = 0.02


class Log(NamedTuple):
    """What a log has in it. `pages` are those that its transactions wrote, by number, and `size` how many pages the
    database has with them; `damage` says what of it cannot be read, "" where all can."""

    pages: dict[int, bytes]
    size: int
    damage: str


NO_LOG = Log({}, 0, "")


def log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def has_log(database: Path) -> bool:
    """Whether something stands in its log."""
    try:
        return log_of(database).stat().st_size > 0
    except OSError:
        return False


def read_log(database: Path, wait_seconds: float) -> Log:
    """The log beside a database. A frame that is being written at this moment is waited for.

    Raises:
        OSError: it cannot be read.
    """
    ends = time.monotonic() + wait_seconds
    while True:
        before = _stamp(database)

        log = _read(log_of(database))
        if not log.damage or time.monotonic() > ends:
            return log
        time.sleep(_SETTLES)
        if _stamp(database) == before:
            return log


def _stamp(database: Path) -> object:
    """What changes with the log."""
    try:
        status = log_of(database).stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def _read(path: Path) -> Log:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return NO_LOG
    if not data:
        return NO_LOG
    if len(data) < _HEADER.size:
        return NO_LOG._replace(damage="The write-ahead log breaks off in its header.")

    magic, _, page_size, _, *_, first, second = _HEADER.unpack_from(data)
    order = "<"
    if magic & 1:
        order = ">"
    sums = _sums(order, data[: _HEADER.size - 8], 0, 0)
    if magic & ~1 != _MAGIC or sums != (first, second):
        return NO_LOG._replace(damage="The header of the write-ahead log is not what was written: none of it counts.")
    return _read_frames(data, page_size, order, sums)


def _read_frames(data: bytes, page_size: int, order: str, sums: tuple[int, int]) -> Log:
    salts = _HEADER.unpack_from(data)[4:6]
    pages: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    size = 0
    length = _FRAME.size + page_size
    for start in range(_HEADER.size, len(data), length):
        frame = data[start : start + length]
        if len(frame) < _FRAME.size:
            break

        number, committed, *of_frame, first, second = _FRAME.unpack_from(frame)
        content = frame[_FRAME.size :]
        sums = _sums(order, content, *_sums(order, frame[:8], *sums))
        is_whole = len(frame) == length and tuple(of_frame) == salts
        if not is_whole or sums != (first, second):
            return Log(pages, size, _rest(data, start, length, salts))

        pending[number] = content
        if committed:
            pages.update(pending)
            pending, size = {}, committed
    return Log(pages, size, "")


def _rest(data: bytes, start: int, length: int, salts: tuple[int, ...]) -> str:
    """What is to be said of the frames from the first on that is not whole: where none of them is of this log, it is
    what a log before it left."""
    for place in range(start, len(data) - _FRAME.size + 1, length):
        of_frame = _FRAME.unpack_from(data, place)[2:4]
        # A log before this one differs in both; one flipped byte makes one differ.
        if of_frame[0] == salts[0] or of_frame[1] == salts[1]:
            number = (start - _HEADER.size) // length + 1
            return (
                f"Frame {number} of the write-ahead log is not what was written, or was never written to its end: it "
                "and what was written after it do not count."
            )
    return ""


def _sums(order: str, data: bytes, first: int, second: int) -> tuple[int, int]:
    """The log's own checksum, gone on with from those of what stands before."""
    count = len(data) // 4
    words: Iterator[int] = iter(struct.unpack(f"{order}{count}I", data[: count * 4]))
    for one, other in zip(words, words, strict=False):
        first = (first + one + second) & _WORD
        second = (second + other + first) & _WORD
    return first, second
