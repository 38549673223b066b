"""Batches of described messages, each put in by one transaction."""

import json
import time
from dataclasses import replace

from mail_archive_local.importing.beside import Beside
from mail_archive_local.importing.describing import Described, New
from mail_archive_local.importing.exported import Entry
from mail_archive_local.importing.sources import Found, Skipped
from mail_archive_local.importing.tally import ImportTally
from mail_archive_local.operations.retention import first_second_kept
from mail_archive_local.storage.putting import ArchiveRecord, NewMessage
from mail_archive_local.storage.row_keys import message_id_of
from mail_archive_local.storage.store import Store

BATCH_MESSAGES = 2_000
BATCH_BYTES = 16_000_000
BATCH_SECONDS = 5.0
"""A transaction is made when there are so many messages or bytes for it, or when it has waited so long."""


class Batch:
    """Described messages, put into the store when there are enough of them."""

    def __init__(self, store: Store, archive: ArchiveRecord, tally: ImportTally) -> None:
        self._store, self._archive, self._tally = store, archive, tally
        self._damaged = store.damaged_messages()
        self._first_kept = first_second_kept(archive.retention, time.time())
        self._messages: list[NewMessage] = []
        self._read: list[Entry] = []
        self._bytes = 0
        self._since = time.monotonic()

    def unknown(self, found: list[Found]) -> list[New]:
        """The messages that the archive does not have yet; the others are counted."""
        derived = [message_id_of(each.raw, self._archive.archive_id) for each in found]
        given = [each.beside.archived_message_id for each in found]
        there = self._store.archives_of_messages([*derived, *filter(None, given)])

        new = []
        for each, of_bytes in zip(found, derived, strict=True):
            beside = self._with_usable_id(each.beside, there)
            message_id = beside.archived_message_id or of_bytes
            is_whole = message_id in there and message_id not in self._damaged
            if is_whole and not self._tells_more(message_id, beside):
                self._tally.already_there += 1
                continue

            instead_of = ""
            if of_bytes in there and beside.says_anything:
                # It was put in before without what is known beside it.
                instead_of = of_bytes
            new.append(New(each.raw, each.file_time, beside, instead_of))
        return new

    def _with_usable_id(self, beside: Beside, there: dict[str, int]) -> Beside:
        """Ids are unique in a folder: one that another archive of it has already is not taken over."""
        if there.get(beside.archived_message_id, self._archive.number) == self._archive.number:
            return beside
        return replace(beside, archived_message_id="")

    def _tells_more(self, message_id: str, beside: Beside) -> bool:
        """Whether a message that is there was put in without what is known beside it."""
        if not beside.metadata or beside.archived_message_id:
            return False
        there = self._store.message(message_id)
        if there is None:
            return False
        known = json.loads(there.metadata)["Metadata"]
        return not beside.metadata.items() <= known.items()

    def add(self, described: Described) -> None:
        for message in described.messages:
            if self._first_kept is not None and message.second < self._first_kept:
                reason = f"is older than the archive keeps mail ({self._archive.retention})"
                self._tally.skip(Skipped(f"message {message.archived_message_id}", reason))
                continue
            self._messages.append(message)
            self._bytes += len(message.raw)
        self._read += described.read

        is_large = len(self._messages) >= BATCH_MESSAGES or self._bytes >= BATCH_BYTES
        if is_large or time.monotonic() - self._since > BATCH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Put in what there is."""
        if self._messages:
            added = self._store.add_messages(self._archive, self._messages)
            self._tally.added += added
            self._tally.already_there += len(self._messages) - added

        # After their messages: a killed import reads them once more.
        self._store.note_read(self._archive, [(each.origin, each.version) for each in self._read])
        self._messages, self._read, self._bytes, self._since = [], [], 0, time.monotonic()
