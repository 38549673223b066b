"""What is taken out of one file at most, and the text that is gathered until then, of the files in it too."""

import time
from collections.abc import Callable
from zipfile import ZipFile

TEXT_CHARS = 2_000_000
"""Characters of text."""

UNPACKED_BYTES = 10_000_000
"""Bytes unpacked of one member of a compressed file."""

ALL_UNPACKED_BYTES = 60_000_000
"""Bytes unpacked of all of them."""

CLAIMED_BYTES = 200_000_000
"""Bytes that the members of a zip may claim to unpack to, all together."""

PAGES = 500
"""Pages of a PDF, or slides."""

CELLS = 200_000
"""Cells of a workbook."""

MEMBERS = 1_000
"""Members of an archive that are listed."""

FILES = 100
"""Files within a file that are opened."""

DEPTH = 3
"""Levels of files within files that are opened."""

READING_SECONDS = 6.0
"""After this, what there is is given."""

_NAME_CHARS = 200


class Refused(Exception):
    """The document cannot be read. Its words are the rest of a sentence that begins with "The file"."""


class Gathered:
    """The text of a file as it grows, and what has to be said of it."""

    def __init__(
        self, password: str | None = None, open_file: "Callable[[str, bytes, Gathered], None] | None" = None
    ) -> None:
        """`password` opens what is encrypted. `open_file` adds the text of a file that is in this one, by its name and
        content; without it none is opened."""
        self.password = password
        self.notes: list[str] = []
        self._pieces: list[str] = []
        self._left = TEXT_CHARS
        self._cut = False
        self._deadline = time.monotonic() + READING_SECONDS
        self._open_file = open_file
        self._path: list[str] = []
        self._files_left = FILES
        self._unpacked_left = ALL_UNPACKED_BYTES

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def room(self) -> int:
        """How many bytes may be unpacked of the next member."""
        return max(0, min(UNPACKED_BYTES, self._unpacked_left))

    def add(self, text: str) -> None:
        kept = text[: self._left]
        if kept:
            self._pieces.append(kept)
        self._left -= len(kept)
        if len(kept) < len(text):
            self._cut = True

    def note(self, sentence: str) -> None:
        """Say something of the file that is being read, once; of one that is in another, with its name before."""
        whole = " / ".join([*self._path, sentence])
        if whole not in self.notes:
            self.notes.append(whole)

    def add_file(self, name: str, data: bytes) -> None:
        """The text of a file that is in this one."""
        self._unpacked_left -= len(data)
        if self._open_file is None or self.is_full():
            return
        if len(self._path) >= DEPTH:
            self.note(f"Files in it were not opened: they are more than {DEPTH} levels deep.")
            return
        if self._files_left <= 0:
            self.note(f"More than {FILES} files are in it; the others were not opened.")
            return

        self._files_left -= 1
        # The end of a name tells what it is.
        name = " ".join(name.split())[-_NAME_CHARS:] or "without a name"
        self.add(f"[file {name}, {len(data):,} bytes]\n")
        self._path.append(name)
        try:
            self._open_file(name, data, self)
        finally:
            self._path.pop()
        self.add("\n[end of the file]\n")

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
    if size > CLAIMED_BYTES:
        raise Refused(f"unpacks to {size:,} bytes, more than is opened here")
