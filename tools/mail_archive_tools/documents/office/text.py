"""Text of Word and PowerPoint files (ECMA-376) and of OpenDocument text and slides (ISO/IEC 26300).

Own code over zipfile and expat: the libraries for these formats unpack whole members before any limit can hold. What a
reader of the page would not see stands in brackets: comments, what was deleted, hidden text.
"""

import re
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from mail_archive_tools.documents.limits import PAGES, UNPACKED_BYTES, Gathered, Refused, refuse_bombs
from mail_archive_tools.documents.office.markup import Attributes, add_embedded, attribute, hyperlinks, parse
from mail_archive_tools.documents.passwords import decrypted

_WORD_PARTS = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml$")
_SLIDE = re.compile(r"ppt/(slides|notesSlides|comments)/(?:slide|notesSlide|comment|modernComment)_?(\w+)\.xml$")
_SLIDE_TITLES = {"slides": "slide", "notesSlides": "notes of slide", "comments": "comments"}
_AFTER = {"p": "\n", "tr": "\n", "h": "\n", "table-row": "\n", "list-item": "\n", "cm": "\n"}
_AT = {"tab": "\t", "br": "\n", "cr": "\n", "line-break": "\n", "s": " "}
_CELLS = frozenset({"tc", "table-cell"})
_ROWS = frozenset({"tr", "table-row"})
_UNSEEN = frozenset(("instrText", "script", "forms", "sender-initials", "note-citation", "pPrChange", "rPrChange"))
_TEXTS = frozenset({"t", "delText", "text"})
_BRACKETED = {
    "del": "deleted", "moveFrom": "moved away", "deletion": "deleted", "comment": "comment", "annotation": "comment",
    "note": "footnote",
}  # fmt: skip
_STYLES = "styles.xml"
_ON_EACH_PAGE = frozenset(f"{name}{which}" for name in ("header", "footer") for which in ("", "-left", "-first"))
_TINY_HALF_POINTS = 4
_WHITE = "FFFFFF"


def read(data: bytes, gathered: Gathered) -> None:
    try:
        archive = ZipFile(BytesIO(decrypted(data, gathered)))
    except BadZipFile:
        raise Refused("is not the zip file that its kind consists of") from None
    with archive:
        refuse_bombs(archive)
        if any(each.flag_bits & 1 for each in archive.infolist()):
            raise Refused("is encrypted in a way that is not opened here")
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
        add_embedded(archive, gathered)


def _members(archive: ZipFile) -> list[tuple[ZipInfo, str]]:
    """The members that hold text, in reading order, each with a title where it has one."""
    infos = {each.filename: each for each in archive.infolist()}
    if "content.xml" in infos:
        # Headers and footers are among the styles.
        return [(infos[name], "") for name in ("content.xml", _STYLES) if name in infos]
    slides = sorted(
        (list(_SLIDE_TITLES).index(match.group(1)), _in_order(match.group(2)), name)
        for name in infos
        if (match := _SLIDE.match(name))
    )
    if slides:
        titles = list(_SLIDE_TITLES.values())
        return [(infos[name], f"{titles[kind]} {number[1]}") for kind, number, name in slides[:PAGES]]

    found = sorted(
        (name for name in infos if _WORD_PARTS.match(name)), key=lambda name: (name != "word/document.xml", name)
    )
    return [(infos[name], "" if name == "word/document.xml" else name[5:-4]) for name in found]


def _in_order(number: str) -> tuple[int, str]:
    return (int(number) if number.isdigit() else 0, number)


class _Reader:
    """One XML member as text."""

    def __init__(self, archive: ZipFile, member: ZipInfo, gathered: Gathered) -> None:
        self._archive = archive
        self._member = member
        self._gathered = gathered
        self._targets = dict(hyperlinks(archive, member.filename))
        self._links: list[str] = []
        # Of the styles of OpenDocument nothing is shown but what stands on each page.
        self._is_styles = member.filename == _STYLES
        self._unseen = 1 if self._is_styles else 0
        self._brackets = 0
        # What stands between the pieces of a bracket, when more of them follow.
        self._space = self._colon = False
        self._hidden = False
        self._in_name = False
        self._in_text = 0
        self._cells: list[str] = []
        self._first = True
        self._odf = member.filename in ("content.xml", _STYLES)
        self._slide = member.filename.startswith("ppt/")
        # Automatic styles of OpenDocument by name, and which of them hide text.
        self._style = ""
        self._hiding: set[str] = set()
        self._spans: list[bool] = []
        self._unlike_paper = 0
        self._hard_to_see = False

    def run(self, budget: int) -> int:
        """Read up to `budget` bytes; how many there were."""
        done = parse(
            self._archive, self._member, self._gathered, budget, start=self._start, end=self._end, text=self._text
        )
        if self._unlike_paper:
            self._gathered.note(
                f"{self._unlike_paper} words are white or tiny: on white paper a reader may not see them."
            )
        return done

    def _start(self, tag: str, attributes: Attributes) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif self._is_text(tag):
            self._in_text += 1
        elif tag in ("hyperlink", "hlinkClick"):
            self._links.append(self._targets.get(attribute(attributes, "id"), ""))
        elif self._odf:
            self._start_odf(tag, attributes)
        else:
            self._format(tag, attribute(attributes, "val"))
        if tag in _BRACKETED:
            author = attribute(attributes, "author")
            self._gathered.add(f"[{_BRACKETED[tag]}{f' by {author}' if author else ''}")
            self._brackets += 1
            self._colon = True
        if tag in _ROWS:
            self._first = True
        elif tag in _CELLS:
            self._cells.append(tag)
            self._gathered.add("" if self._first else "| ")
            self._first = False
        if tag in _AT and not self._unseen:
            self._gathered.add(_AT[tag])

    def _format(self, tag: str, value: str) -> None:
        """What the properties of a run say of its being seen."""
        if tag == "rPr":
            self._hidden = self._hard_to_see = False
        elif tag == "vanish":
            self._hidden = value not in ("0", "false")
        elif tag == "color" and value.upper() == _WHITE:
            self._hard_to_see = True
        elif tag in ("shd", "highlight"):
            self._hard_to_see = False
        elif tag == "sz" and value.isdigit():
            self._hard_to_see = self._hard_to_see or int(value) < _TINY_HALF_POINTS

    def _start_odf(self, tag: str, attributes: Attributes) -> None:
        if tag == "a":
            self._links.append(attribute(attributes, "href"))
        elif tag == "style":
            self._style = attribute(attributes, "name")
        elif tag == "text-properties" and attribute(attributes, "display") == "none":
            self._hiding.add(self._style)
        elif tag == "span":
            self._spans.append(attribute(attributes, "style-name") in self._hiding)
            self._hidden = any(self._spans)
        elif tag == "creator":
            self._in_name = True
        elif tag == "date" and self._brackets:
            self._unseen += 1
        elif tag in _ON_EACH_PAGE and self._is_styles:
            self._unseen -= 1

    def _is_text(self, tag: str) -> bool:
        return tag in ("p", "h") if self._odf else tag in _TEXTS

    def _end(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen -= 1
        elif self._is_text(tag):
            self._in_text -= 1
        elif tag == "r":
            self._hidden = self._hard_to_see = False
            self._end_slide_link()
        elif (tag == "hyperlink" or (tag == "a" and self._odf)) and self._links and (target := self._links.pop()):
            self._gathered.add(f" <{target}>")
        elif self._odf:
            self._end_odf(tag)
        if tag in _BRACKETED:
            self._brackets -= 1
            self._space = self._colon = False
            self._gathered.add("]\n" if tag == "comment" else "] ")
        if tag in _CELLS:
            self._cells.pop()
        elif tag in _AFTER and not (self._is_styles and self._unseen):
            if self._brackets and tag in ("p", "h"):
                # Where more follows in the bracket.
                self._space = True
            else:
                self._gathered.add(" " if self._cells and tag in ("p", "h") else _AFTER[tag])

    def _end_odf(self, tag: str) -> None:
        if tag == "span" and self._spans:
            self._spans.pop()
            self._hidden = any(self._spans)
        elif tag == "creator":
            self._in_name = False
        elif tag == "date" and self._brackets:
            self._unseen -= 1
        elif tag in _ON_EACH_PAGE and self._is_styles:
            self._unseen += 1

    def _end_slide_link(self) -> None:
        """A slide names its link before the text, inside the run."""
        if self._slide and self._links and (target := self._links.pop()):
            self._gathered.add(f" <{target}>")

    def _text(self, text: str) -> None:
        if self._in_name:
            self._gathered.add(f" by {text}")
        elif self._in_text and not self._unseen:
            if (self._space or self._colon) and not text.isspace():
                self._gathered.add(": " if self._colon else " ")
                self._space = self._colon = False
            if self._hard_to_see:
                self._unlike_paper += len(text.split())
            self._gathered.add(f"[hidden: {text}] " if self._hidden and text.strip() else text)
