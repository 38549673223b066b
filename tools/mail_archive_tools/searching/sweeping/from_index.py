"""Windows of a sweep that an index tells: rows that are meant, without a search. They are of whole seconds, and share
none with the windows beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from anyio import to_thread

from mail_archive_tools.errors import IndexUnusable
from mail_archive_tools.index.engine import Counted, Index, Looked
from mail_archive_tools.index.question import Question
from mail_archive_tools.index.stretches import Stretch
from mail_archive_tools.searching.indexed.search import IndexedSearch, Matched
from mail_archive_tools.searching.sweeping.outcomes import SearchedWindow
from mail_archive_tools.searching.sweeping.points import Rank, SweepPoint
from mail_archive_tools.searching.sweeping.walk import Walk
from mail_archive_tools.searching.sweeping.window_searches import WindowSearches
from mail_archive_tools.searching.windows import Window
from mail_archive_tools.service.filters import Filters
from mail_archive_tools.service.shapes import Row

_FEWEST = 100
"""Rows that are asked for at least: copies of one message lie close to each other, and are to come together."""
_ALL = 1 << 40
_LAST_MILLISECOND = 999
_BEHIND_ALL = "~"
"""Behind all digests, which are hexadecimal."""


class Swept(Protocol):
    """What is known of the sweep."""

    @property
    def archive_id(self) -> str: ...

    @property
    def alternatives(self) -> tuple[Filters | None, ...]: ...

    @property
    def begin(self) -> datetime: ...

    @property
    def end(self) -> datetime: ...

    @property
    def walk(self) -> Walk: ...

    @property
    def backwards(self) -> bool: ...

    def searched(
        self, point: SweepPoint, window: Window, outcome: WindowSearches, rows: Iterable[Row], searches: int
    ) -> SearchedWindow: ...


@dataclass(frozen=True)
class CountedPart:
    """What is counted of all that is meant in a part of the range, the question that told it, and the point behind it.
    None is counted where there are more than were to be."""

    counted: Counted | None
    looked: Looked
    question: Question
    following: SweepPoint


async def window_of_index(
    sweep: Swept, indexed: IndexedSearch, point: SweepPoint, wanted: int
) -> SearchedWindow | None:
    """The window at a point by the index; None where that does not hold it whole, or cannot be used any more."""
    question = _question_at(sweep, indexed, point)
    if question is None:
        return None
    try:
        return await _window_of(sweep, indexed.index, question, point, wanted)
    except IndexUnusable as error:
        indexed.give_up(error)
        return None


async def _window_of(sweep: Swept, index: Index, question: Question, point: SweepPoint, wanted: int) -> SearchedWindow:
    limit = max(2 * wanted, _FEWEST)
    found = await to_thread.run_sync(index.find, question, limit)
    near = question.last if sweep.backwards else question.first
    if found.reached == near and near != _far_end(sweep, question):
        # One second alone has more than that: no window would end.
        found = await to_thread.run_sync(index.find, question, _ALL)

    # In a quiet time, as the windows of searches do.
    window = Window(min(near, found.reached), max(near, found.reached))
    rows = [each.row for each in found.entries]
    searched = sweep.searched(point, window, WindowSearches([], 0), rows, 0)
    reached = found.reached
    if searched.following.edge is not None:
        reached = searched.following.edge

    dealt_with = _between(question, near, reached)
    looked = await to_thread.run_sync(index.looked, dealt_with)
    kept = {each.row.get("ArchivedMessageId", "") for each in searched.rows}
    of_index = [each for each in found.entries if each.row.get("ArchivedMessageId", "") in kept]
    matched = Matched(
        Stretch(dealt_with.first, dealt_with.last),
        looked,
        hidden=frozenset([each.row.get("ArchivedMessageId", "") for each in of_index if each.is_hidden]),
        facts={each.row.get("ArchivedMessageId", ""): each.facts for each in of_index if each.facts},
    )
    return _with(searched, point, _behind(sweep, point, reached), matched)


async def counted_of_index(sweep: Swept, indexed: IndexedSearch, point: SweepPoint, limit: int) -> CountedPart | None:
    """What is counted of as much as the index holds whole from a point on; None where it does not, or cannot be used
    any more."""
    question = _question_at(sweep, indexed, point)
    if question is None:
        return None

    index = indexed.index
    try:
        counted = await to_thread.run_sync(index.counted, question, limit)
        looked = await to_thread.run_sync(index.looked, question)
    except IndexUnusable as error:
        indexed.give_up(error)
        return None
    following = _behind(sweep, point, _far_end(sweep, question))
    return CountedPart(counted, looked, question, following)


def _question_at(sweep: Swept, indexed: IndexedSearch, point: SweepPoint) -> Question | None:
    """What the index is asked from a point on: to the end of the range, or of what it holds whole."""
    edge = point.edge
    # A window whose searches were started goes on with them.
    if edge is None or point.search_ids or indexed.is_given_up():
        return None

    whole = sweep.walk.whole
    near = edge
    if edge != sweep.walk.start:
        # The window before was of this second, too.
        near = edge - 1 if sweep.backwards else edge + 1
    stretch = indexed.holding(near)
    if stretch is None or not whole.first <= near <= whole.last:
        return None

    seconds = Stretch(max(stretch.first, whole.first), near)
    if not sweep.backwards:
        seconds = Stretch(near, min(stretch.last, whole.last))
    return Question(
        sweep.archive_id,
        seconds.first,
        seconds.last,
        sweep.alternatives,
        indexed.conditions,
        sweep.backwards,
        math.ceil(sweep.begin.timestamp() * 1000),
        math.floor(sweep.end.timestamp() * 1000),
    )


def _between(question: Question, near: int, reached: int) -> Question:
    return replace(question, first=min(near, reached), last=max(near, reached))


def _far_end(sweep: Swept, question: Question) -> int:
    return question.first if sweep.backwards else question.last


def _behind(sweep: Swept, point: SweepPoint, second: int) -> SweepPoint:
    """The point behind all that was received in a second and before it, in the order of the walk."""
    last = Rank(second * 1000 + _LAST_MILLISECOND, _BEHIND_ALL)
    if sweep.backwards:
        last = Rank(second * 1000, "")
    return SweepPoint(edge=sweep.walk.next_edge(second), length=point.length, entered=last, after=last)


def _with(searched: SearchedWindow, point: SweepPoint, following: SweepPoint, matched: Matched) -> SearchedWindow:
    return replace(searched, here=point, following=following, matched=matched)
