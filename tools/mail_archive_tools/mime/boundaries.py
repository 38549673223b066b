"""The lines that stand between the parts of a multipart (RFC 2046, 5.1.1), and the ranges of bytes between them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_REST_OF_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
_LIKE_A_DELIMITER = re.compile(rb"(?m)^--(\S{1,200}?)[ \t]*\r?\n(?=[\x21-\x39\x3b-\x7e]+:|\r?\n)")
_PREAMBLE_BYTES = 10_000


class Source(NamedTuple):
    """Where the body of a container is read: `raw[start:end]`."""

    raw: bytes
    start: int
    end: int


class Delimiter(NamedTuple):
    """One line with a boundary: where it begins, where the next line begins, and whether it closes the multipart."""

    start: int
    after: int
    closes: bool


def delimiters(source: Source, boundary: bytes) -> Iterator[Delimiter]:
    """The lines that are `--boundary`, or the closing `--boundary--`."""
    raw, _, end = source
    mark = b"--" + boundary
    found = raw.find(mark, source.start, end)
    while found >= 0:
        after = found + len(mark)
        rest = _REST_OF_DELIMITER.match(raw, after, end)
        begins_a_line = found == source.start or raw[found - 1] in b"\r\n"
        if rest and begins_a_line:
            after = rest.end()
            yield Delimiter(found, after, rest.group(1) is not None)
        found = raw.find(mark, after, end)


def ranges(source: Source, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Where each part between the boundaries begins and ends; a missing last boundary ends with its parent."""
    start: int | None = None
    for delimiter in delimiters(source, boundary):
        if start is not None:
            yield start, max(start, _before_line_end(source.raw, start, delimiter.start))
        if delimiter.closes:
            return
        start = delimiter.after

    if start is not None:
        yield start, source.end


def guessed_boundary(source: Source) -> bytes:
    """What the first line says that looks like a boundary with header fields behind it; nothing where none does."""
    end = min(source.end, source.start + _PREAMBLE_BYTES)
    found = _LIKE_A_DELIMITER.search(source.raw, source.start, end)
    return found.group(1) if found else b""


def bytes_outside(source: Source, found: list[Delimiter]) -> int:
    """How many bytes stand before the first part and behind the last, their white space left aside."""
    before = source.raw[source.start : found[0].start].strip()
    last = found[-1]
    if not last.closes:
        return len(before)

    behind = source.raw[last.after : source.end].strip()
    return len(before) + len(behind)


def _before_line_end(raw: bytes, start: int, end: int) -> int:
    """The end of a part: the line end before a boundary belongs to the boundary."""
    if end > start and raw[end - 1 : end] == b"\n":
        end -= 1
    if end > start and raw[end - 1 : end] == b"\r":
        end -= 1
    return end
