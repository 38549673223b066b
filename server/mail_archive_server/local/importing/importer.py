"""Mail into a local archive: in batches, each one transaction, so that a killed import loses nothing and a
second one goes on where it stopped. Describing messages is most of the work; other processes may do it."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from mail_archive_server.local.importing.record import describe, message_id_of
from mail_archive_server.local.importing.sources import Found, Skipped, read_sources
from mail_archive_server.local.storage.store import ArchiveRecord, NewMessage, Store

BATCH_MESSAGES = 2_000
BATCH_BYTES = 16_000_000
BATCH_SECONDS = 5.0
"""A transaction is made when there are so many messages or bytes for it, or when it has waited so long."""

CHUNK_MESSAGES = 200
CHUNK_BYTES = 2_000_000
"""What is described at a time."""

_REPORTED_SKIPS = 1_000
_ORPHAN_SECONDS = 0.5


@dataclass
class ImportTally:
    """What an import did. `skipped` holds the first thousand; `skips` counts them all."""

    added: int = 0
    already_there: int = 0
    skips: int = 0
    bytes_read: int = 0
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def seen(self) -> int:
        return self.added + self.already_there


_Raws = list[tuple[bytes, float]]
"""A chunk of raw messages and their files' times (seconds since 1970)."""

_DescribeChunk = Callable[[str, _Raws], Iterable[list[NewMessage]]]
"""Takes a chunk; gives the chunks that are described by now, this one or ones before."""


def import_mail(
    store: Store,
    archive: ArchiveRecord,
    sources: Iterable[Path],
    report: Callable[[ImportTally], None] = lambda _: None,
    workers: int = 0,
) -> ImportTally:
    """Bring every message of the sources into the archive; `report` is called as it goes on. `workers` processes
    describe the messages; 0: this one does.

    Raises:
        StoreError: the folder can no longer be written. Batches before that are kept.
    """
    tally = ImportTally()
    batch = _Batch(store, archive, tally)
    with _describing(workers) as (describe_chunk, describe_rest):
        chunk = _Chunk()
        for found in read_sources(list(sources)):
            tally.bytes_read += found.bytes_read
            if isinstance(found, Found):
                chunk.add(found)
            else:
                tally.skips += 1
                if len(tally.skipped) < _REPORTED_SKIPS:
                    tally.skipped.append(found)
            if chunk.is_full:
                for described in describe_chunk(archive.archive_id, batch.unknown(chunk.take())):
                    batch.add(described)
            report(tally)
        for described in describe_chunk(archive.archive_id, batch.unknown(chunk.take())):
            batch.add(described)
        for described in describe_rest():
            batch.add(described)

    batch.flush()
    store.mend_index()
    report(tally)
    return tally


class _Chunk:
    """Messages on their way to be described."""

    def __init__(self) -> None:
        self._found: list[Found] = []
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        return len(self._found) >= CHUNK_MESSAGES or self._bytes >= CHUNK_BYTES

    def add(self, found: Found) -> None:
        self._found.append(found)
        self._bytes += len(found.raw)

    def take(self) -> list[Found]:
        taken, self._found, self._bytes = self._found, [], 0
        return taken


class _Batch:
    """Described messages, put into the store when there are enough of them."""

    def __init__(self, store: Store, archive: ArchiveRecord, tally: ImportTally) -> None:
        self._store, self._archive, self._tally = store, archive, tally
        self._damaged = store.damaged_messages()
        self._messages: list[NewMessage] = []
        self._bytes = 0
        self._since = time.monotonic()

    def unknown(self, found: list[Found]) -> _Raws:
        """The messages that the archive does not have yet; the others are counted."""
        ids = [message_id_of(each.raw, self._archive.archive_id) for each in found]
        there = self._store.has_messages(ids) - self._damaged
        new = [(each.raw, each.file_time) for each, its_id in zip(found, ids, strict=True) if its_id not in there]
        self._tally.already_there += len(found) - len(new)
        return new

    def add(self, described: list[NewMessage]) -> None:
        self._messages += described
        self._bytes += sum(len(message.raw) for message in described)
        waited = time.monotonic() - self._since > BATCH_SECONDS
        if waited or len(self._messages) >= BATCH_MESSAGES or self._bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        added = self._store.add_messages(self._archive, self._messages) if self._messages else 0
        self._tally.added += added
        self._tally.already_there += len(self._messages) - added
        self._messages, self._bytes, self._since = [], 0, time.monotonic()


@contextmanager
def _describing(workers: int) -> Iterator[tuple[_DescribeChunk, Callable[[], Iterable[list[NewMessage]]]]]:
    """How chunks are described, and what gives the chunks that are left at the end."""
    if not workers:
        yield lambda archive_id, raws: [_describe(archive_id, raws)], lambda: []
        return

    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with, initargs=(os.getpid(),))
    waiting: deque[tuple[_Raws, Future[list[NewMessage]]]] = deque()

    def next_chunk() -> list[NewMessage]:
        raws, described = waiting.popleft()
        return [message._replace(raw=raw) for (raw, _), message in zip(raws, described.result(), strict=True)]

    def describe_chunk(archive_id: str, raws: _Raws) -> Iterator[list[NewMessage]]:
        waiting.append((raws, pool.submit(_describe_elsewhere, archive_id, raws)))
        # Two chunks for each worker keep it busy and memory flat.
        while len(waiting) > 2 * workers:
            yield next_chunk()

    def describe_rest() -> Iterator[list[NewMessage]]:
        while waiting:
            yield next_chunk()

    try:
        yield describe_chunk, describe_rest
    finally:
        pool.shutdown(cancel_futures=True)


def _describe(archive_id: str, raws: _Raws) -> list[NewMessage]:
    now = time.time()
    return [describe(raw, archive_id, file_time, now=now) for raw, file_time in raws]


def _describe_elsewhere(archive_id: str, raws: _Raws) -> list[NewMessage]:
    """The same without the raw messages, which need not travel back."""
    return [message._replace(raw=b"") for message in _describe(archive_id, raws)]


def _end_with(parent: int) -> None:
    """In a worker: end when the parent has ended, however it did; Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
