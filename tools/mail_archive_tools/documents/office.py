"""Text of Word and PowerPoint files (ECMA-376) and of OpenDocument text and slides (ISO/IEC 26300).

Own code over zipfile and expat: the libraries for these formats unpack whole members before any limit can hold.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from mail_archive_tools.documents.limits import PAGES, UNPACKED_BYTES, Gathered, Refused, refuse_bombs

_CHUNK = 65_536
_WORD_PARTS = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml$")
_SLIDE = re.compile(r"ppt/(slides|notesSlides)/(?:slide|notesSlide)(\d+)\.xml$")
_HYPERLINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
_AFTER = {"p": "\n", "tr": "\n", "h": "\n", "table-row": "\n", "list-item": "\n"}
_AT = {"tab": "\t", "br": "\n", "cr": "\n", "line-break": "\n", "s": " "}
_CELLS = frozenset({"tc", "table-cell"})
_ROWS = frozenset({"tr", "table-row"})
_UNSEEN = frozenset({"instrText", "delText", "annotation", "tracked-changes", "script", "forms"})


def read(data: bytes, gathered: Gathered) -> None:
    try:
        archive = ZipFile(BytesIO(data))
    except BadZipFile:
        raise Refused("is not the zip file that its kind consists of") from None
    with archive:
        refuse_bombs(archive)
        if any(each.flag_bits & 1 for each in archive.infolist()):
            raise Refused("is encrypted with a password")
        members = _members(archive)
        if not members:
            raise Refused("has none of the parts that hold text")
        budget = UNPACKED_BYTES
        for member, title in members:
            if title:
                gathered.add(f"[{title}]\n")
            budget -= _Reader(archive, member, gathered).run(budget)
            if gathered.is_full():
                break
            if budget <= 0:
                gathered.note(f"More than {UNPACKED_BYTES:,} bytes unpacked; the rest was left out.")
                break
        if any(name.lower().endswith("vbaproject.bin") for name in archive.namelist()):
            gathered.note("It has macros, which were not run.")


def _members(archive: ZipFile) -> list[tuple[ZipInfo, str]]:
    """The members that hold text, in reading order, each with a title where it has one."""
    infos = {each.filename: each for each in archive.infolist()}
    if "content.xml" in infos:
        return [(infos["content.xml"], "")]
    slides = sorted(
        (match.group(1) != "slides", int(match.group(2)), name) for name in infos if (match := _SLIDE.match(name))
    )
    if slides:
        return [
            (infos[name], f"{'notes of slide' if notes else 'slide'} {number}")
            for notes, number, name in slides[:PAGES]
        ]

    found = sorted(
        (name for name in infos if _WORD_PARTS.match(name)), key=lambda name: (name != "word/document.xml", name)
    )
    return [(infos[name], "" if name == "word/document.xml" else name[5:-4]) for name in found]


class _Reader:
    """One XML member, read in pieces; elements by their names without namespaces."""

    def __init__(self, archive: ZipFile, member: ZipInfo, gathered: Gathered) -> None:
        self._archive = archive
        self._member = member
        self._gathered = gathered
        self._targets = dict(_hyperlinks(archive, member.filename))
        self._links: list[str] = []
        self._unseen = 0
        self._vanished = False
        self._in_text = 0
        self._cells: list[str] = []
        self._first = True
        self._odf = member.filename == "content.xml"

    def run(self, budget: int) -> int:
        """Read up to `budget` bytes; how many there were."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = _refuse_entities
        parser.buffer_text = True
        done = 0
        with self._archive.open(self._member) as source:
            try:
                while done < budget and (chunk := source.read(_CHUNK)) and not self._gathered.is_full():
                    parser.Parse(chunk)
                    done += len(chunk)
            except (expat.ExpatError, BadZipFile):
                self._gathered.note(f"{self._member.filename} breaks off, or is not XML; what stands before was read.")

        return max(done, 1)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "t" or (self._odf and tag in ("p", "h")):
            self._in_text += 1
        elif tag == "rPr":
            self._vanished = False
        elif tag == "vanish":
            self._vanished = next((value for key, value in attributes.items() if key.endswith("val")), "1") not in (
                "0",
                "false",
            )
        elif tag in ("hyperlink", "hlinkClick"):
            self._links.append(
                self._targets.get(next((value for key, value in attributes.items() if key.endswith(" id")), ""), "")
            )
        elif tag == "a" and self._odf:
            self._links.append(next((value for key, value in attributes.items() if key.endswith(" href")), ""))
        if tag in _ROWS:
            self._first = True
        elif tag in _CELLS:
            self._cells.append(tag)
            self._gathered.add("" if self._first else "| ")
            self._first = False
        if tag in _AT and not self._unseen:
            self._gathered.add(_AT[tag])

    def _end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag in _UNSEEN:
            self._unseen -= 1
        elif tag == "t" or (self._odf and tag in ("p", "h")):
            self._in_text -= 1
        elif tag == "r":
            self._vanished = False
            self._end_slide_link()
        elif (tag == "hyperlink" or (tag == "a" and self._odf)) and self._links and (target := self._links.pop()):
            self._gathered.add(f" <{target}>")
        if tag in _CELLS:
            self._cells.pop()
        elif tag in _AFTER:
            self._gathered.add(" " if self._cells and tag in ("p", "h") else _AFTER[tag])

    def _end_slide_link(self) -> None:
        """A slide names its link before the text, inside the run."""
        if self._member.filename.startswith("ppt/") and self._links and (target := self._links.pop()):
            self._gathered.add(f" <{target}>")

    def _text(self, text: str) -> None:
        if self._vanished and self._in_text:
            self._gathered.note("It has hidden text, which was left out.")
        elif self._in_text and not self._unseen:
            self._gathered.add(text)


def _refuse_entities(*_: object) -> None:
    raise Refused("declares XML entities, which no honest file of its kind does")


def _hyperlinks(archive: ZipFile, name: str) -> Iterator[tuple[str, str]]:
    """The targets of a member's hyperlinks by their id."""
    folder, _, base = name.rpartition("/")
    relations = f"{folder}/_rels/{base}.rels"
    if relations not in archive.namelist():
        return
    found: list[tuple[str, str]] = []

    def start(_: str, attributes: dict[str, str]) -> None:
        if attributes.get("Type") == _HYPERLINK:
            found.append((attributes.get("Id", ""), attributes.get("Target", "")))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EntityDeclHandler = _refuse_entities
    try:
        with archive.open(relations) as source:
            parser.Parse(source.read(_CHUNK * 16), True)
    except (expat.ExpatError, BadZipFile):
        pass

    yield from found
