"""Load files for review platforms: Concordance DAT for the fields, Opticon OPT for the pages, and a text file a
message.

A message is one document with one Bates number. Its native file is the message itself. No pages are pictured here: the
line of a document in the OPT names its native file as the one page that it has.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from mail_archive_local.evidence.writing import gone_on_with

FIELD, QUOTE, NEW_LINE = "\x14", "\xfe", "\xae"
"""Concordance's own characters: between fields, around them, and for a line's end in one."""

COLUMNS = (
    *("BEGDOC", "ENDDOC", "CUSTODIAN", "FROM", "TO", "CC", "SUBJECT", "DATESENT", "DATERECEIVED", "TIMEZONE"),
    *("MESSAGEID", "INREPLYTO", "HASATTACHMENTS", "FILESIZE", "SHA256HASH", "EDRMMIH", "ARCHIVEDMESSAGEID"),
    *("NATIVELINK", "TEXTLINK"),
)
VOLUME = "VOL001"


class Dat:
    """`load.dat`: UTF-8 with a byte-order mark, a line a document, the first naming the fields."""

    def __init__(self, folder: Path) -> None:
        # Without its mark, UTF-8 would be taken for a code page of Windows.
        self._file = io.TextIOWrapper(gone_on_with(folder / "load.dat"), encoding="utf-8-sig", newline="")
        self._write(COLUMNS)

    def add(self, bates: str, row: dict[str, Any], custodian: str, text: str) -> None:
        has_attachments = "N"
        if row["HasAttachments"]:
            has_attachments = "Y"

        fields = {
            "BEGDOC": bates,
            "ENDDOC": bates,
            "CUSTODIAN": custodian,
            "FROM": row["From"],
            "TO": row["To"],
            "CC": row["Cc"],
            "SUBJECT": row["Subject"],
            "DATESENT": row["Date"],
            "DATERECEIVED": row["ReceivedTimestamp"],
            "TIMEZONE": "UTC",
            "MESSAGEID": row["MessageId"],
            "INREPLYTO": row["InReplyTo"],
            "HASATTACHMENTS": has_attachments,
            "FILESIZE": str(row["Bytes"]),
            "SHA256HASH": row["SHA256"],
            "EDRMMIH": row["EDRMMIH"],
            "ARCHIVEDMESSAGEID": row["ArchivedMessageId"],
            "NATIVELINK": _path(row["File"]),
            "TEXTLINK": _path(text),
        }
        self._write(tuple(fields[name] for name in COLUMNS))

    def close(self) -> None:
        self._file.close()

    def _write(self, values: tuple[str, ...]) -> None:
        quoted = (f"{QUOTE}{_plain(value)}{QUOTE}" for value in values)
        self._file.write(FIELD.join(quoted) + "\r\n")


class Opt:
    """`load.opt`: ImageKey, Volume, path, document break, box, folder, pages."""

    def __init__(self, folder: Path) -> None:
        self._file = io.TextIOWrapper(gone_on_with(folder / "load.opt"), encoding="utf-8", newline="")

    def add(self, bates: str, row: dict[str, Any], custodian: str, text: str) -> None:
        # Y: here begins a document. It is in no box and no folder, and of one page.
        self._file.write(f"{bates},{VOLUME},{_path(row['File'])},Y,,,1\r\n")

    def close(self) -> None:
        self._file.close()


class LoadFile(Protocol):
    """A line a document: its Bates number, what an index says of it, whose it is, and where its text is."""

    def add(self, bates: str, row: dict[str, Any], custodian: str, text: str) -> None: ...

    def close(self) -> None: ...


KINDS: dict[str, Callable[[Path], LoadFile]] = {"dat": Dat, "opt": Opt}


def _path(name: str) -> str:
    """Review platforms run on Windows."""
    return name.replace("/", "\\")


def _plain(value: str) -> str:
    """A value without Concordance's own characters: its quote is doubled, as in CSV."""
    in_one_line = value.replace("\r\n", NEW_LINE).replace("\n", NEW_LINE)
    return in_one_line.replace(FIELD, " ").replace(QUOTE, QUOTE * 2)
