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
_CONTAINER = 0xF
_HEAD_BYTES = 8
_MAX_RECORDS = 500_000
_SHOWN = str.maketrans({"\r": "\n", "\x0b": "\n"})


class _Record(NamedTuple):
    kind: int
    instance: int
    data: bytes
    inside: int
    """The kind of what it is in, of those that matter here."""


def read(data: bytes, gathered: Gathered) -> None:
    with olefile.OleFileIO(BytesIO(decrypted(data, gathered))) as ole:
        # A file for PowerPoint 95 too has what is for 97 in a storage of its own.
        where = next((each for each in _STREAMS if ole.exists(each)), None)
        if where is None:
            raise Refused("is not a PowerPoint file that can be opened")
        stream = ole.openstream(where).read()
    slides, outlined, title = 0, 0, ""
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
        elif (text := _text(record)) and text not in shown:
            # A slide's text may stand in the outline too. A star is what stands for a number.
            gathered.add(f"{title}{text}\n" if text != "*" else "")
            title = title if text == "*" else ""
            shown.add(text)
        if gathered.is_full():
            return
    if not slides:
        gathered.note("No slides of PowerPoint 97 or later were found in it; those of an older one are not read here.")


def _text(record: _Record) -> str:
    """What a record shows; nothing of those that hold other things."""
    if record.inside in (_MASTER, _HANDOUT):
        return ""
    if record.kind == _BYTES:
        return record.data.decode("latin-1").translate(_SHOWN).strip()
    text = record.data.decode("utf-16-le", "replace").translate(_SHOWN).strip()
    if record.kind == _TEXT:
        return text
    if record.kind == _STRING and record.inside == _LINK and record.instance == 1 and text:
        return f"[link to {text}]"
    if record.kind == _STRING and record.inside == _COMMENT and record.instance == 1 and text:
        return f"[comment] {text}"
    return ""


def _records(stream: bytes) -> Iterator[_Record]:
    """All records, those in containers too, in their order."""
    ends = [(len(stream), 0)]
    place = 0
    for _ in range(_MAX_RECORDS):
        while ends and place + _HEAD_BYTES > ends[-1][0]:
            # What is too short for a record ends the container.
            place = ends.pop()[0]
        if not ends:
            return
        head = int.from_bytes(stream[place : place + 2], "little")
        kind = int.from_bytes(stream[place + 2 : place + 4], "little")
        end = min(place + _HEAD_BYTES + int.from_bytes(stream[place + 4 : place + 8], "little"), ends[-1][0])
        inside = ends[-1][1]
        place += _HEAD_BYTES
        if head & 0xF == _CONTAINER:
            yield _Record(kind, head >> 4, b"", inside)
            kept = kind if kind in (_SLIDE, _NOTES, _MASTER, _HANDOUT, _LINK, _COMMENT, _OUTLINE) else inside
            ends.append((end, kept))
        else:
            if kind in (_TEXT, _BYTES, _STRING) or (kind == _OF_SLIDE and inside == _OUTLINE):
                yield _Record(kind, head >> 4, stream[place:end], inside)
            place = end
