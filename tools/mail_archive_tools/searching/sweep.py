"""A search over any range: window after window, each row once, in the order of time.

All that is known between two windows is in a `Place`, which a cursor carries. Rows are in the order of their time;
those of one moment in the order of a digest of their ids. A row that two windows find, on the edge that they share,
is dealt with once, since the place says after which row the next window begins.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models import TimeRange
from mail_archive_tools.models.moments import iso
from mail_archive_tools.patience import Patience
from mail_archive_tools.searching.cursors import DAMAGED
from mail_archive_tools.searching.job import Finished, SearchRequest, Unfinished
from mail_archive_tools.searching.searcher import Searcher
from mail_archive_tools.searching.windows import DAY, SHORTEST, Limits, Order, Walk, Window
from mail_archive_tools.service.shapes import Row

NAMED_OVERFLOWS = 5
"""Seconds with too many messages that are named; of more, it is said that there are others."""

_Second = Annotated[int, Field(ge=-(10**11), le=10**12)]
_Count = Annotated[int, Field(ge=0, le=10**12)]


class Rank(NamedTuple):
    """What rows are put in order by."""

    millisecond: Annotated[int, Field(ge=-(10**14), le=10**15)]
    digest: Annotated[str, Field(max_length=16)]


class RankedRow(NamedTuple):
    """A row, and where it stands."""

    rank: Rank
    row: Row


class Place(NamedTuple):
    """How far a search over a range is. Small, and made of what JSON knows, so that a cursor can carry it."""

    edge: _Second | None
    """The second that the next window begins at; None: all is searched."""
    length: _Count = 0
    """How long windows should be, in seconds; 0: not known yet."""
    search_id: Annotated[str, Field(max_length=64)] = ""
    """The search of the next window, where it was started already, and that window's other edge."""
    far: _Second | None = None
    entered: Rank | None = None
    """The last row of the windows before."""
    after: Rank | None = None
    """The last row that was dealt with."""
    rows: _Count = 0
    """Of the windows before: the rows that were found, and the messages, a message's copies counted once."""
    messages: _Count = 0
    searches: _Count = 0
    overflowed: Annotated[tuple[_Second, ...], Field(max_length=NAMED_OVERFLOWS + 1)] = ()
    """Seconds with more messages than a search may find: those that are named, and one more if there are others."""


@dataclass(frozen=True)
class SearchedWindow:
    """A window that was searched: its rows in order, those of the windows before left out; the place in it; and the
    place behind it, where `messages` is left to be counted."""

    rows: list[RankedRow]
    here: Place
    following: Place


@dataclass(frozen=True)
class OutOfTime:
    """The place to go on from, and the search that still runs, if one does."""

    place: Place
    search_id: str | None = None


@dataclass(frozen=True)
class Sweep:
    """A query over a range of time."""

    searcher: Searcher
    archive_id: str
    filters: dict[str, Any] | None
    begin: datetime
    end: datetime
    order: Order = "newest_first"

    @property
    def walk(self) -> Walk:
        # Whole seconds, since not every client can send fractions; rows outside the range are then left out. And not
        # beyond tomorrow, since nothing is received before its time: by days, so that the pages of a search agree.
        tomorrow = (int(time.time()) // DAY + 2) * DAY
        first = math.floor(self.begin.timestamp())
        last = max(first, min(math.ceil(self.end.timestamp()), tomorrow))
        return Walk(Window(first, last), self.order, self.limits)

    @property
    def limits(self) -> Limits:
        return self.searcher.limits

    def beginning(self) -> Place:
        return Place(self.walk.start)

    def coverage(self, edge: int | None) -> TimeRange | None:
        """The part of the range that has been searched when the next window begins at `edge`."""
        if edge is None:
            return TimeRange(from_timestamp=self.begin, to_timestamp=self.end)
        if edge == self.walk.start:
            return None
        reached = datetime.fromtimestamp(edge, UTC)
        if self._backwards:
            return TimeRange(from_timestamp=max(reached, self.begin), to_timestamp=self.end)
        return TimeRange(from_timestamp=self.begin, to_timestamp=min(reached, self.end))

    def rank(self, row: Row, window: Window) -> Rank:
        """A row without a time counts as the last of its window."""
        moment = row.get("ReceivedTimestamp")
        millisecond = math.floor(moment.timestamp() * 1000) if moment else self.walk.far_edge(window) * 1000
        identity = row.get("ArchivedMessageId") or json.dumps(row, default=str, sort_keys=True)
        return Rank(millisecond, hashlib.sha256(identity.encode()).hexdigest()[:12])

    def is_to_come(self, rank: Rank, after: Rank | None) -> bool:
        """Whether a row of that rank comes after the one of the other rank."""
        return after is None or (rank < after if self._backwards else rank > after)

    @property
    def _backwards(self) -> bool:
        return self.order == "newest_first"

    async def part(self, place: Place, patience: Patience, keep: bool = True) -> SearchedWindow | OutOfTime:
        """Search the window at `place`, as short as it has to be. `keep`: whether its rows will be asked for again.

        Raises:
            ArchiveError: it cannot be searched.
        """
        walk = self.walk
        window = self._window(place)
        known = place.search_id or None
        times = 0
        while True:
            outcome = await self.searcher.run(self._request(window), patience, known, keep)
            known = None
            place = place._replace(searches=place.searches + outcome.runs)
            if isinstance(outcome, Unfinished):
                waiting = place._replace(search_id=outcome.search_id, far=walk.far_edge(window))
                return OutOfTime(waiting, outcome.search_id)
            if not outcome.results.truncated:
                return self._part(place, window, outcome.search_id, outcome.results.rows)
            if window.length <= SHORTEST:
                return await self._second(place, window, outcome, patience)
            times += 1
            length = walk.shortened(window, self._seconds(outcome.results.rows, window), times)
            window = walk.window(walk.near_edge(window), length)
            if patience.left <= 0:
                return OutOfTime(place._replace(search_id="", far=walk.far_edge(window)))

    async def _second(
        self, place: Place, window: Window, full: Finished, patience: Patience
    ) -> SearchedWindow | OutOfTime:
        """The shortest window came back full: its two moments are searched one by one. That finds all where times are
        whole seconds, as far as can be seen; else it is said that there may be more."""
        rows = {self.rank(row, window): row for row in full.results.rows}
        overflowed = [] if all(rank.millisecond % 1000 == 0 for rank in rows) else [window.first]
        for second in window:
            outcome = await self.searcher.run(self._request(Window(second, second)), patience)
            place = place._replace(searches=place.searches + outcome.runs)
            if isinstance(outcome, Unfinished):
                waiting = place._replace(search_id=full.search_id, far=self.walk.far_edge(window))
                return OutOfTime(waiting, outcome.search_id)
            rows |= {self.rank(row, window): row for row in outcome.results.rows}
            if outcome.results.truncated:
                overflowed.append(second)
        all_overflowed = tuple(dict.fromkeys((*place.overflowed, *overflowed)))
        place = place._replace(overflowed=all_overflowed[: NAMED_OVERFLOWS + 1])
        return self._part(place, window, full.search_id, list(rows.values()))

    def _part(self, place: Place, window: Window, search_id: str, rows: Sequence[Row]) -> SearchedWindow:
        walk = self.walk
        ranked = sorted((RankedRow(self.rank(row, window), row) for row in rows), key=itemgetter(0))
        edge = walk.quiet_edge(window, [rank.millisecond / 1000 for rank, _ in ranked])
        if self._backwards:
            ranked.reverse()
        kept = [
            each
            for each in ranked
            if self._is_within(each.row)
            and not self._is_past(each.rank, edge)
            and self.is_to_come(each.rank, place.entered)
        ]
        following = place._replace(
            edge=walk.next_edge(edge),
            length=walk.learned(place.length, window, len(rows)),
            search_id="",
            far=None,
            entered=kept[-1].rank if kept else place.entered,
            after=kept[-1].rank if kept else place.after,
            rows=place.rows + len(kept),
        )
        here = place._replace(search_id=search_id, far=walk.far_edge(window))
        return SearchedWindow(kept, here, following)

    def _is_within(self, row: Row) -> bool:
        moment = row.get("ReceivedTimestamp")
        return moment is None or self.begin <= moment <= self.end

    def _is_past(self, rank: Rank, edge: int) -> bool:
        return rank.millisecond < edge * 1000 if self._backwards else rank.millisecond > edge * 1000

    def _seconds(self, rows: Sequence[Row], window: Window) -> list[float]:
        return sorted(self.rank(row, window).millisecond / 1000 for row in rows)

    def _window(self, place: Place) -> Window:
        whole, edge = self.walk.whole, place.edge
        ends = [second for second in (edge, place.far) if second is not None]
        if edge is None or any(not whole.first <= second <= whole.last for second in ends):
            raise InvalidArgument(DAMAGED)
        if place.far is None:
            return self.walk.window(edge, place.length)
        window = Window(min(edge, place.far), max(edge, place.far))
        if window.length > self.limits.seconds or self.walk.near_edge(window) != edge:
            raise InvalidArgument(DAMAGED)
        return window

    def _request(self, window: Window) -> SearchRequest:
        return SearchRequest(self.archive_id, window, self.filters, self.limits.rows)


def overflow_notes(place: Place) -> list[str]:
    """What to say of seconds with more messages than one search may find."""
    if not place.overflowed:
        return []
    moments = ", ".join(iso(datetime.fromtimestamp(second, UTC)) for second in place.overflowed[:NAMED_OVERFLOWS])
    others = " and others" if len(place.overflowed) > NAMED_OVERFLOWS else ""
    return [
        f"More messages were received than one search can find in the second of {moments}{others}: some are missing "
        "here. Narrow the words to find them."
    ]
