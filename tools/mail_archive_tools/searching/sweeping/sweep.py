"""A search over any range: window after window, each row once, in the order of time.

All that is known between two windows is in a `SweepPoint`, which a cursor carries. Rows are in the order of their time;
those of one moment in the order of a digest of their ids. A row that two windows find, on the edge that they share, is
dealt with once, since the point says after which row the next window begins. A query that takes several searches (one
for each field that may name a participant) runs them all in each window, and has each row once.
"""

import hashlib
import json
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Self

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models import TimeRange
from mail_archive_tools.models.moments import iso
from mail_archive_tools.searching.cursors import DAMAGED
from mail_archive_tools.searching.indexed.search import IndexedSearch
from mail_archive_tools.searching.job import Finished, SearchRequest, Unfinished
from mail_archive_tools.searching.searcher import Searcher
from mail_archive_tools.searching.sweeping.from_index import window_of_index
from mail_archive_tools.searching.sweeping.outcomes import OutOfTime, SearchedWindow
from mail_archive_tools.searching.sweeping.points import Rank, RankedRow, SweepPoint
from mail_archive_tools.searching.sweeping.walk import SHORTEST, Order, Walk
from mail_archive_tools.searching.sweeping.window_searches import WindowSearches
from mail_archive_tools.searching.windows import DAY, Limits, Window
from mail_archive_tools.service.filters import Filters
from mail_archive_tools.service.shapes import Row

_MILLISECOND = timedelta(milliseconds=1)
_MANY = 1_000
"""Rows, where nobody said how many are wanted."""


@dataclass(frozen=True)
class Sweep:
    """A query over a range of time: `alternatives` are the Filters of its searches, of which any may find a message.
    `archive_begins` is the moment that no message is older than, where it is known."""

    searcher: Searcher
    archive_id: str
    alternatives: tuple[Filters | None, ...]
    begin: datetime
    end: datetime
    order: Order = "newest_first"
    archive_begins: datetime | None = None
    indexed: IndexedSearch | None = None
    """With it, what an index holds whole is not searched."""

    @classmethod
    async def over(
        cls,
        searcher: Searcher,
        archive_id: str,
        alternatives: tuple[Filters | None, ...],
        begin: datetime,
        end: datetime,
        order: Order = "newest_first",
        indexed: IndexedSearch | None = None,
    ) -> Self:
        """The query over as much of the range as the archive has.

        Raises:
            ArchiveError: there is no such archive, or the service cannot be reached.
        """
        archive_begins = await searcher.lifetimes.begins(archive_id)
        return cls(searcher, archive_id, alternatives, begin, end, order, archive_begins, indexed)

    @property
    def notes(self) -> list[str]:
        """What is to be said of the range."""
        if self.archive_begins is None or self.archive_begins <= self.begin:
            return []
        return [f"The archive holds nothing older than {iso(self.archive_begins)}."]

    @cached_property
    def walk(self) -> Walk:
        # Nothing is received before its time, so no search goes beyond tomorrow: by days, so that the pages of a search
        # agree.
        tomorrow = (int(time.time()) // DAY + 2) * DAY

        # Whole seconds, since not every client can send fractions; rows outside the range are then left out.
        first = math.floor(self.starts.timestamp())
        last = math.ceil(self.end.timestamp())
        return Walk(Window(first, max(first, min(last, tomorrow))), self.order, self.limits)

    @property
    def limits(self) -> Limits:
        return self.searcher.limits

    @property
    def starts(self) -> datetime:
        """Where searching starts in time: with the range, or with the archive."""
        if self.archive_begins is None:
            return self.begin
        return max(self.begin, self.archive_begins)

    def beginning(self) -> SweepPoint:
        """The first point; there is nothing to search in a range that ends before the archive begins."""
        if self.starts > self.end:
            return SweepPoint(None)
        return SweepPoint(self.walk.start)

    def refuse_damaged(self, point: SweepPoint) -> None:
        """
        Raises:
            InvalidArgument: the point, which came from outside, is none of this range.
        """
        if point.edge is not None:
            self._window(point)

    def coverage(self, edge: int | None) -> TimeRange | None:
        """The part of the range that has been searched when the next window begins at `edge`."""
        if self.starts > self.end:
            return None
        if edge is None:
            return TimeRange(from_timestamp=self.starts, to_timestamp=self.end)
        if edge == self.walk.start:
            return None

        reached = datetime.fromtimestamp(edge, UTC)
        if self.backwards:
            return TimeRange(from_timestamp=max(reached, self.starts), to_timestamp=self.end)
        return TimeRange(from_timestamp=self.starts, to_timestamp=min(reached, self.end))

    def coverage_before(self, rank: Rank) -> TimeRange | None:
        """The part of the range that lies before a row, other rows of the same millisecond left out."""
        moment = datetime.fromtimestamp(rank.millisecond / 1000, UTC)
        if self.backwards:
            first, last = max(moment + _MILLISECOND, self.starts), self.end
        else:
            first, last = self.starts, min(moment - _MILLISECOND, self.end)

        if first > last:
            return None
        return TimeRange(from_timestamp=first, to_timestamp=last)

    def rank(self, row: Row, window: Window) -> Rank:
        """A row without a time counts as the last of its window."""
        moment = row.get("ReceivedTimestamp")
        millisecond = math.floor(moment.timestamp() * 1000) if moment else self.walk.far_edge(window) * 1000
        identity = row.get("ArchivedMessageId") or json.dumps(row, default=str, sort_keys=True)
        return Rank(millisecond, _digest(identity))

    def is_to_come(self, rank: Rank, after: Rank | None) -> bool:
        """Whether a row of that rank comes after the one of the other rank."""
        if after is None:
            return True
        return rank < after if self.backwards else rank > after

    @property
    def backwards(self) -> bool:
        return self.order == "newest_first"

    async def part(
        self, point: SweepPoint, patience: Patience, keep: bool = True, wanted: int = _MANY
    ) -> SearchedWindow | OutOfTime:
        """Search the window at `point`, as short as it has to be. `keep`: whether its rows will be asked for again.
        So many rows are `wanted`: what an index tells need not be more.

        Raises:
            ArchiveError: it cannot be searched.
        """
        if self.indexed is not None and point.edge is not None:
            found = await window_of_index(self, self.indexed, point, wanted)
            if found is not None:
                return found

        walk = self.walk
        window = self._window(point)
        started = point.search_ids
        searches = times = 0
        while True:
            outcome = await self._search(window, patience, started, keep)
            started = ()
            searches += outcome.searches
            if outcome.running is not None:
                waiting = point._replace(search_ids=outcome.search_ids, far=walk.far_edge(window))
                return OutOfTime(waiting, outcome.running, searches)

            if not outcome.is_full:
                return self.searched(point, window, outcome, outcome.rows, searches)
            if window.length <= SHORTEST:
                return await self._second(point, window, outcome, patience, searches)

            times += 1
            length = walk.shortened(window, self._seconds(outcome.fullest, window), times)
            window = walk.window(walk.near_edge(window), length)
            if patience.left <= 0:
                shorter = point._replace(search_ids=(), far=walk.far_edge(window))
                return OutOfTime(shorter, None, searches)

    async def _search(
        self, window: Window, patience: Patience, started: tuple[str, ...] = (), keep: bool = True
    ) -> WindowSearches:
        """All searches of a window, one after the other, up to one that is not finished in time, or that came back full
        where the window can be shortened."""
        finished: list[Finished] = []
        searches = 0
        for number, filters in enumerate(self.alternatives):
            request = SearchRequest(self.archive_id, window, filters, self.limits.rows)
            known = started[number] if number < len(started) else None
            outcome = await self.searcher.run(request, patience, known, keep)
            searches += outcome.runs
            if isinstance(outcome, Unfinished):
                return WindowSearches(finished, searches, running=outcome.search_id)

            finished.append(outcome)
            if outcome.results.truncated and window.length > SHORTEST:
                break

        return WindowSearches(finished, searches)

    async def _second(
        self, point: SweepPoint, window: Window, full: WindowSearches, patience: Patience, searches: int
    ) -> SearchedWindow | OutOfTime:
        """The shortest window came back full: its two moments are searched one by one. That finds all where times are
        whole seconds, as far as can be seen; else it is said that there may be more."""
        rows = {self.rank(row, window): row for row in full.rows}
        are_whole_seconds = all(rank.millisecond % 1000 == 0 for rank in rows)
        overflowed = [] if are_whole_seconds else [window.first]

        for second in window:
            outcome = await self._search(Window(second, second), patience)
            searches += outcome.searches
            if outcome.running is not None:
                waiting = point._replace(search_ids=full.search_ids, far=self.walk.far_edge(window))
                return OutOfTime(waiting, outcome.running, searches)

            rows |= {self.rank(row, window): row for row in outcome.rows}
            full = full.with_faults_of(outcome)
            if outcome.is_full:
                overflowed.append(second)

        searched = self.searched(point, window, full, rows.values(), searches)
        return replace(searched, overflowed=tuple(dict.fromkeys(overflowed)))

    def searched(
        self,
        point: SweepPoint,
        window: Window,
        outcome: WindowSearches,
        rows: Iterable[Row],
        searches: int,
    ) -> SearchedWindow:
        """The window with these rows, as many as `searches` found for it in all."""
        walk = self.walk
        found = {self.rank(row, window): row for row in rows}
        ranked = [RankedRow(*pair) for pair in sorted(found.items(), key=itemgetter(0))]

        edge = walk.quiet_edge(window, [each.rank.millisecond / 1000 for each in ranked])
        if self.backwards:
            ranked.reverse()
        kept = [each for each in ranked if self._is_kept(each, edge, point.entered)]

        last = kept[-1].rank if kept else None
        following = SweepPoint(
            edge=walk.next_edge(edge),
            length=walk.learned(point.length, window, len(outcome.fullest)),
            entered=last or point.entered,
            after=last or point.after,
        )
        return SearchedWindow(
            rows=kept,
            here=point._replace(search_ids=outcome.search_ids, far=walk.far_edge(window)),
            following=following,
            searches=searches,
            left_out=outcome.all_left_out,
            notes=tuple(dict.fromkeys(outcome.all_notes)),
        )

    def _is_kept(self, ranked: RankedRow, edge: int, entered: Rank | None) -> bool:
        """Whether a row belongs to the window: it is in the range, not past the window's edge, and not dealt with."""
        moment = ranked.row.get("ReceivedTimestamp")
        if moment is not None and not self.begin <= moment <= self.end:
            return False

        millisecond = ranked.rank.millisecond
        past = millisecond < edge * 1000 if self.backwards else millisecond > edge * 1000
        return not past and self.is_to_come(ranked.rank, entered)

    def _seconds(self, rows: list[Row], window: Window) -> list[float]:
        return sorted(self.rank(row, window).millisecond / 1000 for row in rows)

    def _window(self, point: SweepPoint) -> Window:
        """The window at a point.

        Raises:
            InvalidArgument: there is none.
        """
        edge, far = point.edge, point.far
        if edge is None or not self._is_in_range(edge):
            raise InvalidArgument(DAMAGED)
        if far is None:
            window = self.walk.window(edge, point.length)
            return window if self.indexed is None else self.indexed.up_to_the_next(window, self.backwards)

        window = Window(min(edge, far), max(edge, far))
        is_too_long = window.length > self.limits.seconds
        if is_too_long or not self._is_in_range(far) or self.walk.near_edge(window) != edge:
            raise InvalidArgument(DAMAGED)
        return window

    def _is_in_range(self, second: int) -> bool:
        """Whether a second is one of the range as it was asked for: where the archive begins may move meanwhile."""
        return math.floor(self.begin.timestamp()) <= second <= self.walk.whole.last


@lru_cache(maxsize=10_000)
def _digest(identity: str) -> str:
    """What rows of one moment are in order by. A window is put in order once for each of its pages."""
    return hashlib.sha256(identity.encode()).hexdigest()[:10]
