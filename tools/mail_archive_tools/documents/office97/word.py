"""Text of Word files from before 2007 (MS-DOC): the piece table says where it stands, and the formatting of characters
which of it is hidden or was deleted.

Own code: no library in Python reads it that is kept, and is not a program or a heap of others.
"""

from bisect import bisect_right
from collections.abc import Iterator
from io import BytesIO

import olefile

from mail_archive_tools.documents.limits import Gathered, Refused
from mail_archive_tools.documents.office97.fields import without_fields
from mail_archive_tools.documents.office97.objects import add_objects
from mail_archive_tools.documents.office97.pieces import Piece, number, pieces
from mail_archive_tools.documents.passwords import decrypted

# Places in the file information block, with which the document begins (MS-DOC, 2.5).
_VERSION, _FLAGS, _STORIES = 0x02, 0x0A, 0x4C
_TEXT_FROM, _TEXT_TO = 0x18, 0x1C
_SECOND_TABLE, _ENCRYPTED = 0x0200, 0x0100
_WORD_97 = 0x00C1

# What stands for the ends of paragraphs, lines, pages and cells, for hyphens, and for what is no text.
_SHOWN = str.maketrans(
    {"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x07": " | ", "\x1e": "-", "\x1f": "", "\xa0": " "}
    | dict.fromkeys("\x01\x02\x03\x04\x05\x08", "")
)
_TITLES = ("", "footnotes", "headers and footers", "macros", "comments", "endnotes", "text boxes", "text boxes")
"""The stories of a document, which stand one behind the other."""


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
    if number(document, _VERSION, 2) < _WORD_97:
        _add_older(document, gathered)
        return

    table_name = "1Table" if number(document, _FLAGS, 2) & _SECOND_TABLE else "0Table"
    table = ole.openstream([*where, table_name]).read()
    found = pieces(document, table)

    begin = 0
    for place, title in enumerate(_TITLES):
        end = begin + number(document, _STORIES + 4 * place, 4)
        shown = _shown("".join(_between(found, begin, end)))
        begin = end
        if shown and title:
            gathered.add(f"[{title}]\n")
        if shown:
            gathered.add(f"{shown}\n")
        if gathered.is_full():
            return


def _add_older(document: bytes, gathered: Gathered) -> None:
    """The text of Word 6 and Word 95, which stands in one piece."""
    if number(document, _FLAGS, 2) & _ENCRYPTED:
        raise Refused("is encrypted in a way that is not opened here")

    start, end = number(document, _TEXT_FROM, 4), number(document, _TEXT_TO, 4)
    text = document[start:end].decode("cp1252", "replace")
    gathered.add(f"{_shown(text)}\n")
    gathered.note("It is of Word 6 or 95: its text alone was read.")


def _shown(text: str) -> str:
    return without_fields(text).translate(_SHOWN).strip()


def _between(found: list[Piece], start: int, end: int) -> Iterator[str]:
    """The text from one place to another; what a reader does not see of it in brackets."""
    # The last piece that begins at `start` or before.
    first = bisect_right(found, start, key=lambda piece: piece.start) - 1
    for piece in found[max(0, first) :]:
        if piece.start >= end:
            return

        text = piece.text[max(0, start - piece.start) : end - piece.start]
        if not piece.mark:
            yield text
        elif text.strip():
            yield f"[{piece.mark}: {text.strip()}] "
