"""Mail into a local archive: in batches, each one transaction, so that a killed import loses nothing and a
second one goes on where it stopped. Describing messages is most of the work; other processes may do it."""

import os
import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from mail_archive_local.importing.batching import Batch
from mail_archive_local.importing.describing import describing
from mail_archive_local.importing.exported import (
    Entry,
    Item,
    PlaceFailed,
    Settle,
    read_export,
    stem,
    until_failure,
)
from mail_archive_local.importing.mail_sources import MailSources
from mail_archive_local.importing.packed import Unread
from mail_archive_local.importing.places import Place
from mail_archive_local.importing.sources import Found, Skipped, read_sources
from mail_archive_local.importing.tally import ImportTally, Report, Stopped, never, silent
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.store import Store

CHUNK_MESSAGES = 200
CHUNK_BYTES = 2_000_000
"""What is described at a time."""


class _Chunk(NamedTuple):
    """What is described together, and the objects of an export that are read with it."""

    found: list[Found]
    read: list[Entry]
    settles: bool = False
    """Whether all that is on its way is put in, before anything else comes."""

    @property
    def has_enough(self) -> bool:
        # A message of an export is two objects, where its JSON stands beside it.
        return len(self.found) >= CHUNK_MESSAGES or len(self.read) >= 2 * CHUNK_MESSAGES


_Streamed = Found | Skipped | Entry | Settle


def import_all(
    store: Store,
    archive: ArchiveRecord,
    sources: MailSources,
    report: Report = silent,
    stopped: Stopped = never,
) -> ImportTally:
    """Bring all of the sources into the archive, counted as one; other processes help where there is much.

    Raises:
        StoreError: the folder can no longer be written. Batches before that are kept.
    """
    workers = 0
    if sources.are_long:
        workers = os.cpu_count() or 1

    tally = ImportTally()
    if sources.mail:
        import_mail(store, archive, sources.mail, report, workers, stopped, tally)
    for each in sources.exports:
        if stopped():
            tally.is_interrupted = True
            break
        import_export(store, archive, each, report, workers, stopped, tally)
    return tally


def import_mail(
    store: Store,
    archive: ArchiveRecord,
    sources: Iterable[Path],
    report: Report = silent,
    workers: int = 0,
    stopped: Stopped = never,
    tally: ImportTally | None = None,
) -> ImportTally:
    """Bring every message of the sources into the archive; `report` is called as it goes on. `workers` processes
    describe the messages; 0: this one does. Once it is `stopped`, what was read is put in, and no more is read. What is
    done is counted in `tally`, where one is given: several imports may be counted as one.

    Raises:
        StoreError: the folder can no longer be written. Batches before that are kept.
    """
    tally = tally or ImportTally()
    return _import(store, archive, _until(stopped, tally, read_sources(list(sources))), tally, report, workers)


def import_export(
    store: Store,
    archive: ArchiveRecord,
    place: Place,
    report: Report = silent,
    workers: int = 0,
    stopped: Stopped = never,
    tally: ImportTally | None = None,
) -> ImportTally:
    """Bring every message of an export into the archive, with its id, metadata and envelope. Objects that were read
    before, and have not changed, are not fetched again. Where not all of them can be listed, those that were are kept,
    and the tally is `cut_short`. The rest is as with `import_mail`.

    Raises:
        StoreError: the folder can no longer be written. Batches before that are kept.
    """
    tally = tally or ImportTally()
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
    has_all = store.count_messages(archive) >= store.count_after_reading(archive)
    is_whole = has_all and not store.damaged_messages()
    failures: list[PlaceFailed] = []

    listed = until_failure(entries, failures)
    for _, group in groupby(listed, key=lambda entry: stem(entry.origin)):
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
    batch = Batch(store, archive, tally)

    with describing(archive.archive_id, workers) as (describe_chunk, describe_rest):

        def settle() -> None:
            for described in describe_rest():
                batch.add(described)
            batch.flush()

        try:
            for chunk in _chunks(stream, tally, report):
                # The chunks that are described by now, this one or ones before.
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
            elif isinstance(item, Found):
                chunk.found.append(item)
                tally.bytes_read += item.bytes_read
                size += len(item.raw)
            else:
                tally.bytes_read += item.bytes_read
                tally.skip(item)

            if size >= CHUNK_BYTES or chunk.has_enough:
                yield chunk
                chunk, size = _Chunk([], []), 0
            report(tally)
    except PlaceFailed:
        # What was read before is put in.
        yield chunk
        raise
    yield chunk._replace(settles=True)
