"""Walks an archive through the API, and puts what it finds into an index: what is held whole already is passed over, so
that doing it again goes on where it was stopped, and takes what is new."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import anyio
from anyio import to_thread

from mail_archive_tools.access import Access
from mail_archive_tools.calls.patience import Patience, silent
from mail_archive_tools.errors import ArchiveError, InvalidArgument, Late, NotFound, Unreadable
from mail_archive_tools.index.engine import Index
from mail_archive_tools.index.entry import Entry
from mail_archive_tools.index.stretches import Stretch, without
from mail_archive_tools.indexing.entries import entry_of, unread_entry
from mail_archive_tools.indexing.tally import IndexTally
from mail_archive_tools.reading.fetching.download import shared_connections
from mail_archive_tools.reading.fetching.messages import Fetched
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.sweeping.outcomes import OutOfTime, SearchedWindow
from mail_archive_tools.searching.sweeping.sweep import Sweep
from mail_archive_tools.service.shapes import Row

NEWEST_SECONDS = 3_600
"""What was received in the last hour is never held whole: mail may become searchable late."""
READ_AT_ONCE = 12
PUT_AT_ONCE = 200
"""Messages that are put in one transaction."""

_PATIENCE = 50.0
"""Seconds of one step: as long as a tool's call may take, so that each is bounded as calls are."""
_TRIES = 20
"""Steps in a row that come to nothing: then the service is away, or another search holds the only slot."""

Fetch = Callable[[Reader, Row], Awaitable[Fetched]]
"""How the message of a row is had, and read.

Raises:
    NotFound: it is there no more.
    Unreadable: it cannot be read.
    ArchiveError: it cannot be had now.
"""

Report = Callable[[IndexTally], None]
Stopped = Callable[[], bool]


async def by_link(reader: Reader, row: Row) -> Fetched:
    """The message by a link of the service."""
    return await reader.message_once(row["ArchivedMessageId"])


def _silent(tally: IndexTally) -> None:
    pass


def _never() -> bool:
    return False


@dataclass
class Indexer:
    """Fills an index for whoever has the access; `stopped` is asked between messages."""

    access: Access
    index: Index
    report: Report = _silent
    stopped: Stopped = _never
    fetch: Fetch = by_link
    at_once: int = READ_AT_ONCE

    async def complete(self, archive_id: str, begin: datetime, end: datetime) -> IndexTally:
        """Put in what an archive holds of a range, and is not held whole yet.

        Raises:
            ArchiveError: it cannot be searched. What was put in is kept.
        """
        tally = IndexTally()
        reader = self.access.reader.of(archive_id)
        newest = int(time.time()) - NEWEST_SECONDS
        whole = Stretch(int(begin.timestamp()), int(end.timestamp()))
        held = await to_thread.run_sync(self.index.stretches, archive_id)

        async with shared_connections():
            for gap in without([whole], held):
                if gap.first > time.time():
                    break
                await self._fill(archive_id, gap, newest, reader, tally)
                if tally.is_stopped:
                    break
        return tally

    async def _fill(self, archive_id: str, gap: Stretch, newest: int, reader: Reader, tally: IndexTally) -> None:
        """Put in one stretch, window after window, the oldest first."""
        begin, end = (datetime.fromtimestamp(second, UTC) for second in gap)
        sweep = await Sweep.over(self.access.searcher, archive_id, (None,), begin, end, "oldest_first")
        # Before the archive begins there is nothing, and that is all of it.
        before = Stretch(gap.first, int(sweep.starts.timestamp()) - 1)
        if before.first <= before.last:
            await self._note_whole(archive_id, [Stretch(before.first, min(before.last, gap.last, newest))])

        point = sweep.beginning()
        tries = 0
        while point.edge is not None and not tally.is_stopped:
            first = point.edge
            with Patience(_PATIENCE, silent) as patience:
                part = await sweep.part(point, patience, keep=False)
            if isinstance(part, OutOfTime):
                tries += 1
                point = part.place
                if tries >= _TRIES:
                    raise Late(
                        f"The searches of archive {archive_id} do not end. What was indexed is kept: the same command "
                        "goes on."
                    )
                continue

            tries = 0
            has_all = await self._take(archive_id, part, reader, tally)
            if has_all:
                edge = part.following.edge
                last = gap.last if edge is None else edge - 1
                held = Stretch(first, min(last, newest))
                # A second that had more messages than a search may find is not held whole.
                gone = [Stretch(second, second) for second in part.overflowed]
                await self._note_whole(archive_id, without([held], gone))
            tally.overflowed += part.overflowed
            point = part.following

    async def _note_whole(self, archive_id: str, stretches: Iterable[Stretch]) -> None:
        lawful = [each for each in stretches if each.first <= each.last]
        if lawful:
            await to_thread.run_sync(self.index.note_whole, archive_id, lawful)

    async def _take(self, archive_id: str, part: SearchedWindow, reader: Reader, tally: IndexTally) -> bool:
        """Put in what a window found; whether that was all there is."""
        rows = [each.row for each in part.rows]
        timed = [row for row in rows if row.get("ReceivedTimestamp") and row.get("ArchivedMessageId")]
        tally.found += len(rows)
        is_whole = len(timed) == len(rows) and not part.left_out and not part.notes

        for start in range(0, len(timed), PUT_AT_ONCE):
            failures = tally.failures
            await self._put(archive_id, timed[start : start + PUT_AT_ONCE], reader, tally)
            if self.stopped():
                tally.is_stopped = True
                return False
            is_whole = is_whole and tally.failures == failures
        return is_whole

    async def _put(self, archive_id: str, rows: list[Row], reader: Reader, tally: IndexTally) -> None:
        """Read those of the rows' messages that are not known yet, and put them in."""
        ids = [row["ArchivedMessageId"] for row in rows]
        known = await to_thread.run_sync(self.index.known, archive_id, ids)
        new = [row for row in rows if row["ArchivedMessageId"] not in known]
        tally.known += len(rows) - len(new)

        entries: list[Entry] = []
        left = iter(new)

        async def take_the_next() -> None:
            for row in left:
                if self.stopped():
                    return
                await self._read(row, reader, entries, tally)

        with reader.batch():
            async with anyio.create_task_group() as readers:
                for _ in range(self.at_once):
                    readers.start_soon(take_the_next)

        if entries:
            await to_thread.run_sync(self.index.put, archive_id, entries)
        tally.put += len(entries)
        tally.unread += sum(each.unread is not None for each in entries)
        self.report(tally)

    async def _read(self, row: Row, reader: Reader, entries: list[Entry], tally: IndexTally) -> None:
        archived_message_id = row["ArchivedMessageId"]
        try:
            with Patience(_PATIENCE, silent):
                fetched = await self.fetch(reader, row)
                entries.append(await entry_of(row, fetched, reader))
        except Unreadable as error:
            entries.append(unread_entry(row, error))
        except ArchiveError as error:
            if not await self._is_gone(row, reader, error):
                tally.failed[_without_id(str(error), archived_message_id)] += 1

    async def _is_gone(self, row: Row, reader: Reader, error: ArchiveError) -> bool:
        """Whether the service has deleted a message since it was found, since its archive keeps it no longer."""
        if not isinstance(error, InvalidArgument | NotFound):
            return False
        begins = await self.access.searcher.lifetimes.begins(reader.archive_id)
        return begins is not None and row["ReceivedTimestamp"] < begins


def _without_id(why: str, archived_message_id: str) -> str:
    """A reason that is the same for all messages that have it."""
    return why.replace(f"essage {archived_message_id}", "essage")
