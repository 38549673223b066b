"""Messages whose bytes are here already, as those of an export: put into an index without a search or a link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import anyio
from anyio import to_thread

from mail_archive_tools.access import Access
from mail_archive_tools.errors import Unreadable
from mail_archive_tools.index.engine import Index
from mail_archive_tools.index.entry import Entry
from mail_archive_tools.indexing.entries import entry_of, unread_entry
from mail_archive_tools.indexing.indexer import PUT_AT_ONCE, Report, Stopped
from mail_archive_tools.indexing.tally import IndexTally
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.service.shapes import Row


@dataclass(frozen=True)
class Given:
    """A message: the row that a search shows of it, its bytes, and Envelope and Metadata of GetArchiveMessage."""

    row: Row
    raw: bytes
    noted: Mapping[str, Any]


async def put_given(
    access: Access,
    index: Index,
    archive_id: str,
    messages: Iterable[Given],
    report: Report,
    stopped: Stopped,
) -> IndexTally:
    """Put messages into an index; those that are in it are passed over.

    Raises:
        IndexUnusable: it cannot be written. What was put in is kept.
    """
    tally = IndexTally()
    reader = access.reader.of(archive_id)
    left = iter(messages)
    while not tally.is_stopped:
        # In a thread, since they come from a disk or a network.
        some = await to_thread.run_sync(_next_of, left)
        if not some:
            break
        tally.found += len(some)
        await _put(index, archive_id, some, reader, tally)
        report(tally)
        tally.is_stopped = stopped()
    return tally


def _next_of(left: Iterator[Given]) -> list[Given]:
    return list(islice(left, PUT_AT_ONCE))


async def _put(index: Index, archive_id: str, some: list[Given], reader: Reader, tally: IndexTally) -> None:
    ids = [each.row["ArchivedMessageId"] for each in some]
    known = await to_thread.run_sync(index.known, archive_id, ids)
    new = [each for each in some if each.row["ArchivedMessageId"] not in known]
    tally.known += len(some) - len(new)

    entries: list[Entry] = []

    async def read(given: Given) -> None:
        archived_message_id = given.row["ArchivedMessageId"]
        try:
            fetched = await reader.read_with(archived_message_id, given.raw, given.noted, None)
            entries.append(await entry_of(given.row, fetched, reader))
        except Unreadable as error:
            entries.append(unread_entry(given.row, error))

    with reader.batch():
        async with anyio.create_task_group() as readers:
            for each in new:
                readers.start_soon(read, each)

    if entries:
        await to_thread.run_sync(index.put, archive_id, entries)
    tally.put += len(entries)
    tally.unread += sum([each.unread is not None for each in entries])
