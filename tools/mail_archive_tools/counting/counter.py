"""Counts what searches find, and keeps what was counted for the call that goes on with it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio import to_thread

from mail_archive_tools.cache import Cache
from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.counting.columns import Columns
from mail_archive_tools.counting.contents import Contents, WantedContents, read_contents
from mail_archive_tools.counting.terms import hits_of
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.cursors import fingerprint
from mail_archive_tools.searching.gathering.matching import Matcher
from mail_archive_tools.searching.sweeping.counts import Counts
from mail_archive_tools.searching.sweeping.from_index import counted_of_index
from mail_archive_tools.searching.sweeping.outcomes import OutOfTime, SearchedWindow
from mail_archive_tools.searching.sweeping.points import SweepPoint
from mail_archive_tools.searching.sweeping.sweep import Sweep

MOST_ROWS = 500_000
"""Rows that one summary counts at most."""
KEPT_ROWS = 1_000_000
"""Rows that are kept at most, for summaries that are asked for again: about 200 MB."""
_ROWS_OF_FACTS = 8
UNFINISHED_SECONDS = 900.0
"""How long what was counted is kept for a call that goes on with it."""


@dataclass
class Tally:
    """What has been counted of a search so far; the call that goes on with it holds the lock."""

    place: SweepPoint
    counts: Counts = field(default_factory=Counts)
    columns: Columns = field(default_factory=Columns)
    rows_found: int = 0
    """Rows that the words found, those included that are not meant."""
    contents: Contents = field(default_factory=Contents)
    running_search_id: str | None = None
    notes: list[str] = field(default_factory=list)
    is_doubtful: bool = False
    """Whether something was wrong with an answer that was counted: then the next call counts anew."""
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    expires_at: float = field(default_factory=lambda: time.monotonic() + UNFINISHED_SECONDS)

    @property
    def is_finished(self) -> bool:
        return self.place.edge is None

    @property
    def weight(self) -> int:
        """What it takes in memory, in rows: what a message shows takes much more than its row."""
        return len(self.columns) + _ROWS_OF_FACTS * len(self.contents.facts)


@dataclass(frozen=True)
class Asked:
    """What is asked of messages that a search cannot be asked for."""

    reader: Reader | None = None
    """With it, the messages are read."""
    matcher: Matcher | None = None
    """Only the messages that it means are counted."""
    filtered: dict[str, Any] | None = None
    """What the caller said for `matcher`: it tells this summary from others."""
    terms: tuple[str, ...] = ()
    """Words that are looked for in the header fields."""
    needs_body: bool = True
    """Whether it is grouped by what takes the body of a message."""

    def contents(self, reader: Reader) -> WantedContents:
        """What is asked of the messages that are read."""
        return WantedContents(reader, self.matcher, self.needs_body)


NOTHING_ASKED = Asked()


class Counter:
    """Counts searches, and keeps the tallies. One for each identity."""

    def __init__(self) -> None:
        self._tallies: Cache[Tally] = Cache(KEPT_ROWS, lambda tally: tally.weight)

    async def count(self, sweep: Sweep, patience: Patience, asked: Asked = NOTHING_ASKED) -> Tally:
        """Count a search until nothing is left to count, or no time. What is `asked` of messages is looked at once the
        range is counted."""
        tally = await self._tally_of(sweep, asked)
        with anyio.move_on_after(max(patience.left, 0)) as waiting:
            await tally.lock.acquire()
        # Another call counts the same, and goes on.
        if waiting.cancelled_caught:
            return tally

        try:
            await _count_on(sweep, tally, patience, asked)
            if asked.reader is not None and tally.is_finished:
                await read_contents(tally.contents, tally.columns, asked.contents(asked.reader), patience)
        finally:
            tally.lock.release()

        return tally

    async def _tally_of(self, sweep: Sweep, asked: Asked) -> Tally:
        """What was counted of this search before, or nothing yet."""
        key = fingerprint(
            "summary", sweep.archive_id, sweep.begin, sweep.end, sweep.alternatives, asked.filtered, asked.terms,
            # What an index told is told again while it may tell it.
            sweep.indexed is not None,
        )  # fmt: skip

        async def begin() -> Tally:
            return Tally(sweep.beginning(), columns=Columns(hits_of(asked.terms)))

        tally = await self._tallies.get(key, begin)
        # One that another call is counting is not old, whatever the time.
        if time.monotonic() > tally.expires_at and not tally.lock.locked():
            self._tallies.forget(key)
            tally = await self._tallies.get(key, begin)

        return tally


async def _count_on(sweep: Sweep, tally: Tally, patience: Patience, asked: Asked) -> None:
    matcher = asked.matcher
    tally.notes, tally.running_search_id = [], None
    progressed = False
    while not tally.is_finished:
        if progressed and patience.left <= 0:
            return
        if len(tally.columns) >= MOST_ROWS:
            tally.notes.append(f"A summary counts {MOST_ROWS} rows at most. Shorten the range, or narrow the words.")
            return
        await patience.say(f"{tally.counts.searches} searches run, {len(tally.columns):,} rows counted")
        if await _count_of_index(sweep, tally, asked):
            progressed = True
            continue

        try:
            part = await sweep.part(tally.place, patience, keep=False)
        except ArchiveError as error:
            has_counted = progressed or len(tally.columns) > 0
            if not has_counted:
                raise
            tally.notes.append(f"The search stopped before the end of the range: {error}")
            return
        if isinstance(part, OutOfTime):
            tally.place, tally.running_search_id = part.place, part.search_id
            tally.counts = tally.counts.having_run(part.searches)
            return

        rows = [each.row for each in part.rows]
        if matcher is not None:
            rows = [row for row in rows if matcher.matches_row(row)]
        # In a thread, since thousands of addresses take a while to read; the place moves with what it counts.
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(tally.columns.add, rows)
        _note_part(tally, part)
        progressed = True
        tally.expires_at = time.monotonic() + _seconds_kept(sweep, tally)


async def _count_of_index(sweep: Sweep, tally: Tally, asked: Asked) -> bool:
    """Count what an index holds whole from here on; whether it does. Terms are looked for in rows, which it does not
    count by."""
    if sweep.indexed is None or asked.terms:
        return False
    part = await counted_of_index(sweep, sweep.indexed, tally.place, MOST_ROWS - len(tally.columns))
    if part is None:
        return False
    if part.counted is None:
        # One by one, searches find as many as are counted at most, and say so.
        return False

    with anyio.CancelScope(shield=True):
        first = len(tally.columns)
        await to_thread.run_sync(tally.columns.add_labels, part.counted.labels)
        tally.contents.note_of_index(first, part, part.counted)
    tally.rows_found += part.looked.messages
    tally.place = part.following
    tally.expires_at = time.monotonic() + _seconds_kept(sweep, tally)
    return True


def _note_part(tally: Tally, part: SearchedWindow) -> None:
    """Go on behind a part whose rows are counted."""
    tally.rows_found += len(part.rows)
    tally.place = part.following
    tally.counts = tally.counts.having_run(part.searches, part.overflowed, part.left_out)
    tally.notes += [note for note in part.notes if note not in tally.notes]
    if part.left_out or part.notes:
        tally.is_doubtful = True


def _seconds_kept(sweep: Sweep, tally: Tally) -> float:
    if tally.is_doubtful:
        return 0
    if tally.is_finished:
        return sweep.searcher.recent.lasting(sweep.walk.whole)
    return UNFINISHED_SECONDS
