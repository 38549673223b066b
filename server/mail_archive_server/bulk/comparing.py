"""A local archive, or files that were written of one, against a manifest: what is missing, changed, or new."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mail_archive_server.bulk.manifest import ManifestError, read_head, read_messages
from mail_archive_server.bulk.selecting import Selection
from mail_archive_server.bulk.writing import MAIL_FOLDERS, MBOX, unquoted
from mail_archive_server.local.importing.sources import split_mbox
from mail_archive_server.local.storage.store import Store
from mail_archive_tools.models.filters import SearchWords


@dataclass
class Compared:
    """What was found, as ids. `same` counts the messages that are as they were."""

    manifest: str
    same: int = 0
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        return not (self.missing or self.changed or self.new)

    def members(self) -> dict[str, Any]:
        return {
            "Manifest": self.manifest,
            "Same": self.same,
            "Missing": self.missing,
            "Changed": self.changed,
            "New": self.new,
        }


def compare_with_archive(manifest: Path, store: Store) -> Compared:
    """
    Raises:
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
        listed.add(message.archived_message_id)
        here = store.message(message.archived_message_id)
        raw = None if here is None else store.raw_message(here.id)
        if raw is None:
            found.missing.append(message.archived_message_id)
        elif hashlib.sha256(raw).hexdigest() != message.sha256:
            found.changed.append(message.archived_message_id)
        else:
            found.same += 1
    if head.get("Query") and not head.get("Sources"):
        # It lists what was asked for; that there is more says nothing.
        return found
    everything = Selection(SearchWords()).ids(store, archive)
    found.new = [each for each in everything if each not in listed]
    return found


def compare_with_files(manifest: Path) -> Compared:
    """The files beside a manifest, with what it says of them. What has no message in it (index, load files, texts) is
    not looked at.

    Raises:
        ManifestError: it is no manifest.
        OSError: it cannot be read.
    """
    found = Compared(manifest.name)
    folder, listed = manifest.parent, set()
    in_mbox: Counter[str] = Counter()
    if (folder / MBOX).is_file():
        with (folder / MBOX).open("rb") as file:
            in_mbox = Counter(_sha256(unquoted(raw)) for raw, _ in split_mbox(file))
    for message in read_messages(manifest):
        listed.add(message.file)
        if message.file == MBOX:
            if in_mbox[message.sha256]:
                in_mbox[message.sha256] -= 1
                found.same += 1
            else:
                found.missing.append(message.archived_message_id)
            continue
        path = folder / message.file
        if not message.file or not path.is_file():
            found.missing.append(message.archived_message_id)
        elif _sha256(path.read_bytes()) != message.sha256:
            found.changed.append(message.archived_message_id)
        else:
            found.same += 1
    found.new = sorted(_new_files(folder, listed))
    if in_mbox.total():
        found.new.append(f"{in_mbox.total()} in {MBOX}")
    return found


def _new_files(folder: Path, listed: set[str]) -> Iterator[str]:
    """Messages beside a manifest that it does not list, as paths from there."""
    for name in (*MAIL_FOLDERS, "[0-9][0-9][0-9][0-9]"):
        for path in folder.glob(f"{name}/**/*"):
            relative = path.relative_to(folder).as_posix()
            if path.is_file() and relative not in listed:
                yield relative


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
