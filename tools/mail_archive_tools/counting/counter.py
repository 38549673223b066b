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
from mail_archive_tools.counting.contents import Contents, read_contents
from mail_archive_tools.counting.terms import hits_of
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.counts import Counts
from mail_archive_tools.searching.cursors import fingerprint
from mail_archive_tools.searching.matching import Matcher
from mail_archive_tools.searching.sweep import OutOfTime, Place, Sweep

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

    place: Place
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
    """What is asked of messages that a search cannot be asked for: those that `matcher` means alone, as `filtered` says
    it. With a `reader` they are read. `terms` are looked for in their header fields."""

    reader: Reader | None = None
    matcher: Matcher | None = None
    filtered: dict[str, Any] | None = None
    terms: tuple[str, ...] = ()


NOTHING_ASKED = Asked()


class Counter:
    """Counts searches, and keeps the tallies. One for each identity."""

    def __init__(self) -> None:
        self._tallies: Cache[Tally] = Cache(KEPT_ROWS, lambda tally: tally.weight)

    async def count(self, sweep: Sweep, patience: Patience, asked: Asked = NOTHING_ASKED) -> Tally:
        """What is counted of a search when there is nothing left to count, or no time. What is `asked` of messages is
        looked at once the range is counted."""
        tally = await self._tally_of(sweep, asked)
        with anyio.move_on_after(max(patience.left, 0)) as waiting:
            await tally.lock.acquire()
        if waiting.cancelled_caught:
            return tally
        try:
            await _count_on(sweep, tally, patience, asked.matcher)
            if asked.reader is not None and tally.is_finished:
                await read_contents(tally.contents, tally.columns, asked.reader, asked.matcher, patience)
        finally:
            tally.lock.release()

        return tally

    async def _tally_of(self, sweep: Sweep, asked: Asked) -> Tally:
        """What was counted of this search before, or nothing yet."""
        key = fingerprint(
            "summary", sweep.archive_id, sweep.begin, sweep.end, sweep.alternatives, asked.filtered, asked.terms
        )

        async def begin() -> Tally:
            return Tally(sweep.beginning(), columns=Columns(hits_of(asked.terms)))

        tally = await self._tallies.get(key, begin)
        if time.monotonic() > tally.expires_at and not tally.lock.locked():
            self._tallies.forget(key)
            tally = await self._tallies.get(key, begin)

        return tally


async def _count_on(sweep: Sweep, tally: Tally, patience: Patience, matcher: Matcher | None) -> None:
    tally.notes, tally.running_search_id, progressed = [], None, False
    while not tally.is_finished:
        if progressed and patience.left <= 0:
            return
        if len(tally.columns) >= MOST_ROWS:
            tally.notes.append(f"A summary counts {MOST_ROWS} rows at most. Shorten the range, or narrow the words.")
            return
        await patience.say(f"{tally.counts.searches} searches run, {len(tally.columns):,} rows counted")

        try:
            part = await sweep.part(tally.place, patience, keep=False)
        except ArchiveError as error:
            if not progressed and not len(tally.columns):
                raise
            tally.notes.append(f"The search stopped before the end of the range: {error}")
            return
        if isinstance(part, OutOfTime):
            tally.place, tally.running_search_id = part.place, part.search_id
            tally.counts = tally.counts.having_run(part.searches)
            return

        # In a thread, since thousands of addresses take a while to read; the place moves with what it counts.
        with anyio.CancelScope(shield=True):
            rows = [each.row for each in part.rows if matcher is None or matcher.matches_row(each.row)]
            await to_thread.run_sync(tally.columns.add, rows)
        tally.rows_found += len(part.rows)
        tally.place, progressed = part.following, True
        tally.counts = tally.counts.having_run(part.searches, part.overflowed, part.left_out)
        tally.notes += [note for note in part.notes if note not in tally.notes]
        tally.is_doubtful |= bool(part.left_out or part.notes)
        tally.expires_at = time.monotonic() + _seconds_kept(sweep, tally)


def _seconds_kept(sweep: Sweep, tally: Tally) -> float:
    if tally.is_doubtful:
        return 0
    if tally.is_finished:
        return sweep.searcher.recent.lasting(sweep.walk.whole)
    return UNFINISHED_SECONDS
