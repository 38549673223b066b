"""A local archive, or files that were written of one, against a manifest: what is missing, changed, or new."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mail_archive_local.evidence.listing import EVERYTHING
from mail_archive_local.evidence.manifest import Listed, ManifestError, read_files, read_head, read_messages, sha256_of
from mail_archive_local.evidence.writing import MAIL_FOLDERS, MBOX
from mail_archive_local.importing.sources import MESSAGE_BYTES, split_mbox, unquoted
from mail_archive_local.importing.tally import never
from mail_archive_local.storage.failures import MessageDamaged
from mail_archive_local.storage.integrity.checking import Stopped
from mail_archive_local.storage.store import Store

_BESIDE_MESSAGES = ("index.*", "load.*", "TEXT/**/*")
_QUOTED_BYTES = 2 * MESSAGE_BYTES
"""How long a message of an mbox may be: lines of it may have been quoted."""


@dataclass
class Compared:
    """What was found, as ids. `same` counts the messages that are as they were; `of_files`, where they are files that
    were written of an archive, without a database. Of files that lie beside messages (index, load files, texts) there
    are paths; `files_are_covered` is False where the manifest says nothing of them."""

    manifest: str
    same: int = 0
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    of_files: bool = False
    files_are_covered: bool = True
    missing_files: list[str] = field(default_factory=list)
    changed_files: list[str] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        return not any(self.counts)

    @property
    def counts(self) -> tuple[int, int, int]:
        """How much is missing, changed, new: messages and what lies beside them."""
        missing = len(self.missing) + len(self.missing_files)
        changed = len(self.changed) + len(self.changed_files)
        return missing, changed, len(self.new)

    def members(self) -> dict[str, Any]:
        members = {
            "Manifest": self.manifest,
            "Same": self.same,
            "Missing": self.missing,
            "Changed": self.changed,
            "New": self.new,
        }
        if not self.of_files:
            return members

        if self.files_are_covered:
            members["MissingFiles"] = self.missing_files
            members["ChangedFiles"] = self.changed_files
        members["FilesChecked"] = self.files_are_covered
        return members


def compare_with_archive(manifest: Path, store: Store, stopped: Callable[[], bool] = never) -> Compared:
    """What is in the archive of a manifest, with what that says of it.

    Raises:
        Stopped: it was not wanted any more.
        ManifestError: it is no manifest, or of an archive that is not there.
        OSError: it cannot be read.
    """
    head = read_head(manifest)
    archive_id = str(head.get("Archive", {}).get("ArchiveId", ""))
    archive = store.archive(archive_id)
    if archive is None:
        raise ManifestError(f"{manifest} is of archive {archive_id}, which is not in {store.folder}.")

    found = Compared(manifest.name)
    listed: set[str] = set()
    for message in read_messages(manifest):
        if stopped():
            raise Stopped
        listed.add(message.archived_message_id)
        _look_in_archive(store, message, found)

    if head.get("Query") and not head.get("Sources"):
        # It lists what was asked for; that there is more says nothing.
        return found
    found.new = [each for each in EVERYTHING.ids(store, archive) if each not in listed]
    return found


def _look_in_archive(store: Store, message: Listed, found: Compared) -> None:
    """Note what became of a message."""
    message_id = message.archived_message_id
    here = store.message(message_id)
    if here is None:
        found.missing.append(message_id)
        return
    try:
        raw = store.raw_message(here.id)
    except MessageDamaged:
        found.changed.append(message_id)
        return

    if raw is None:
        found.missing.append(message_id)
    elif _sha256(raw) != message.sha256:
        found.changed.append(message_id)
    else:
        found.same += 1


def compare_with_files(manifest: Path, stopped: Callable[[], bool] = never) -> Compared:
    """The files beside a manifest, with what it says of them.

    Raises:
        Stopped: it was not wanted any more.
        ManifestError: it is no manifest.
        OSError: it cannot be read.
    """
    found = Compared(manifest.name, of_files=True)
    folder = manifest.parent
    listed: set[str] = set()
    in_mbox = _Mbox(folder / MBOX, stopped)

    for message in read_messages(manifest):
        if stopped():
            raise Stopped
        listed.add(message.file)
        if message.file == MBOX:
            # An mbox has no names: a message that was changed is one that is missing, and one that is new.
            is_there = is_same = in_mbox.take(message.sha256)
        else:
            is_there, is_same = _look_at_message(folder / message.file, message.sha256)
        if is_same:
            found.same += 1
        elif is_there:
            found.changed.append(message.archived_message_id)
        else:
            found.missing.append(message.archived_message_id)

        if message.text_file:
            listed.add(message.text_file)
            _look_at(folder, message.text_file, message.text_sha256, found)

    patterns = [f"{name}/**/*" for name in (*MAIL_FOLDERS, "[0-9][0-9][0-9][0-9]")]
    beside = read_files(manifest)
    if beside is None:
        found.files_are_covered = False
    else:
        patterns += _BESIDE_MESSAGES
        for each in beside:
            if stopped():
                raise Stopped
            listed.add(each.file)
            _look_at(folder, each.file, each.sha256, found)

    found.new = [*sorted(_new_files(folder, patterns, listed)), *in_mbox.left()]
    return found


def _look_at_message(path: Path, sha256: str) -> tuple[bool, bool]:
    """Whether there is a file, and whether it is the message."""
    if not path.is_file():
        return False, False
    return True, _sha256(path.read_bytes()) == sha256


def _look_at(folder: Path, name: str, sha256: str, found: Compared) -> None:
    """Note what became of a file that lies beside messages."""
    path = folder / name
    if not path.is_file():
        found.missing_files.append(name)
    elif sha256_of(path) != sha256:
        found.changed_files.append(name)


class _Mbox:
    """The messages of an mbox, by their hashes. One that had no line's end at its end got one there."""

    def __init__(self, path: Path, stopped: Callable[[], bool]) -> None:
        self._counts: Counter[str] = Counter()
        self._without_end: dict[str, str] = {}
        if not path.is_file():
            return

        with path.open("rb") as file:
            for raw, _ in split_mbox(file, message_bytes=_QUOTED_BYTES):
                if stopped():
                    raise Stopped
                written = unquoted(raw)
                sha256 = _sha256(written)
                self._counts[sha256] += 1
                self._without_end[_sha256(written.removesuffix(b"\n"))] = sha256

    def take(self, sha256: str) -> bool:
        """Whether there is such a message, which is then no longer left."""
        key = sha256
        if not self._counts[key]:
            key = self._without_end.get(sha256, "")
        if not self._counts[key]:
            return False

        self._counts[key] -= 1
        return True

    def left(self) -> list[str]:
        """What there is beside those that were taken, if anything."""
        count = self._counts.total()
        if not count:
            return []
        return [f"{count} in {MBOX}"]


def _new_files(folder: Path, patterns: list[str], listed: set[str]) -> Iterator[str]:
    """Files beside a manifest that it does not list, as paths from there."""
    for pattern in patterns:
        for path in folder.glob(pattern):
            relative = path.relative_to(folder).as_posix()
            if path.is_file() and relative not in listed:
                yield relative


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
