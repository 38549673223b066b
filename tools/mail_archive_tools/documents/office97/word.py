"""Text of Word files from before 2007 (MS-DOC): the piece table says where it stands, and the formatting of characters
which of it is hidden or was deleted.

Own code: no library in Python reads it that is kept, and is not a program or a heap of others.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import olefile

from mail_archive_tools.documents.limits import Gathered, Refused
from mail_archive_tools.documents.office97.objects import add_objects
from mail_archive_tools.documents.passwords import decrypted

_FLAGS, _CLX, _FORMATS, _STORIES = 0x0A, 0x1A2, 0xFA, 0x4C
_SECOND_TABLE, _ENCRYPTED = 0x0200, 0x0100
_FIRST_WITH_PIECES = 0x00C1
"""The version of Word 97."""
_TEXT_FROM, _TEXT_TO = 0x18, 0x1C
_COMPRESSED = 1 << 30
_PAGE = 512
_MAX_RUNS = 200_000
_VANISH, _DELETED = 0x083C, 0x0800
_OPERAND_BYTES = (1, 1, 2, 4, 2, 2, 0, 3)
_FIELD_BEGIN, _FIELD_MIDDLE, _FIELD_END = "\x13", "\x14", "\x15"
_HYPERLINK = re.compile(r'\s*HYPERLINK\s+"?([^"\s]+)')
_SHOWN = str.maketrans(
    {"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x07": " | ", "\x1e": "-", "\x1f": "", "\xa0": " "}
    | dict.fromkeys("\x01\x02\x03\x04\x05\x08", "")
)
_TITLES = ("", "footnotes", "headers and footers", "macros", "comments", "endnotes", "text boxes", "text boxes")


class _Run(NamedTuple):
    """Characters with a mark: bytes of the stream, and what they are."""

    start: int
    end: int
    mark: str


def read(data: bytes, gathered: Gathered) -> None:
    with olefile.OleFileIO(BytesIO(decrypted(data, gathered))) as ole:
        if not ole.exists("WordDocument"):
            raise Refused("is not a Word document that can be opened")
        add_document(ole, [], gathered)
        add_objects(ole, gathered, add_document)
        if ole.exists("Macros") or ole.exists("_VBA_PROJECT_CUR"):
            gathered.note("It has macros, which were not run.")


def read_object(data: bytes, gathered: Gathered) -> None:
    """An object by itself, as newer documents embed it: a document of Word is in it, or a file of any kind."""
    with olefile.OleFileIO(BytesIO(data)) as ole:
        if not add_objects(ole, gathered, add_document):
            raise Refused("holds an object of a kind that is not known here")


def add_document(ole: olefile.OleFileIO, where: list[str], gathered: Gathered) -> None:
    """The text of a document that is at the top of a file, or in a storage of it."""
    document = ole.openstream([*where, "WordDocument"]).read()
    if _number(document, 2, 2) < _FIRST_WITH_PIECES:
        _read_older(document, gathered)
        return
    table_name = "1Table" if _number(document, _FLAGS, 2) & _SECOND_TABLE else "0Table"
    table = ole.openstream([*where, table_name]).read()
    lengths = [_number(document, _STORIES + 4 * place, 4) for place in range(len(_TITLES))]
    pieces = _pieces(document, table)
    position = 0
    for title, length in zip(_TITLES, lengths, strict=True):
        text = "".join(_between(pieces, position, position + length))
        position += length
        if shown := _without_fields(text).translate(_SHOWN).strip():
            gathered.add(f"[{title}]\n{shown}\n" if title else f"{shown}\n")
        if gathered.is_full():
            return


def _read_older(document: bytes, gathered: Gathered) -> None:
    """The text of Word 6 and Word 95, which stands in one piece."""
    if _number(document, _FLAGS, 2) & _ENCRYPTED:
        raise Refused("is encrypted in a way that is not opened here")
    start, end = _number(document, _TEXT_FROM, 4), _number(document, _TEXT_TO, 4)
    text = document[start:end].decode("cp1252", "replace")
    gathered.add(f"{_without_fields(text).translate(_SHOWN).strip()}\n")
    gathered.note("It is of Word 6 or 95: its text alone was read.")


def _number(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")


class _Piece(NamedTuple):
    """Characters that stand together: from which place of the text on, and with which mark."""

    start: int
    text: str
    mark: str


def _between(pieces: list[_Piece], start: int, end: int) -> Iterator[str]:
    """The text from one place to another; what a reader does not see of it in brackets."""
    for piece in pieces[max(0, bisect_right(pieces, start, key=lambda each: each.start) - 1) :]:
        if piece.start >= end:
            return
        text = piece.text[max(0, start - piece.start) : end - piece.start]
        if piece.mark and text.strip():
            yield f"[{piece.mark}: {text.strip()}] "
        elif not piece.mark:
            yield text


def _pieces(document: bytes, table: bytes) -> list[_Piece]:
    """The text in its order, cut where marks begin and end (MS-DOC, 2.4.1)."""
    runs = _runs(document, table)
    ends = [run.end for run in runs]
    place, size = _number(document, _CLX, 4), _number(document, _CLX + 4, 4)
    end = min(place + size, len(table))
    while place < end and table[place] == 1:
        place += 3 + _number(table, place + 1, 2)
    if place >= end or table[place] != 2:
        raise Refused("is a Word document without text, or broken")
    size = min(_number(table, place + 1, 4), end - place - 5)
    place, count = place + 5, (size - 4) // 12
    found: list[_Piece] = []
    for number in range(count):
        first, last = (_number(table, place + 4 * (number + each), 4) for each in (0, 1))
        where = _number(table, place + 4 * (count + 1) + 8 * number + 2, 4)
        compressed = bool(where & _COMPRESSED)
        width = 1 if compressed else 2
        start = (where & ~_COMPRESSED) // (2 if compressed else 1)
        stop = min(start + max(0, last - first) * width, len(document))
        for begin, until, mark in _cut(start, stop, runs, ends):
            text = document[begin:until].decode("cp1252" if compressed else "utf-16-le", "replace")
            found.append(_Piece(first + (begin - start) // width, text, mark))
    return found


def _cut(start: int, stop: int, runs: list[_Run], ends: list[int]) -> Iterator[tuple[int, int, str]]:
    """Bytes in parts, each with its mark."""
    for run in runs[bisect_right(ends, start) :]:
        if run.start >= stop:
            break
        if run.start > start:
            yield start, run.start, ""
        yield max(start, run.start), min(stop, run.end), run.mark
        start = min(stop, run.end)
    if start < stop:
        yield start, stop, ""


def _runs(document: bytes, table: bytes) -> list[_Run]:
    """What is hidden or deleted, in the order of the stream (MS-DOC, 2.8.6 and 2.9.32)."""
    place, size = _number(document, _FORMATS, 4), _number(document, _FORMATS + 4, 4)
    count = max(0, min(size, len(table) - place) - 4) // 8
    found: list[_Run] = []
    for number in range(count):
        page_at = (_number(table, place + 4 * (count + 1) + 4 * number, 4) & 0x3FFFFF) * _PAGE
        page = document[page_at : page_at + _PAGE]
        if len(page) < _PAGE:
            continue
        for each in range(min(page[-1], 101)):
            at = page[4 * (page[-1] + 1) + each] * 2
            if at and (mark := _mark(page[at + 1 : at + 1 + page[at]])):
                found.append(_Run(_number(page, 4 * each, 4), _number(page, 4 * each + 4, 4), mark))
            if len(found) >= _MAX_RUNS:
                return sorted(found)
    return sorted(found)


def _mark(properties: bytes) -> str:
    """What properties of characters say of their being seen (MS-DOC, 2.6.1)."""
    place, mark = 0, ""
    while place + 2 <= len(properties):
        kind = _number(properties, place, 2)
        place += 2
        size = _OPERAND_BYTES[kind >> 13] or 1 + _number(properties, place, 1)
        if kind in (_VANISH, _DELETED) and properties[place : place + 1] not in (b"\0", b""):
            mark = "deleted" if kind == _DELETED or mark == "deleted" else "hidden"
        place += size
    return mark


def _without_fields(text: str) -> str:
    """The text with the results of its fields, and where its links lead."""
    if _FIELD_BEGIN not in text:
        return text
    pieces: list[str] = []
    instructions: list[list[str]] = []
    in_result: list[bool] = []
    for piece in _split(text):
        if piece == _FIELD_BEGIN:
            instructions.append([])
            in_result.append(False)
        elif piece == _FIELD_MIDDLE and in_result:
            in_result[-1] = True
        elif piece == _FIELD_END and instructions:
            link = _HYPERLINK.match("".join(instructions.pop()))
            in_result.pop()
            if link and all(in_result):
                pieces.append(f" <{link.group(1)}>")
        elif all(in_result):
            pieces.append(piece)
        elif not in_result[-1]:
            instructions[-1].append(piece)
    return "".join(pieces)


def _split(text: str) -> Iterator[str]:
    start = 0
    for place, character in enumerate(text):
        if character in (_FIELD_BEGIN, _FIELD_MIDDLE, _FIELD_END):
            yield text[start:place]
            yield character
            start = place + 1
    yield text[start:]
