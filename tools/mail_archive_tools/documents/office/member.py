"""One XML member of a Word or PowerPoint file as text, as its elements come (ECMA-376, part 1)."""

import re
from zipfile import ZipFile, ZipInfo

from mail_archive_tools.documents.limits import Gathered
from mail_archive_tools.documents.office.markup import Attributes, attribute, hyperlinks, parse

# Both formats together: no name means one thing in the one and another in the other.
_AFTER = {"p": "\n", "tr": "\n", "h": "\n", "table-row": "\n", "list-item": "\n", "cm": "\n"}
_AT = {"tab": "\t", "br": "\n", "cr": "\n", "line-break": "\n", "s": " "}
_PARAGRAPHS = frozenset({"p", "h"})
_CELLS = frozenset({"tc", "table-cell"})
_ROWS = frozenset({"tr", "table-row"})
_UNSEEN = frozenset(("instrText", "script", "forms", "sender-initials", "note-citation", "pPrChange", "rPrChange"))
_BRACKETED = {
    "del": "deleted", "moveFrom": "moved away", "deletion": "deleted", "comment": "comment", "annotation": "comment",
    "note": "footnote",
}  # fmt: skip
_TINY_HALF_POINTS = re.compile("0*[0-3]")
_WHITE = "FFFFFF"


class MemberText:
    """Adds the text of one member. What OpenDocument has in other ways is in `OpenDocumentText`."""

    texts = frozenset({"t", "delText", "text"})
    """The elements that hold characters to show."""

    def __init__(self, archive: ZipFile, member: ZipInfo, gathered: Gathered) -> None:
        self._archive = archive
        self._member = member
        self._gathered = gathered
        self._is_slide = member.filename.startswith("ppt/")
        self._targets = dict(hyperlinks(archive, member.filename))
        self._links: list[str] = []
        # How many elements of each sort are open.
        self._in_text = 0
        self._cells = 0
        self._unseen = 0
        self._brackets = 0
        # What stands between the pieces of a bracket, when more of them follow.
        self._space = self._colon = False
        self._is_first_cell = True
        # What is said of a run: whether it is hidden, and whether it is white or tiny.
        self._hidden = False
        self._hard_to_see = False
        self._words_hard_to_see = 0

    def run(self, budget: int) -> int:
        """Read up to `budget` bytes; how many there were."""
        done = parse(
            self._archive, self._member, self._gathered, budget, start=self._start, end=self._end, text=self._text
        )
        if self._words_hard_to_see:
            self._gathered.note(
                f"{self._words_hard_to_see} words are white or tiny: on white paper a reader may not see them."
            )
        return done

    def _start(self, tag: str, attributes: Attributes) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in self.texts:
            self._in_text += 1
        elif tag in ("hyperlink", "hlinkClick"):
            self._links.append(self._targets.get(attribute(attributes, "id"), ""))
        else:
            self._start_other(tag, attributes)

        if tag in _BRACKETED:
            self._open_bracket(_BRACKETED[tag], attribute(attributes, "author"))
        if tag in _ROWS:
            self._is_first_cell = True
        elif tag in _CELLS:
            self._start_cell()
        if tag in _AT and not self._unseen:
            self._gathered.add(_AT[tag])

    def _start_other(self, tag: str, attributes: Attributes) -> None:
        """What the properties of a run (17.3.2) say of its being seen."""
        value = attribute(attributes, "val")
        if tag == "rPr":
            self._hidden = self._hard_to_see = False
        elif tag == "vanish":
            self._hidden = value not in ("0", "false")
        elif tag == "color" and value.upper() == _WHITE:
            self._hard_to_see = True
        elif tag in ("shd", "highlight"):
            # White on a ground of its own can be read.
            self._hard_to_see = False
        elif tag == "sz" and _TINY_HALF_POINTS.fullmatch(value):
            self._hard_to_see = True

    def _open_bracket(self, title: str, author: str) -> None:
        by = f" by {author}" if author else ""
        self._gathered.add(f"[{title}{by}")
        self._brackets += 1
        self._colon = True

    def _start_cell(self) -> None:
        self._cells += 1
        if not self._is_first_cell:
            self._gathered.add("| ")
        self._is_first_cell = False

    def _end(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen -= 1
        elif tag in self.texts:
            self._in_text -= 1
        elif tag == "r":
            self._hidden = self._hard_to_see = False
            # A slide names its link before the text, inside the run.
            if self._is_slide:
                self._end_link()
        elif tag == "hyperlink":
            self._end_link()
        else:
            self._end_other(tag)

        if tag in _BRACKETED:
            self._brackets -= 1
            self._space = self._colon = False
            self._gathered.add("]\n" if tag == "comment" else "] ")
        if tag in _CELLS:
            self._cells -= 1
        elif tag in _AFTER and not self._is_passed_over():
            self._end_line(tag)

    def _end_other(self, tag: str) -> None:
        """What else ends a thing; nothing in these formats."""

    def _is_passed_over(self) -> bool:
        """Whether this part of the member is no text at all."""
        return False

    def _end_link(self) -> None:
        if not self._links:
            return
        target = self._links.pop()
        if target:
            self._gathered.add(f" <{target}>")

    def _end_line(self, tag: str) -> None:
        if tag not in _PARAGRAPHS:
            self._gathered.add(_AFTER[tag])
        elif self._brackets:
            # Where more follows in the bracket.
            self._space = True
        elif self._cells:
            self._gathered.add(" ")
        else:
            self._gathered.add("\n")

    def _separate(self) -> None:
        """What stands between the title of a bracket, or a paragraph in it, and what follows."""
        if self._colon:
            self._gathered.add(": ")
        elif self._space:
            self._gathered.add(" ")
        self._space = self._colon = False

    def _text(self, text: str) -> None:
        if not self._in_text or self._unseen:
            return
        if not text.isspace():
            self._separate()

        if self._hard_to_see:
            self._words_hard_to_see += len(text.split())
        if self._hidden and text.strip():
            self._gathered.add(f"[hidden: {text}] ")
        else:
            self._gathered.add(text)
