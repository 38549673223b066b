"""What is taken out of one document at most, and the text that is gathered until then."""

import time
from zipfile import ZipFile

TEXT_CHARS = 2_000_000
"""Characters of text."""

UNPACKED_BYTES = 10_000_000
"""Bytes unpacked of one member of a compressed file, in all."""

PAGES = 500
"""Pages of a PDF, or slides."""

CELLS = 200_000
"""Cells of a workbook."""

MEMBERS = 1_000
"""Members of an archive that are listed."""

READING_SECONDS = 6.0
"""After this, what there is is given."""


class Refused(Exception):
    """The document cannot be read; the text goes on from "the file ..."."""


class Gathered:
    """The text of a document as it grows, and what has to be said of it."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._pieces: list[str] = []
        self._left = TEXT_CHARS
        self._cut = False
        self._deadline = time.monotonic() + READING_SECONDS

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def add(self, text: str) -> None:
        kept = text[: self._left]
        if kept:
            self._pieces.append(kept)
        self._left -= len(kept)
        self._cut = self._cut or len(kept) < len(text)

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def is_full(self) -> bool:
        """Whether it is time to stop; notes it."""
        if self._cut or self._left <= 0:
            self.note(f"The text is longer than {TEXT_CHARS:,} characters; the rest was left out.")
        elif time.monotonic() > self._deadline:
            self.note(f"Reading took longer than {READING_SECONDS:g} s; the rest was left out.")
        else:
            return False

        return True


def refuse_bombs(archive: ZipFile) -> None:
    """What a zip claims to unpack to is what Python's zipfile unpacks at most.

    Raises:
        Refused: it claims too much.
    """
    size = sum(each.file_size for each in archive.infolist())
    if size > UNPACKED_BYTES * 20:
        raise Refused(f"unpacks to {size:,} bytes, more than is opened here")
