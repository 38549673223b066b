"""Text of files that came with mail: PDF, Office, sheets, RTF, archives' listings.

The parsers of such files are large and their input is hostile: this is for the workers of `sandbox`, which limit what a
parser can take and reach. Macros and external references are never followed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mail_archive_tools.documents import office, pdf, rtf, sheets, zips
from mail_archive_tools.documents.limits import Gathered, Refused

Kind = Literal["pdf", "word", "slides", "opendocument", "sheets", "rtf", "zip"]

_READERS: dict[Kind, Callable[[bytes, Gathered], None]] = {
    "pdf": pdf.read,
    "word": office.read,
    "slides": office.read,
    "opendocument": office.read,
    "sheets": sheets.read,
    "rtf": rtf.read,
    "zip": zips.read,
}


@dataclass(frozen=True)
class DocumentText:
    """`notes` say what was cut, left out, or not run."""

    text: str
    notes: tuple[str, ...] = ()


class Unreadable(Exception):
    """The file cannot be read as what it is; the text goes on from "the file ...": "... is encrypted"."""


def read_document(kind: Kind, data: bytes) -> DocumentText:
    """The text of a file.

    Raises:
        Unreadable: there is no text to be had of it.
    """
    gathered = Gathered()
    try:
        _READERS[kind](data, gathered)
    except Refused as error:
        raise Unreadable(str(error)) from None
    except MemoryError:
        # For the worker to end with: what it holds now is not to be relied on.
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser raises
        # What a parser raises on a broken file is told by its kind alone.
        raise Unreadable(
            f"cannot be read: it is broken, or of a kind that is not known here ({type(error).__name__})"
        ) from None
    return DocumentText(gathered.text, tuple(gathered.notes))
