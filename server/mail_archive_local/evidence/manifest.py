"""A manifest: every message of an archive or an export with its hashes, so that what is missing, changed or new can be
named later.

JSON Lines in UTF-8. The first line says what the messages are of, and which files lie beside them (`Files`: an index,
load files); then one line a message, in the order of receipt: its id, time, bytes, SHA-256, Message-ID and EDRM message
identification hash (MIH 1.0: the MD5 of the Message-ID with its angle brackets, in capital hexadecimals), by which
other programs find the same message, and its text where there is a file of it. Nothing in it depends on when or where
it is written.
"""

import filecmp
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO, NamedTuple

from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.evidence.writing import create
from mail_archive_local.importing.exported import message_id_of_header
from mail_archive_tools import __version__
from mail_archive_tools.models.moments import iso_of_seconds

VERSION = 1
ERRORS = 1_000
"""Errors that are listed at most; all are counted."""


class ManifestError(LocalArchiveError):
    """A manifest that cannot be read; the text names it and the line."""


@dataclass(frozen=True)
class Listed:
    """One message of a manifest. `sha256` is in hexadecimals; `file` is where it was written, "" where it was not, and
    `text_file` where its text was."""

    archived_message_id: str
    second: float
    size: int
    sha256: str
    message_id: str = ""
    file: str = ""
    text_file: str = ""
    text_sha256: str = ""

    @classmethod
    def of(cls, archived_message_id: str, second: float, raw: bytes, file: str = "") -> "Listed":
        message_id = message_id_of_header(raw)
        return cls(archived_message_id, second, len(raw), hashlib.sha256(raw).hexdigest(), message_id, file)

    @property
    def edrm_mih(self) -> str:
        """The EDRM message identification hash; "" for a message without Message-ID."""
        return edrm_mih(self.message_id)

    def line(self) -> str:
        # What is not known of a message is left out.
        members = {
            "ArchivedMessageId": self.archived_message_id,
            "ReceivedTimestamp": iso_of_seconds(self.second),
            "Bytes": self.size,
            "SHA256": self.sha256,
            "MessageId": self.message_id,
            "EDRMMIH": self.edrm_mih,
            "File": self.file,
            "TextFile": self.text_file,
            "TextSHA256": self.text_sha256,
        }
        return _line({name: value for name, value in members.items() if value != ""})


@dataclass(frozen=True)
class Beside:
    """A file that lies beside messages, and what it is made of; `sha256` is in hexadecimals."""

    file: str
    size: int
    sha256: str

    @classmethod
    def of(cls, folder: Path, name: str) -> "Beside":
        path = folder / name
        return cls(name, path.stat().st_size, sha256_of(path))

    def members(self) -> dict[str, Any]:
        return {"File": self.file, "Bytes": self.size, "SHA256": self.sha256}


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class About:
    """What the messages of a manifest are of. `query` is what selected them, in the words of the API or of
    `search_archive`; `errors` are what was skipped, by where and why."""

    archive_id: str
    archive_name: str
    sources: list[str] = field(default_factory=list)
    query: dict[str, Any] = field(default_factory=dict)
    errors: list[dict[str, str]] = field(default_factory=list)
    error_count: int = 0

    def after(self, head: dict[str, Any]) -> "About":
        """The same, with what an older manifest of these messages said of where they came from."""
        sources = list(dict.fromkeys([*head.get("Sources", []), *self.sources]))

        # An import that is done again meets the same errors.
        known = head.get("Errors", [])
        new = [each for each in self.errors if each not in known]
        met_again = len(self.errors) - len(new)
        error_count = int(head.get("ErrorCount", 0)) + self.error_count - met_again

        return replace(
            self,
            sources=sources,
            query=self.query or head.get("Query", {}),
            errors=[*known, *new],
            error_count=error_count,
        )


def edrm_mih(message_id: str) -> str:
    """The MD5 of a Message-ID up to its first closing bracket; "" where there is none."""
    value, bracket, _ = message_id.partition(">")
    if not value:
        return ""
    # What MIH 1.0 prescribes: it names messages, and protects nothing.
    return hashlib.md5(f"{value}{bracket}".encode(), usedforsecurity=False).hexdigest().upper()


class Written(NamedTuple):
    """A manifest that was written: how many messages it has, and whether it says something else than before."""

    messages: int
    has_changed: bool


def write_manifest(
    path: Path, about: About, messages: Iterable[Listed], beside: Callable[[], list[Beside]] | None = None
) -> Written:
    """Write a manifest, whole or not at all. `beside` gives the files that lie beside the messages; it is called when
    all of these were given."""
    # The first line says how many there are: it is known last.
    lines = path.with_name(f".{path.name}.lines")
    count = size = 0
    with _anew(lines) as file:
        for message in messages:
            file.write(message.line().encode())
            count += 1
            size += message.size

    head = {
        "Manifest": VERSION,
        "By": f"mail-archive-mcp {__version__}",
        "Archive": {"ArchiveId": about.archive_id, "ArchiveName": about.archive_name},
        "Sources": about.sources,
        "Query": about.query,
        "TimeZone": "UTC",
        "Messages": count,
        "Bytes": size,
        "ErrorCount": about.error_count,
        "Errors": about.errors[:ERRORS],
    }
    if beside is not None:
        head["Files"] = [each.members() for each in beside()]

    part = path.with_name(f".{path.name}.part")
    with _anew(part) as whole, lines.open("rb") as file:
        whole.write(_line(head).encode())
        shutil.copyfileobj(file, whole)
        # On the disk before it takes the place of the one before.
        whole.flush()
        os.fsync(whole.fileno())
    lines.unlink()

    was_there = path.exists()
    is_same = was_there and filecmp.cmp(path, part, shallow=False)
    part.replace(path)
    return Written(count, has_changed=not is_same)


def _anew(path: Path) -> BinaryIO:
    """A file that its owner alone may read, in the place of one that a killed process left behind."""
    path.unlink(missing_ok=True)
    return create(path)


def read_head(path: Path) -> dict[str, Any]:
    """What a manifest says of itself.

    Raises:
        ManifestError: it is none.
    """
    with path.open("rb") as file:
        head = _parsed(path, 1, file.readline())
    if head.get("Manifest") != VERSION:
        raise ManifestError(f"{path} is no manifest of version {VERSION}.")
    return head


def read_files(path: Path) -> list[Beside] | None:
    """The files that lie beside the messages; None where a manifest does not say, as those of versions before.

    Raises:
        ManifestError: it is none.
    """
    files = read_head(path).get("Files")
    if files is None:
        return None

    try:
        found = [Beside(str(each["File"]), int(each["Bytes"]), str(each["SHA256"])) for each in files]
    except (KeyError, ValueError, TypeError):
        raise ManifestError(f"Line 1 of {path} is no line of a manifest.") from None

    for each in found:
        _refuse_elsewhere(path, 1, each.file)
    return found


def read_messages(path: Path) -> Iterator[Listed]:
    """The messages of a manifest.

    Raises:
        ManifestError: a line is none of one.
    """
    with path.open("rb") as file:
        # The first is the head.
        file.readline()
        for number, line in enumerate(file, 2):
            yield _listed(path, number, _parsed(path, number, line))


def _listed(path: Path, number: int, members: dict[str, Any]) -> Listed:
    try:
        listed = Listed(
            str(members["ArchivedMessageId"]),
            0.0,
            int(members["Bytes"]),
            str(members["SHA256"]),
            str(members.get("MessageId", "")),
            str(members.get("File", "")),
            str(members.get("TextFile", "")),
            str(members.get("TextSHA256", "")),
        )
    except (KeyError, ValueError, TypeError):
        raise ManifestError(f"Line {number} of {path} is no message of a manifest.") from None

    _refuse_elsewhere(path, number, listed.file)
    _refuse_elsewhere(path, number, listed.text_file)
    return listed


def _refuse_elsewhere(path: Path, number: int, file: str) -> None:
    """A manifest is what somebody sent: it names files of its own folder alone, and no others are looked at.

    Raises:
        ManifestError: the file is, or may be, somewhere else.
    """
    # As Windows reads it, too: there a backslash leads into folders, and C: to a drive.
    for steps in (PurePosixPath(file), PureWindowsPath(file)):
        if steps.anchor or ".." in steps.parts:
            raise ManifestError(
                f"Line {number} of {path} names {file!r}, which is not in the manifest's folder: it is not looked at. "
                "export-local writes no such name."
            )


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        members = json.loads(line)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        raise ManifestError(f"Line {number} of {path} is no line of a manifest.")
    return members


def _line(members: dict[str, Any]) -> str:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")) + "\n"
