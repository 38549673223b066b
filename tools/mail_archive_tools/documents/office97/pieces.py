"""The pieces that the text of a Word file stands in, and the marks on its characters (MS-DOC, 2.4.1)."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from mail_archive_tools.documents.limits import Refused

# Places in the file information block: of the piece table, and of the pages of formatting.
_CLX, _FORMATS = 0x1A2, 0xFA
_PROPERTIES, _PIECE_TABLE = 1, 2
_COMPRESSED = 1 << 30
_PAGE = 512
_PAGE_NUMBER = 0x3FFFFF
_MAX_RUNS = 200_000
_RUNS_OF_A_PAGE = 101

_VANISH, _DELETED = 0x083C, 0x0800
_OPERAND_BYTES = (1, 1, 2, 4, 2, 2, 0, 3)
"""By the upper three bits of a property (2.6.1); 0: its first byte says how many follow."""


class Piece(NamedTuple):
    """Characters that stand together: from which place of the text on, and how they are marked: "hidden", "deleted" or
    not at all."""

    start: int
    text: str
    mark: str


class _Run(NamedTuple):
    """Bytes of the stream whose characters are marked."""

    start: int
    end: int
    mark: str


class _Stretch(NamedTuple):
    """One entry of the piece table: characters of the text, as bytes of the stream."""

    first: int
    """The place of its first character in the text."""
    start: int
    end: int
    width: int
    """Bytes of a character."""


def number(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")


def pieces(document: bytes, table: bytes) -> list[Piece]:
    """The text in its order, cut where marks begin and end.

    Raises:
        Refused: there is no piece table.
    """
    runs = _runs(document, table)
    ends = [run.end for run in runs]
    found: list[Piece] = []
    for stretch in _stretches(document, table):
        charset = "cp1252" if stretch.width == 1 else "utf-16-le"
        for begin, end, mark in _cut(stretch.start, stretch.end, runs, ends):
            place = stretch.first + (begin - stretch.start) // stretch.width
            found.append(Piece(place, document[begin:end].decode(charset, "replace"), mark))

    return found


def _stretches(document: bytes, table: bytes) -> Iterator[_Stretch]:
    """The entries of the piece table (PlcPcd): first the places of all characters, then of all bytes."""
    place, end = _piece_table(document, table)
    count = (end - place - 4) // 12
    entries = place + 4 * (count + 1)
    for each in range(count):
        first, last = number(table, place + 4 * each, 4), number(table, place + 4 * (each + 1), 4)
        # Two bytes in the entry stand before the place.
        where = number(table, entries + 8 * each + 2, 4)
        start, width = where & ~_COMPRESSED, 2
        if where & _COMPRESSED:
            # Characters of one byte each, whose place is given twice as far (FcCompressed).
            start, width = start // 2, 1
        length = max(0, last - first) * width
        yield _Stretch(first, start, min(start + length, len(document)), width)


def _piece_table(document: bytes, table: bytes) -> tuple[int, int]:
    """Where the piece table begins and ends, behind properties of no matter here (Clx)."""
    place = number(document, _CLX, 4)
    end = min(place + number(document, _CLX + 4, 4), len(table))
    while place < end and table[place] == _PROPERTIES:
        place += 3 + number(table, place + 1, 2)
    if place >= end or table[place] != _PIECE_TABLE:
        raise Refused("is a Word document without text, or broken")

    begin = place + 5
    return begin, min(begin + number(table, place + 1, 4), end)


def _cut(start: int, end: int, runs: list[_Run], ends: list[int]) -> Iterator[tuple[int, int, str]]:
    """Bytes in parts, each with its mark. `ends` are those of the runs."""
    for run in runs[bisect_right(ends, start) :]:
        if run.start >= end:
            break
        if run.start > start:
            yield start, run.start, ""
        run_end = min(end, run.end)
        yield max(start, run.start), run_end, run.mark
        start = run_end

    if start < end:
        yield start, end, ""


def _runs(document: bytes, table: bytes) -> list[_Run]:
    """What is hidden or deleted, in the order of the stream."""
    found: list[_Run] = []
    for page in _pages(document, table):
        for run in _of_page(page):
            found.append(run)
            if len(found) >= _MAX_RUNS:
                return sorted(found)

    return sorted(found)


def _pages(document: bytes, table: bytes) -> Iterator[bytes]:
    """The pages that say how characters are formatted (PlcBteChpx, ChpxFkp)."""
    place, size = number(document, _FORMATS, 4), number(document, _FORMATS + 4, 4)
    count = max(0, min(size, len(table) - place) - 4) // 8
    numbers = place + 4 * (count + 1)
    for each in range(count):
        at = (number(table, numbers + 4 * each, 4) & _PAGE_NUMBER) * _PAGE
        page = document[at : at + _PAGE]
        if len(page) == _PAGE:
            yield page


def _of_page(page: bytes) -> Iterator[_Run]:
    """The marked runs of one page; its last byte says how many runs it has."""
    count = page[-1]
    for each in range(min(count, _RUNS_OF_A_PAGE)):
        # A byte for each run says where in the page its properties stand, in pairs of bytes; 0: it has none.
        at = page[4 * (count + 1) + each] * 2
        if not at:
            continue
        mark = _mark(page[at + 1 : at + 1 + page[at]])
        if mark:
            yield _Run(number(page, 4 * each, 4), number(page, 4 * each + 4, 4), mark)


def _mark(properties: bytes) -> str:
    """What properties of characters say of their being seen (2.6.1)."""
    mark = ""
    place = 0
    while place + 2 <= len(properties):
        kind = number(properties, place, 2)
        place += 2
        size = _OPERAND_BYTES[kind >> 13] or 1 + number(properties, place, 1)
        is_on = properties[place : place + 1] not in (b"\0", b"")
        if kind == _DELETED and is_on:
            mark = "deleted"
        elif kind == _VANISH and is_on and not mark:
            mark = "hidden"
        place += size

    return mark
