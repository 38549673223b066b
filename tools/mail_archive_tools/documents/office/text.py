"""Text of Word and PowerPoint files (ECMA-376) and of OpenDocument text and slides (ISO/IEC 26300).

Own code over zipfile and expat: the libraries for these formats unpack whole members before any limit can hold. What a
reader of the page would not see stands in brackets: comments, what was deleted, hidden text.
"""

import re
from collections.abc import Collection
from io import BytesIO
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from mail_archive_tools.documents.limits import PAGES, UNPACKED_BYTES, Gathered, Refused, refuse_bombs
from mail_archive_tools.documents.office.markup import add_embedded
from mail_archive_tools.documents.office.member import MemberText
from mail_archive_tools.documents.office.open_document import CONTENT, STYLES, OpenDocumentText, refuse_encrypted
from mail_archive_tools.documents.passwords import decrypted

_WORD_PARTS = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml$")
_WORD_MAIN = "word/document.xml"
_SLIDE = re.compile(r"ppt/(slides|notesSlides|comments)/(?:slide|notesSlide|comment|modernComment)_?(\w+)\.xml$")
_NUMBER = re.compile("[0-9]{1,18}")
_SLIDE_TITLES = {"slides": "slide", "notesSlides": "notes of slide", "comments": "comments"}


class _Member(NamedTuple):
    """A member that holds text; `title` stands before it where it has one."""

    name: str
    title: str = ""


def read(data: bytes, gathered: Gathered) -> None:
    try:
        archive = ZipFile(BytesIO(decrypted(data, gathered)))
    except BadZipFile:
        raise Refused("is not the zip file that its kind consists of") from None

    with archive:
        refuse_bombs(archive)
        if any(each.flag_bits & 1 for each in archive.infolist()):
            raise Refused("is encrypted in a way that is not opened here")
        members = _members(archive.namelist())
        refuse_encrypted(archive)
        if not members:
            raise Refused("has none of the parts that hold text")

        _add_members(archive, members, gathered)
        add_embedded(archive, gathered)


def _add_members(archive: ZipFile, members: list[_Member], gathered: Gathered) -> None:
    budget = UNPACKED_BYTES
    for name, title in members:
        if title:
            gathered.add(f"[{title}]\n")
        kind = OpenDocumentText if name in (CONTENT, STYLES) else MemberText
        budget -= kind(archive, archive.getinfo(name), gathered).run(budget)
        if gathered.is_full():
            return
        if budget <= 0:
            gathered.note(f"More than {UNPACKED_BYTES:,} bytes unpacked; the rest was left out.")
            return


def _members(names: Collection[str]) -> list[_Member]:
    """The members that hold text, in reading order."""
    if CONTENT in names:
        # Headers and footers of OpenDocument are among the styles.
        return [_Member(name) for name in (CONTENT, STYLES) if name in names]

    slides = _slides(names)
    if slides:
        return slides

    parts = sorted({name for name in names if _WORD_PARTS.match(name)})
    main = [_Member(name) for name in parts if name == _WORD_MAIN]
    others = [_Member(name, name.removeprefix("word/").removesuffix(".xml")) for name in parts if name != _WORD_MAIN]
    return main + others


def _slides(names: Collection[str]) -> list[_Member]:
    """All slides by their numbers, then the notes of all, then the comments."""
    kinds = list(_SLIDE_TITLES)
    found: set[tuple[int, int, str, str]] = set()
    for name in names:
        match = _SLIDE.match(name)
        if match is not None:
            kind, number = match.groups()
            # Comments of today have no number.
            place = int(number) if _NUMBER.fullmatch(number) else 0
            found.add((kinds.index(kind), place, number, name))

    titles = list(_SLIDE_TITLES.values())
    return [_Member(name, f"{titles[kind]} {number}") for kind, _, number, name in sorted(found)[:PAGES]]
