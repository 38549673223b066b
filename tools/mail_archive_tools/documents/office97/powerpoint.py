"""Text of PowerPoint files from before 2007 (MS-PPT): slides, their notes, comments, and where links lead.

Own code, for the reason of `word`.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import olefile

from mail_archive_tools.documents.limits import PAGES, Gathered, Refused
from mail_archive_tools.documents.passwords import decrypted

_SLIDE, _NOTES, _MASTER, _HANDOUT, _OUTLINE = 1006, 1008, 1016, 4041, 4080
_TEXT, _BYTES, _STRING, _LINK, _COMMENT, _OF_SLIDE = 4000, 4008, 4026, 4055, 12000, 1011
_STREAMS = (["PP97_DUALSTORAGE", "PowerPoint Document"], ["PowerPoint Document"])
_NUMBER = "*"
_CONTAINER = 0xF
_KEPT_CONTAINERS = (_SLIDE, _NOTES, _MASTER, _HANDOUT, _LINK, _COMMENT, _OUTLINE)
_HEAD_BYTES = 8
_MAX_RECORDS = 500_000
_SHOWING = (_TEXT, _BYTES, _STRING)
_SHOWN = str.maketrans({"\r": "\n", "\x0b": "\n"})


class _Record(NamedTuple):
    kind: int
    instance: int
    data: bytes
    inside: int
    """The kind of what it is in, of those that matter here."""


def read(data: bytes, gathered: Gathered) -> None:
    with olefile.OleFileIO(BytesIO(decrypted(data, gathered))) as ole:
        stream = _stream(ole)

    slides = outlined = 0
    title = ""
    shown: set[str] = set()
    for record in _records(stream):
        if record.kind == _SLIDE:
            slides += 1
            if slides > PAGES:
                gathered.note(f"It has more than {PAGES} slides; the rest was left out.")
                return
            title = f"[slide {slides}]\n"
        elif record.kind == _OUTLINE:
            outlined = 0
        elif record.kind == _OF_SLIDE:
            # The text of a slide's placeholders stands in the outline, before the slides.
            outlined += 1
            title = f"[slide {outlined}]\n"
        elif record.kind == _NOTES:
            title = "[notes]\n"
        else:
            text = _text(record)
            # A slide's text may stand in the outline too. A star is what stands for a number.
            if text and text not in shown and text != _NUMBER:
                gathered.add(f"{title}{text}\n")
                title = ""
                shown.add(text)
        if gathered.is_full():
            return

    if not slides:
        gathered.note("No slides of PowerPoint 97 or later were found in it; those of an older one are not read here.")


def _stream(ole: olefile.OleFileIO) -> bytes:
    # A file for PowerPoint 95 too has what is for 97 in a storage of its own.
    for path in _STREAMS:
        if ole.exists(path):
            found: bytes = ole.openstream(path).read()
            return found
    raise Refused("is not a PowerPoint file that can be opened")


def _text(record: _Record) -> str:
    """What a record shows; nothing of those that hold other things."""
    if record.inside in (_MASTER, _HANDOUT):
        return ""
    if record.kind == _BYTES:
        return record.data.decode("latin-1").translate(_SHOWN).strip()

    text = record.data.decode("utf-16-le", "replace").translate(_SHOWN).strip()
    if record.kind == _TEXT or not text:
        return text
    # Of the strings in ExHyperlinkContainer and Comment10Container (MS-PPT) those of instance 1 are where it leads, and
    # what it says; the others are names.
    if record.kind != _STRING or record.instance != 1:
        return ""
    if record.inside == _LINK:
        return f"[link to {text}]"
    if record.inside == _COMMENT:
        return f"[comment] {text}"
    return ""


def _records(stream: bytes) -> Iterator[_Record]:
    """The records that matter here, those in containers too, in their order."""
    # Of the containers that are open: where they end, and which of `_KEPT_CONTAINERS` they are, or are in.
    ends = [(len(stream), 0)]
    place = 0
    for _ in range(_MAX_RECORDS):
        while ends and place + _HEAD_BYTES > ends[-1][0]:
            # What is too short for a record ends the container.
            place = ends.pop()[0]
        if not ends:
            return

        # The head of a record (MS-PPT, 2.3.1).
        head = int.from_bytes(stream[place : place + 2], "little")
        kind = int.from_bytes(stream[place + 2 : place + 4], "little")
        size = int.from_bytes(stream[place + 4 : place + 8], "little")
        instance = head >> 4
        place += _HEAD_BYTES
        outer_end, inside = ends[-1]
        end = min(place + size, outer_end)

        if head & 0xF == _CONTAINER:
            yield _Record(kind, instance, b"", inside)
            ends.append((end, kind if kind in _KEPT_CONTAINERS else inside))
            continue
        if kind in _SHOWING or (kind == _OF_SLIDE and inside == _OUTLINE):
            yield _Record(kind, instance, stream[place:end], inside)
        place = end
