"""What stands at the cells of Excel files from before 2007 (MS-XLS), which the reader of cells leaves out: comments,
text boxes, and where links lead."""

import re
from collections.abc import Iterator
from io import BytesIO

import olefile

from mail_archive_tools.documents.limits import Gathered
from mail_archive_tools.documents.office97.objects import add_objects
from mail_archive_tools.documents.office97.word import add_document

_TEXT_OBJECT, _CONTINUED, _LINK = 0x01B6, 0x003C, 0x01B8
_HEAD_BYTES = 4
_LINK_TARGET = 32
# Of Excel 97 and later, and of Excel 5 and 95.
_STREAMS = ("Workbook", "Book")
_MAX_RECORDS = 2_000_000
_MAX_FOUND = 5_000
_ADDRESS = re.compile("(?:[a-z][a-z0-9+.-]{1,15}:|www\\.)[^\0]+", re.IGNORECASE)


def add_asides(data: bytes, gathered: Gathered) -> None:
    """A line for each comment or text box, and for each link; then the files that are embedded."""
    with olefile.OleFileIO(BytesIO(data)) as ole:
        for name in _STREAMS:
            if ole.exists(name):
                for line in _asides(ole.openstream(name).read()):
                    gathered.add(f"{line}\n")
                break
        add_objects(ole, gathered, add_document)


def _asides(stream: bytes) -> Iterator[str]:
    """The lines to add, each once."""
    found: dict[str, None] = {}
    awaits_text = False
    for kind, record in _records(stream):
        if kind == _TEXT_OBJECT:
            # How many characters follow in the record behind it (MS-XLS, TxO); 0: none does.
            awaits_text = int.from_bytes(record[10:12], "little") > 0
        elif kind == _CONTINUED and awaits_text:
            awaits_text = False
            text = " ".join(_text(record).split())
            if text:
                found[f"[comment or text box] {text}"] = None
        elif kind == _LINK:
            target = record[_LINK_TARGET:].decode("utf-16-le", "replace")
            address = _ADDRESS.search(target)
            if address:
                found[f"[link to {address.group()}]"] = None
        if len(found) >= _MAX_FOUND:
            break

    yield from found


def _text(record: bytes) -> str:
    """Characters behind a byte that says how wide they are."""
    width = record[:1]
    return record[1:].decode("utf-16-le" if width == b"\1" else "latin-1", "replace")


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """The records that matter here, by their kinds."""
    place = 0
    for _ in range(_MAX_RECORDS):
        begin = place + _HEAD_BYTES
        if begin > len(stream):
            return

        kind = int.from_bytes(stream[place : place + 2], "little")
        end = begin + int.from_bytes(stream[place + 2 : begin], "little")
        if kind in (_TEXT_OBJECT, _CONTINUED, _LINK):
            yield kind, stream[begin:end]
        place = end
