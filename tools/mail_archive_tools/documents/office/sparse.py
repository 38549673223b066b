"""Workbooks whose few cells stand far apart (.xlsx): read cell by cell, as the library makes room for all between."""

import re
from zipfile import BadZipFile, ZipFile, ZipInfo

from mail_archive_tools.documents.limits import CELLS, UNPACKED_BYTES, Gathered
from mail_archive_tools.documents.office.markup import Attributes, attribute, parse

DENSE_CELLS = 3_000_000
"""So many cells between the first and the last of a sheet take some 100 MB in the library."""

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml$")
_STRINGS = "xl/sharedStrings.xml"
_REFERENCE = re.compile(rb'<(?:\w+:)?c\b[^<>]*?\br="([A-Za-z]{1,3})([0-9]{1,7})"')
_VALUES = frozenset(("v", "t"))


def sparse_sheets(archive: ZipFile) -> list[ZipInfo]:
    """The sheets of a workbook, where one of them is too wide and too long for the library; else none."""
    sheets = [each for each in archive.infolist() if _SHEET.match(each.filename)]
    if any(_area(archive, each) > DENSE_CELLS for each in sheets):
        return sheets
    return []


def add_sparse(archive: ZipFile, sheets: list[ZipInfo], gathered: Gathered) -> None:
    """Add the cells of these sheets, a line for each row, each cell behind its place."""
    strings = _strings(archive, gathered)
    left = CELLS
    for number, sheet in enumerate(sheets, 1):
        gathered.add(f"[sheet {number}]\n")
        cells = _Cells(strings, gathered, left)
        parse(archive, sheet, gathered, UNPACKED_BYTES, start=cells.start, end=cells.end, text=cells.text)
        left = cells.left
        if left <= 0:
            gathered.note(f"It has more than {CELLS:,} cells; the rest was left out.")
        if left <= 0 or gathered.is_full():
            return


def _area(archive: ZipFile, sheet: ZipInfo) -> int:
    """How many cells lie between the first of a sheet and its last."""
    try:
        with archive.open(sheet) as member:
            source = member.read(UNPACKED_BYTES)
    except BadZipFile:
        return 0

    columns, rows = 0, 0
    for letters, digits in _REFERENCE.findall(source):
        columns = max(columns, _column(letters.decode()))
        rows = max(rows, int(digits))
    return columns * rows


def _column(letters: str) -> int:
    """The number of a column: 1 for A, 27 for AA."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _strings(archive: ZipFile, gathered: Gathered) -> list[str]:
    """The texts that cells share (ECMA-376, part 1, 18.4)."""
    if _STRINGS not in archive.namelist():
        return []

    strings: list[str] = []
    pieces: list[str] = []
    open_texts = 0

    def start(tag: str, _: Attributes) -> None:
        nonlocal open_texts
        open_texts += tag == "t"

    def end(tag: str) -> None:
        nonlocal open_texts
        open_texts -= tag == "t"
        if tag == "si":
            strings.append("".join(pieces))
            pieces.clear()

    def text(words: str) -> None:
        if open_texts:
            pieces.append(words)

    parse(archive, archive.getinfo(_STRINGS), gathered, UNPACKED_BYTES, start=start, end=end, text=text)
    return strings


class _Cells:
    """The cells of one sheet, as its elements come (ECMA-376, part 1, 18.3.1)."""

    def __init__(self, strings: list[str], gathered: Gathered, left: int) -> None:
        self._strings = strings
        self._gathered = gathered
        self._place = ""
        self._kind = ""
        self._pieces: list[str] = []
        self._row: list[str] = []
        self._is_value = False
        self.left = left

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "c":
            self._place = attribute(attributes, "r")
            self._kind = attribute(attributes, "t")
            self._pieces.clear()
        elif tag in _VALUES:
            self._is_value = True

    def end(self, tag: str) -> None:
        if tag in _VALUES:
            self._is_value = False
        elif tag == "c":
            self._end_cell()
        elif tag == "row" and self._row:
            self._gathered.add("\t".join(self._row) + "\n")
            self._row.clear()

    def text(self, words: str) -> None:
        if self._is_value:
            self._pieces.append(words)

    def _end_cell(self) -> None:
        value = "".join(self._pieces)
        if self._kind == "s":
            value = self._shared(value)
        if not value or self.left <= 0:
            return
        self.left -= 1
        shown = value.replace("\t", " ").replace("\n", " ")
        self._row.append(f"{self._place}: {shown}")

    def _shared(self, number: str) -> str:
        if not number.isdecimal() or int(number) >= len(self._strings):
            return ""
        return self._strings[int(number)]
