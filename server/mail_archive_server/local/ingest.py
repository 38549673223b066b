"""Mail into a local archive: in batches, each one transaction, so that a killed import loses nothing and a
second one goes on where it stopped."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mail_archive_server.local.describe import describe, message_id_of
from mail_archive_server.local.sources import Found, Skipped, read_sources
from mail_archive_server.local.store import ArchiveRecord, NewMessage, Store

BATCH_MESSAGES = 2_000
BATCH_BYTES = 16_000_000
BATCH_SECONDS = 5.0

_REPORTED_SKIPS = 1_000


@dataclass
class Tally:
    """What an import did. `skipped` holds the first thousand; `skips` counts them all."""

    added: int = 0
    already_there: int = 0
    skips: int = 0
    bytes_read: int = 0
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def seen(self) -> int:
        return self.added + self.already_there


class Batch:
    """Messages on their way in, put into the store when there are enough of them."""

    def __init__(self, store: Store, archive: ArchiveRecord, tally: Tally) -> None:
        self._store, self._archive, self._tally = store, archive, tally
        self._found: list[Found] = []
        self._bytes = 0
        self._since = time.monotonic()

    def add(self, found: Found) -> None:
        self._found.append(found)
        self._bytes += len(found.raw)
        waited = time.monotonic() - self._since > BATCH_SECONDS
        if waited or len(self._found) >= BATCH_MESSAGES or self._bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        archive_id = self._archive.archive_id
        ids = [message_id_of(found.raw, archive_id) for found in self._found]
        there = self._store.has_messages(ids)
        new: list[NewMessage] = [
            describe(found.raw, archive_id, found.file_time)
            for found, each in zip(self._found, ids, strict=True)
            if each not in there
        ]
        added = self._store.add_messages(self._archive, new) if new else 0
        self._tally.added += added
        self._tally.already_there += len(self._found) - added
        self._found, self._bytes, self._since = [], 0, time.monotonic()


def import_mail(
    store: Store,
    archive: ArchiveRecord,
    sources: Iterable[Path],
    report: Callable[[Tally], None] = lambda _: None,
) -> Tally:
    """Bring every message of the sources into the archive; `report` is called as it goes on.

    Raises:
        StoreError: the folder can no longer be written. Batches before that are kept.
    """
    tally = Tally()
    batch = Batch(store, archive, tally)
    for found in read_sources(list(sources)):
        tally.bytes_read += found.bytes_read
        if isinstance(found, Found):
            batch.add(found)
        else:
            tally.skips += 1
            if len(tally.skipped) < _REPORTED_SKIPS:
                tally.skipped.append(found)
        report(tally)
    batch.flush()
    report(tally)
    return tally
