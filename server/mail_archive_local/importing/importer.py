"""Mail into a local archive: in batches, each one transaction, so that a killed import loses nothing and a
second one goes on where it stopped. Describing messages is most of the work; other processes may do it."""

import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from mail_archive_local.importing.beside import NOTHING, Beside
from mail_archive_local.importing.exported import (
    Entry,
    Item,
    PlaceFailed,
    Settle,
    read_export,
    stem,
    until_failure,
)
from mail_archive_local.importing.packed import Unread
from mail_archive_local.importing.places import Place
from mail_archive_local.importing.record import Known, describe
from mail_archive_local.importing.sources import Found, Skipped, read_sources
from mail_archive_local.operations.retention import first_second_kept
from mail_archive_local.storage.putting import ArchiveRecord, NewMessage
from mail_archive_local.storage.row_keys import message_id_of
from mail_archive_local.storage.store import Store
from mail_archive_tools import system

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
    """What an import did. `skipped` holds the first thousand; `skips` counts them all. `known_objects` are those of an
    export that an import before has read, and that have not changed since. `cut_short` says of exports why not all of
    their objects could be listed. `is_interrupted`: it was asked to stop, and read no further; what was read is
    kept."""

    added: int = 0
    already_there: int = 0
    skips: int = 0
    bytes_read: int = 0
    known_objects: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    cut_short: list[str] = field(default_factory=list)
    is_interrupted: bool = False

    @property
    def seen(self) -> int:
        return self.added + self.already_there

    def join(self, other: "ImportTally") -> None:
        """Count what another import did as well."""
        for name in ("added", "already_there", "skips", "bytes_read", "known_objects"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.skipped = [*self.skipped, *other.skipped][:_REPORTED_SKIPS]
        self.cut_short += other.cut_short
        self.is_interrupted |= other.is_interrupted

    def skip(self, skipped: Skipped) -> None:
        self.skips += 1
        if len(self.skipped) < _REPORTED_SKIPS:
            self.skipped.append(skipped)


class _New(NamedTuple):
    """A message that the archive does not have, or not with all that is known of it: its bytes, its file's time
    (seconds since 1970), what is known beside it, and the id of the message that it is put in for."""

    raw: bytes
    file_time: float
    beside: Beside = NOTHING
    instead_of: str = ""


class _Chunk(NamedTuple):
    """What is described together, and the objects of an export that are read with it."""

    found: list[Found]
    read: list[Entry]
    settles: bool = False


_Streamed = Found | Skipped | Entry | Settle


class _Described(NamedTuple):
    messages: list[NewMessage]
    read: list[Entry]


_DescribeChunk = Callable[[list[_New], list[Entry]], Iterable[_Described]]
"""Takes what is new of a chunk; gives the chunks that are described by now, this one or ones before."""

Report = Callable[[ImportTally], None]
Stopped = Callable[[], bool]


def silent(tally: ImportTally) -> None:
    """The report that nobody reads."""


def never() -> bool:
    """Whether to stop, where nobody asks."""
    return False


def import_mail(
    store: Store,
    archive: ArchiveRecord,
    sources: Iterable[Path],
    report: Report = silent,
    workers: int = 0,
    stopped: Stopped = never,
) -> ImportTally:
    """Bring every message of the sources into the archive; `report` is called as it goes on. `workers` processes
    describe the messages; 0: this one does. Once it is `stopped`, what was read is put in, and no more is read.

    Raises:
        StoreError: the folder can no longer be written. Batches before that are kept.
    """
    tally = ImportTally()
    return _import(store, archive, _until(stopped, tally, read_sources(list(sources))), tally, report, workers)


def import_export(
    store: Store,
    archive: ArchiveRecord,
    place: Place,
    report: Report = silent,
    workers: int = 0,
    stopped: Stopped = never,
) -> ImportTally:
    """Bring every message of an export into the archive, with its id, metadata and envelope. Objects that were read
    before, and have not changed, are not fetched again. Where not all of them can be listed, those that were are kept,
    and the tally is `cut_short`.

    Raises:
        StoreError: the folder can no longer be written. Batches before that are kept.
    """
    tally = ImportTally()
    items = read_export(_unread(store, archive, place.entries(), tally), place.fetch)
    try:
        _import(store, archive, _until(stopped, tally, _as_found(items)), tally, report, workers)
    except PlaceFailed as error:
        tally.cut_short.append(str(error))
        return tally
    if not tally.is_interrupted:
        store.note_count_after_reading(archive)
    return tally


def _until(stopped: Stopped, tally: ImportTally, stream: Iterable[_Streamed]) -> Iterator[_Streamed]:
    for item in stream:
        yield item
        if stopped():
            tally.is_interrupted = True
            return


def _unread(store: Store, archive: ArchiveRecord, entries: Iterable[Entry], tally: ImportTally) -> Iterator[Entry]:
    """The objects that were not read before. What stands beside each other is read together, or not at all; all of it
    where messages that were put in are damaged or gone."""
    is_whole = not store.damaged_messages() and store.count_messages(archive) >= store.count_after_reading(archive)
    failures: list[PlaceFailed] = []
    for _, group in groupby(until_failure(entries, failures), key=lambda entry: stem(entry.origin)):
        together = list(group)
        if is_whole and all(store.has_read(archive, each.origin, each.version) for each in together):
            tally.known_objects += len(together)
            tally.bytes_read += sum(max(each.size, 0) for each in together)
        else:
            yield from together
    if failures:
        raise failures[0]


def _as_found(items: Iterable[Item]) -> Iterator[_Streamed]:
    for item in items:
        if isinstance(item, Entry | Settle):
            yield item
        elif isinstance(item, Unread):
            yield Skipped(item.origin, item.reason)
        else:
            # Nothing says when it came, where neither its header nor what stands beside it does: it is here since now.
            yield Found(item.origin, item.raw, time.time(), 0, item.beside)


def _import(
    store: Store,
    archive: ArchiveRecord,
    stream: Iterable[_Streamed],
    tally: ImportTally,
    report: Report,
    workers: int,
) -> ImportTally:
    batch = _Batch(store, archive, tally)
    with _describing(archive.archive_id, workers) as (describe_chunk, describe_rest):

        def settle() -> None:
            for described in describe_rest():
                batch.add(described)
            batch.flush()

        try:
            for chunk in _chunks(stream, tally, report):
                for described in describe_chunk(batch.unknown(chunk.found), chunk.read):
                    batch.add(described)
                if chunk.settles:
                    # What comes now is known already, and is looked for in the store.
                    settle()
        except PlaceFailed:
            settle()
            raise

    store.mend_index()
    report(tally)
    return tally


def _chunks(stream: Iterable[_Streamed], tally: ImportTally, report: Report) -> Iterator[_Chunk]:
    """Messages on their way to be described, so many at a time; the last chunk settles all."""
    chunk, size = _Chunk([], []), 0
    try:
        for item in stream:
            if isinstance(item, Settle):
                yield chunk._replace(settles=True)
                chunk, size = _Chunk([], []), 0
                continue
            if isinstance(item, Entry):
                chunk.read.append(item)
                tally.bytes_read += max(item.size, 0)
            else:
                tally.bytes_read += item.bytes_read
            if isinstance(item, Found):
                chunk.found.append(item)
                size += len(item.raw)
            elif isinstance(item, Skipped):
                tally.skip(item)
            if len(chunk.found) >= CHUNK_MESSAGES or size >= CHUNK_BYTES or len(chunk.read) >= 2 * CHUNK_MESSAGES:
                yield chunk
                chunk, size = _Chunk([], []), 0
            report(tally)
    except PlaceFailed:
        yield chunk
        raise
    yield chunk._replace(settles=True)


class _Batch:
    """Described messages, put into the store when there are enough of them."""

    def __init__(self, store: Store, archive: ArchiveRecord, tally: ImportTally) -> None:
        self._store, self._archive, self._tally = store, archive, tally
        self._damaged = store.damaged_messages()
        self._first_kept = first_second_kept(archive.retention, time.time())
        self._messages: list[NewMessage] = []
        self._read: list[Entry] = []
        self._bytes = 0
        self._since = time.monotonic()

    def unknown(self, found: list[Found]) -> list[_New]:
        """The messages that the archive does not have yet; the others are counted."""
        derived = [message_id_of(each.raw, self._archive.archive_id) for each in found]
        given = [each.beside.archived_message_id for each in found]
        there = self._store.archives_of_messages([*derived, *filter(None, given)])
        new = []
        for each, of_bytes in zip(found, derived, strict=True):
            beside = self._with_usable_id(each.beside, there)
            message_id = beside.archived_message_id or of_bytes
            if message_id in there and message_id not in self._damaged and not self._tells_more(message_id, beside):
                self._tally.already_there += 1
                continue
            # It was put in before without what is known beside it.
            instead_of = of_bytes if beside.says_anything and of_bytes in there else ""
            new.append(_New(each.raw, each.file_time, beside, instead_of))
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
        return there is not None and not beside.metadata.items() <= json.loads(there.metadata)["Metadata"].items()

    def add(self, described: _Described) -> None:
        for message in described.messages:
            if self._first_kept is not None and message.second < self._first_kept:
                period = self._archive.retention
                reason = f"is older than the archive keeps mail ({period})"
                self._tally.skip(Skipped(f"message {message.archived_message_id}", reason))
                continue
            self._messages.append(message)
            self._bytes += len(message.raw)
        self._read += described.read
        waited = time.monotonic() - self._since > BATCH_SECONDS
        if waited or len(self._messages) >= BATCH_MESSAGES or self._bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        added = self._store.add_messages(self._archive, self._messages) if self._messages else 0
        self._tally.added += added
        self._tally.already_there += len(self._messages) - added
        # After their messages: a killed import reads them once more.
        self._store.note_read(self._archive, [(each.origin, each.version) for each in self._read])
        self._messages, self._read, self._bytes, self._since = [], [], 0, time.monotonic()


@contextmanager
def _describing(archive_id: str, workers: int) -> Iterator[tuple[_DescribeChunk, Callable[[], Iterable[_Described]]]]:
    """How chunks are described, and what gives the chunks that are left at the end."""
    if not workers:
        yield lambda new, read: [_Described(_describe(archive_id, new), read)], lambda: []
        return

    with _deaf_to_interrupts():
        pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with, initargs=(os.getpid(),))
    waiting: deque[tuple[list[_New], list[Entry], Future[list[NewMessage]]]] = deque()

    def next_chunk() -> _Described:
        new, read, described = waiting.popleft()
        pairs = zip(new, described.result(), strict=True)
        return _Described([message._replace(raw=each.raw) for each, message in pairs], read)

    def describe_chunk(new: list[_New], read: list[Entry]) -> Iterator[_Described]:
        with _deaf_to_interrupts():
            described = pool.submit(_describe_elsewhere, archive_id, new)
        waiting.append((new, read, described))
        # Two chunks for each worker keep it busy and memory flat.
        while len(waiting) > 2 * workers:
            yield next_chunk()

    def describe_rest() -> Iterator[_Described]:
        while waiting:
            yield next_chunk()

    try:
        yield describe_chunk, describe_rest
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Have processes that start meanwhile never hear Ctrl-C, from their first moment on: it is this one's to answer,
    which hears what came meanwhile when this ends. A process has the signals blocked that its parent had."""
    if not system.CAN_DELAY_SIGNALS:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _describe(archive_id: str, new: list[_New]) -> list[NewMessage]:
    now = time.time()
    return [
        describe(each.raw, archive_id, each.file_time, now=now, known=_known(each.beside))._replace(
            instead_of=each.instead_of
        )
        for each in new
    ]


def _known(beside: Beside) -> Known | None:
    if not beside.says_anything:
        return None
    return Known(beside.archived_message_id, beside.second, beside.metadata, beside.envelope)


def _describe_elsewhere(archive_id: str, new: list[_New]) -> list[NewMessage]:
    """The same without the raw messages, which need not travel back."""
    return [message._replace(raw=b"") for message in _describe(archive_id, new)]


def _end_with(parent: int) -> None:
    """In a worker: end when the parent has ended, however it did; Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
