"""One XML member of an OpenDocument file as text (ISO/IEC 26300-1)."""

import re
from zipfile import ZipFile, ZipInfo

from mail_archive_tools.documents.limits import Gathered, Refused
from mail_archive_tools.documents.office.markup import Attributes, attribute
from mail_archive_tools.documents.office.member import MemberText

CONTENT, STYLES = "content.xml", "styles.xml"
"""The members that hold text."""

_ON_EACH_PAGE = frozenset({"header", "header-left", "header-first", "footer", "footer-left", "footer-first"})


_MANIFEST = "META-INF/manifest.xml"
_MANIFEST_BYTES = 1_000_000
_IS_ENCRYPTED = re.compile(rb"<(?:[\w.-]+:)?encryption-data[\s/>]")


def refuse_encrypted(archive: ZipFile) -> None:
    """
    Raises:
        Refused: the members of an OpenDocument file are encrypted (ISO/IEC 26300-3, 3.4).
    """
    if _MANIFEST not in archive.namelist():
        return
    with archive.open(_MANIFEST) as member:
        manifest = member.read(_MANIFEST_BYTES)
    if _IS_ENCRYPTED.search(manifest):
        raise Refused("is encrypted with a password, in OpenDocument's own way, which is not opened here")


class OpenDocumentText(MemberText):
    """As `MemberText`, where the format says things in its own way: links, who wrote a comment, hidden text."""

    # What stands on slides is declared once for them (ISO/IEC 26300-1, 9.11).
    texts = frozenset({"p", "h", "header-decl", "footer-decl", "date-time-decl"})

    def __init__(self, archive: ZipFile, member: ZipInfo, gathered: Gathered) -> None:
        super().__init__(archive, member, gathered)
        self._is_styles = member.filename == STYLES
        # Of the styles nothing is shown but what stands on each page.
        self._unseen = 1 if self._is_styles else 0
        self._in_name = False
        # Text is hidden by a style that it names: the style that is read, those that hide, and, of each span that is
        # open, whether it is hidden.
        self._style = ""
        self._hiding: set[str] = set()
        self._spans: list[bool] = []

    def _start_other(self, tag: str, attributes: Attributes) -> None:
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
            # When a comment was written.
            self._unseen += 1
        elif tag in _ON_EACH_PAGE and self._is_styles:
            self._unseen -= 1

    def _end_other(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        elif tag == "span" and self._spans:
            self._spans.pop()
            self._hidden = any(self._spans)
        elif tag == "creator":
            self._in_name = False
        elif tag == "date" and self._brackets:
            self._unseen -= 1
        elif tag in _ON_EACH_PAGE and self._is_styles:
            self._unseen += 1

    def _is_passed_over(self) -> bool:
        return self._is_styles and self._unseen > 0

    def _text(self, text: str) -> None:
        if self._in_name:
            self._gathered.add(f" by {text}")
        else:
            super()._text(text)
