"""Who is answered from an index. It gives nobody more than the service does: a caller is answered of an archive only
while the service has accepted a search of that caller in it within the hour, and GetArchiveMessage of one message of it
within five minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.calls.waiting import in_time
from mail_archive_tools.errors import IndexUnusable, InvalidArgument, NotFound, ServiceFailed, SlotTaken, Unreachable
from mail_archive_tools.index.engine import Index
from mail_archive_tools.index.question import Conditions
from mail_archive_tools.index.stretches import Stretch
from mail_archive_tools.searching.indexed.search import IndexedSearch
from mail_archive_tools.searching.job import SearchRequest
from mail_archive_tools.searching.searcher import Searcher
from mail_archive_tools.searching.starting.free import start_when_free
from mail_archive_tools.searching.windows import Window

if TYPE_CHECKING:
    from mail_archive_tools.searching.gathering.matching import Matcher

SEARCHED_SECONDS = 3_600
GOT_SECONDS = 300
"""For how long an accepted search, and an accepted GetArchiveMessage, allow answers of an index."""
GIVEN_UP_SECONDS = 30
"""How long one that could not be used is not asked again."""
_TRIED = 5
"""Messages that are asked for, the newest first, where some are there no more."""


_UNKNOWN_RETENTION = (
    "The index of content did not answer: how long the archive keeps mail is not known here, and what the service has "
    "deleted is not to be shown. ses:GetArchive would tell it."
)


@dataclass(frozen=True)
class IndexedArchive:
    """An archive that an index may answer of, for this caller, now."""

    index: Index
    archive_id: str
    stretches: tuple[Stretch, ...]
    whose: Indexes


def search_of(indexed: IndexedArchive | None, matcher: Matcher | None) -> IndexedSearch | None:
    """What the index is asked for a search; None where it is not asked."""
    if indexed is None:
        return None
    conditions = Conditions() if matcher is None else matcher.conditions
    whose = indexed.whose
    return IndexedSearch(indexed.index, indexed.stretches, conditions, whose.give_up, lambda: whose.is_given_up)


@dataclass
class Indexes:
    """The index for one identity, where there is one. `open_index` opens it, once."""

    searcher: Searcher
    open_index: Callable[[], Index] | None = None
    clock: Callable[[], float] = time.monotonic
    notes: list[str] = field(default_factory=list)
    """Why the index did not answer, when it was asked last."""
    _index: Index | None = None
    _given_up_until: float = 0
    _why_given_up: str = ""
    _got: dict[str, float] = field(default_factory=dict)
    _asking: anyio.Lock = field(default_factory=anyio.Lock)

    async def of(self, archive_id: str, patience: Patience) -> IndexedArchive | None:
        """The archive as the index may answer of it; None where there is none, or it cannot be used: messages are read
        then.

        Raises:
            AccessDenied: the service refuses the caller a search in the archive, or a message of it.
        """
        if self.open_index is None:
            return None
        self.searcher.client.refuse_archive(archive_id)
        self.notes = []
        if self.is_given_up:
            self.notes = [self._why_given_up]
            return None
        try:
            index = await self._opened()
            stretches = await to_thread.run_sync(index.stretches, archive_id)
            if stretches and await self.searcher.lifetimes.begins(archive_id) is None:
                self.notes = [_UNKNOWN_RETENTION]
                return None
            if not stretches or not await self._is_allowed(index, archive_id, patience):
                return None
        except IndexUnusable as error:
            self.give_up(error)
            return None
        return IndexedArchive(index, archive_id, tuple(stretches), self)

    @property
    def is_given_up(self) -> bool:
        """Whether it could not be used a moment ago."""
        return self.clock() < self._given_up_until

    def give_up(self, error: IndexUnusable) -> None:
        """Ask the index nothing for a while, and open it anew then: it may have been made anew."""
        self.notes = [str(error)]
        self._why_given_up = str(error)
        self._given_up_until = self.clock() + GIVEN_UP_SECONDS
        self._index = None

    async def _opened(self) -> Index:
        assert self.open_index is not None
        if self._index is None:
            self._index = await to_thread.run_sync(self.open_index)
        return self._index

    async def _is_allowed(self, index: Index, archive_id: str, patience: Patience) -> bool:
        async with in_time(self._asking):
            try:
                return await self._may_search(archive_id, patience) and await self._may_get(index, archive_id)
            except (SlotTaken, Unreachable, ServiceFailed):
                # Whoever waits for a search by reading is told what is in the way.
                return False

    async def _may_search(self, archive_id: str, patience: Patience) -> bool:
        accepted = self.searcher.accepted.get(archive_id)
        if accepted is not None and self.clock() - accepted < SEARCHED_SECONDS:
            return True

        # One of the last second, which finds next to nothing.
        now = int(time.time())
        request = SearchRequest(archive_id, Window(now - 1, now), None, 1)
        async with self.searcher.slot.turn(patience):
            await start_when_free(self.searcher.starts, request, patience)
        self.searcher.accepted[archive_id] = self.clock()
        return True

    async def _may_get(self, index: Index, archive_id: str) -> bool:
        got = self._got.get(archive_id)
        if got is not None and self.clock() - got < GOT_SECONDS:
            return True

        newest = await to_thread.run_sync(index.some, archive_id, _TRIED)
        for archived_message_id in newest:
            try:
                await self.searcher.client.get_archive_message(archived_message_id)
            except (InvalidArgument, NotFound):
                # The service has it no more, and says so as it says it of an id that is none.
                continue
            self._got[archive_id] = self.clock()
            return True
        # There is nothing in it to be told of, or nothing that the service still has.
        return not newest
