"""Text of files that came with mail: PDF, Office old and new, sheets, RTF, messages of Outlook, packed files, pictures.

The parsers of such files are large and their input is hostile: this is for the workers of `sandbox`, which limit what a
parser can take and reach. Macros and external references are never followed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from mail_archive_tools.documents.limits import Gathered, Refused

Kind = Literal[
    "pdf", "word", "slides", "opendocument", "sheets", "rtf", "word97", "slides97", "outlook", "zip", "7z", "tar",
    "compressed", "picture", "object",
]  # fmt: skip

# Imported when the first file of its kind is opened: some take long, and most files need none of them.
_READERS: dict[Kind, tuple[str, str]] = {
    "pdf": ("pdf", "read"),
    "word": ("office.text", "read"),
    "slides": ("office.text", "read"),
    "opendocument": ("office.text", "read"),
    "sheets": ("office.sheets", "read"),
    "rtf": ("rtf", "read"),
    "word97": ("office97.word", "read"),
    "slides97": ("office97.powerpoint", "read"),
    "outlook": ("outlook", "read"),
    "zip": ("packed", "read_zip"),
    "7z": ("packed", "read_7z"),
    "tar": ("packed", "read_tar"),
    "compressed": ("packed", "read_compressed"),
    "picture": ("scans", "read"),
    "object": ("office97.word", "read_object"),
}


@dataclass(frozen=True)
class DocumentText:
    """`notes` say what was cut, left out, or not run."""

    text: str
    notes: tuple[str, ...] = ()


broken: set[Kind] = set()
"""The kinds whose parser failed in this process in a way that we do not know: what the process holds may not be relied
on any more."""


class Unreadable(Exception):
    """The file cannot be read as what it is. Its words are the rest of a sentence: "The file ... is encrypted"."""


def add_document(kind: Kind, data: bytes, gathered: Gathered) -> None:
    """Add the text of a file.

    Raises:
        Unreadable: there is no text to be had of it.
    """
    module, function = _READERS[kind]
    try:
        read: Callable[[bytes, Gathered], None] = getattr(import_module(f"{__name__}.{module}"), function)
        read(data, gathered)
    except Refused as error:
        raise Unreadable(str(error)) from None
    except MemoryError:
        # For the worker to end with: what it holds now is not to be relied on.
        raise
    except BaseException as error:
        # A panic of a parser that is written in Rust comes as this, which is no Exception.
        name = type(error).__name__
        if not isinstance(error, Exception) and name != "PanicException":
            raise

        broken.add(kind)
        # Its message may hold what is in the file, so the class alone is told.
        raise Unreadable(f"cannot be read: it is broken, or of a kind that is not known here ({name})") from None


def read_document(kind: Kind, data: bytes, password: str | None = None) -> DocumentText:
    """The text of a file by itself: the files in it are named, and not opened.

    Raises:
        Unreadable: there is no text to be had of it.
    """
    gathered = Gathered(password)
    add_document(kind, data, gathered)
    return DocumentText(gathered.text, tuple(gathered.notes))
