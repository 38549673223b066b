"""Cells of workbooks (.xlsx, .xlsb, .xls, .ods), a line for a row, tabs between cells; behind them what stands at
cells: comments and links."""

import re
from collections.abc import Iterator
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from mail_archive_tools.documents.limits import CELLS, UNPACKED_BYTES, Gathered, Refused, refuse_bombs
from mail_archive_tools.documents.office.markup import Attributes, add_embedded, attribute, hyperlinks, parse
from mail_archive_tools.documents.office.open_document import CONTENT, refuse_encrypted
from mail_archive_tools.documents.office.sparse import add_sparse, sparse_sheets
from mail_archive_tools.documents.office97 import excel
from mail_archive_tools.documents.passwords import NEEDED, OLE, decrypted

_WHOLE = 1e15
"""Below this, a float holds each whole number as it is."""
_COMMENTS = re.compile(r"xl/(?:comments\d*|comments/comment\d+|threadedComments/threadedComment\d+)\.xml$")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml$")


def read(data: bytes, gathered: Gathered) -> None:
    data = decrypted(data, gathered)
    archive = _zip(data)
    if archive is None:
        _add_cells(_opened(data), gathered)
        if data.startswith(OLE):
            excel.add_asides(data, gathered)
        return

    with archive:
        refuse_bombs(archive)
        refuse_encrypted(archive)
        apart = sparse_sheets(archive)
        if apart:
            names = ", ".join(_titles(_opened(data)))
            gathered.add(f"[sheets: {names}]\n")
            add_sparse(archive, apart, gathered)
        else:
            _add_cells(_opened(data), gathered)
        for line in _asides(archive, gathered):
            gathered.add(f"{line}\n")
        add_embedded(archive, gathered)


def _opened(data: bytes) -> CalamineWorkbook:
    """
    Raises:
        Refused: it is no workbook, or encrypted.
    """
    try:
        return CalamineWorkbook.from_filelike(BytesIO(data))
    except PasswordError:
        raise Refused(NEEDED) from None
    except CalamineError:
        raise Refused("is not a workbook that can be opened") from None


def _shown(cell: object) -> str:
    """A cell's value on one line; numbers that are whole as such."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _WHOLE:
        return str(int(cell))
    return str(cell).replace("\t", " ").replace("\n", " ")


def _zip(data: bytes) -> ZipFile | None:
    try:
        return ZipFile(BytesIO(data))
    except BadZipFile:
        return None


def _titles(workbook: CalamineWorkbook) -> list[str]:
    """The names of all sheets, and which of them are hidden."""
    titles: list[str] = []
    for sheet in workbook.sheets_metadata:
        # "Visible", "Hidden" or "VeryHidden"; the last is hidden by a macro.
        state = "" if str(sheet.visible).endswith("Visible") else " (hidden)"
        titles.append(f"{sheet.name}{state}")
    return titles


def _add_cells(workbook: CalamineWorkbook, gathered: Gathered) -> None:
    left = CELLS
    for sheet, title in zip(workbook.sheets_metadata, _titles(workbook), strict=True):
        gathered.add(f"[sheet {title}]\n")

        for row in workbook.get_sheet_by_name(sheet.name).iter_rows():
            cells = [_shown(cell) for cell in row]
            left -= len(cells)
            line = "\t".join(cells).rstrip()
            if line:
                gathered.add(line + "\n")
            if left <= 0:
                gathered.note(f"It has more than {CELLS:,} cells; the rest was left out.")
                return
            if gathered.is_full():
                return


def _asides(archive: ZipFile, gathered: Gathered) -> Iterator[str]:
    """The comments and links of a workbook, each with its cell where that is known."""
    budget = UNPACKED_BYTES
    for member in archive.infolist():
        if _SHEET.match(member.filename):
            for _, target in hyperlinks(archive, member.filename):
                if target:
                    yield f"[link to {target}]"
            continue
        if _COMMENTS.match(member.filename):
            notes = _Notes(comments=("comment", "threadedComment"), texts=("t", "text"))
        elif member.filename == CONTENT:
            notes = _Notes(comments=("annotation",), texts=("p",))
        else:
            continue

        budget -= parse(archive, member, gathered, budget, start=notes.start, end=notes.end, text=notes.add)
        yield from notes.lines()
        if budget <= 0:
            return


class _Notes:
    """The comments, and links in cells, of one member. `comments` are the elements that are comments, `texts` those
    that hold their characters."""

    def __init__(self, *, comments: tuple[str, ...], texts: tuple[str, ...]) -> None:
        self._found: list[tuple[str, str]] = []
        self._links: dict[str, None] = {}
        self._tags, self._text_tags = comments, texts
        # Of the comment that is read: its cell, and what it says so far. None: none is read.
        self._cell: str | None = None
        self._pieces: list[str] = []
        self._in_text = 0

    def lines(self) -> Iterator[str]:
        for cell, text in self._found:
            where = f" on {cell}" if cell else ""
            yield f"[comment{where}] {text}"
        for target in self._links:
            yield f"[link to {target}]"

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag in self._tags:
            self._cell, self._pieces = attribute(attributes, "ref"), []
        elif tag in self._text_tags:
            self._in_text += 1
        elif tag == "a":
            target = attribute(attributes, "href")
            if target:
                self._links[target] = None

    def end(self, tag: str) -> None:
        if tag in self._tags and self._cell is not None:
            text = " ".join("".join(self._pieces).split())
            if text:
                self._found.append((self._cell, text))
            self._cell = None
        elif tag in self._text_tags:
            self._in_text -= 1
            self._pieces.append(" ")

    def add(self, text: str) -> None:
        if self._in_text and self._cell is not None:
            self._pieces.append(text)
