"""Runs the searches of one identity: the search that has just answered the same, or a new one in its turn."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from mail_archive_tools.cache import Cache
from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import (
    ArchiveError,
    InvalidArgument,
    Late,
    NotFound,
    NotReady,
    SearchEnded,
    ServiceFailed,
    SlotTaken,
)
from mail_archive_tools.models.moments import iso
from mail_archive_tools.reading.fetching.told import Told
from mail_archive_tools.searching.cursors import DAMAGED
from mail_archive_tools.searching.job import REUSE_SECONDS, Finished, Recent, SearchRequest, Started, Unfinished
from mail_archive_tools.searching.lifetimes import Lifetimes
from mail_archive_tools.searching.polling import (
    Pace,
    growing,
    stopping_when_gone,
    wait_for_search,
)
from mail_archive_tools.searching.results import Results, no_rows, refuse_without_results, rows_of_another
from mail_archive_tools.searching.slot import Slot
from mail_archive_tools.searching.starting.background import Starts
from mail_archive_tools.searching.starting.free import start_when_free
from mail_archive_tools.searching.strangers import sort_rows
from mail_archive_tools.searching.windows import Limits
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.shapes import Search, is_unfinished, state_of, submitted_of
from mail_archive_tools.untrusted import clean_line

CACHED_ROWS = 10_000
"""Rows kept at most: ten searches that found all they may."""

_LOOK_SECONDS = 0.2
"""How soon a search that was found running is looked at again."""
_LOOKED_THROUGH = 20
"""Searches that are looked through for the one that is in the way."""


@dataclass
class Searcher:
    """Starts searches, waits for them, and keeps what they found; what they tell of messages is noted in `told`. One
    for each identity."""

    client: MailManager
    limits: Limits = field(default_factory=Limits)
    slot: Slot = field(default_factory=Slot)
    pace: Pace = field(default_factory=Pace)
    recent: Recent = field(default_factory=Recent)
    lifetimes: Lifetimes = field(init=False)
    starts: Starts = field(init=False)
    unclaimed: Recent = field(default_factory=lambda: Recent(REUSE_SECONDS))
    """Those that started after their call had ended, until a call that asks the same takes them."""
    results: Cache[Results] = field(default_factory=lambda: Cache(CACHED_ROWS, lambda results: len(results.rows)))
    told: Told = field(default_factory=Told)
    accepted: dict[str, float] = field(default_factory=dict)
    """When the service accepted a search last, by archives: what an index may answer depends on it."""

    def __post_init__(self) -> None:
        self.lifetimes = Lifetimes(self.client)
        self.starts = Starts(self.client, self._offer)

    async def run(
        self, request: SearchRequest, patience: Patience, search_id: str | None = None, keep: bool = True
    ) -> Finished | Unfinished:
        """Search, waiting while there is time; `search_id` is a search that was started for this request before, and
        `keep` says whether the rows will be asked for again.

        Raises:
            SlotTaken: another search was in the way until the time was up.
            SearchEnded: the search failed, or somebody stopped it.
            OutOfScope: it is a search of another archive than the client keeps to.
        """
        # Before all else: the id of a search may come in a cursor, from anywhere.
        self.client.refuse_archive(request.archive_id)
        outcome = await self._reused(request, (search_id, self.recent.find(request)), patience, keep)
        if outcome is not None:
            return outcome

        async with self.slot.turn(patience):
            # Whoever was ahead may have asked the same.
            outcome = await self._reused(request, (self.recent.find(request),), patience, keep)
            if outcome is not None:
                return outcome
            return await self._run(request, patience, keep)

    async def start(self, request: SearchRequest) -> Started:
        """Start a search, and do not wait for it. One that a call before asked for, whose answer came when that call
        had ended, is taken instead.

        Raises:
            SlotTaken: another search runs.
            Late: its SearchId is not known in time; the next call has it.
            OutOfScope: it is a search of another archive than the client keeps to.
        """
        self.client.refuse_archive(request.archive_id)
        search_id = self.unclaimed.find(request)
        if search_id is not None:
            self.unclaimed.forget(request)
            return Started(search_id, by_this_call=False)
        return Started(await self.starts.search_id(request), by_this_call=True)

    def _offer(self, request: SearchRequest, search_id: str) -> None:
        """Keep a search whose call did not wait for its start: for one that waits for results, and for one that starts
        a search by hand."""
        self.recent.add(request, search_id)
        self.unclaimed.add(request, search_id)

    async def results_of(self, search_id: str, search: Search | None = None, keep: bool = True) -> Results:
        """What a completed search found. `search` is its GetArchiveSearch response, where it is known already; `keep`
        is for those who will ask again.

        Raises:
            NotReady, SearchEnded: it has no results.
            ServiceFailed: its state is not known, or the answer did not come whole, or was another search's.
        """

        async def fetch() -> Results:
            known = search or await self.client.get_archive_search(search_id)
            refuse_without_results(search_id, known)
            results = await self._fetch(search_id, known)
            self.told.note(results.rows, known.get("ArchiveId", ""))
            return results

        if search is not None:
            refuse_without_results(search_id, search)
        if not keep and search_id not in self.results:
            return await fetch()

        results = await self.results.get(search_id, fetch)
        if results.is_doubtful:
            self.results.forget(search_id)
        return results

    async def _fetch(self, search_id: str, search: Search) -> Results:
        """The rows of a completed search; asked once more where they are strange, since they may be another's."""
        try:
            found = await self.client.get_archive_search_results(search_id)
            checked = sort_rows(found.rows, search)
            if checked.is_worth_asking_again:
                found = await self.client.get_archive_search_results(search_id)
                checked = sort_rows(found.rows, search)
        except (InvalidArgument, NotFound, NotReady) as error:
            raise no_rows(search_id, error) from error

        if checked.is_anothers:
            raise rows_of_another(search_id, checked.contradicting, len(checked.rows))
        return Results(
            rows=checked.rows,
            max_results=search.get("MaxResults", Limits().rows),
            left_out=found.left_out + checked.outside,
            outside=checked.outside,
            notes=found.notes,
        )

    async def _reused(
        self, request: SearchRequest, candidates: tuple[str | None, ...], patience: Patience, keep: bool
    ) -> Finished | Unfinished | None:
        """The outcome of the first of these searches that is of use, if one is."""
        for candidate in candidates:
            if candidate is None:
                continue
            outcome = await self._take_up(request, candidate, patience, keep)
            if outcome is not None:
                return outcome
        return None

    async def _take_up(
        self, request: SearchRequest, search_id: str, patience: Patience, keep: bool
    ) -> Finished | Unfinished | None:
        """The outcome of a search that was started before, or None where it is of no use."""
        if search_id == self.unclaimed.find(request):
            self.unclaimed.forget(request)

        if search_id == self.recent.find(request) and search_id in self.results:
            return Finished(search_id, await self.results_of(search_id), runs=0)

        try:
            search = await self.client.get_archive_search(search_id)
        except (InvalidArgument, NotFound):
            # The service no longer knows it.
            search = {}
        except Late:
            return Unfinished(search_id, runs=0)
        if search and not request.is_answered_by(search):
            # A cursor names a search that is none of its query.
            raise InvalidArgument(DAMAGED)

        if is_unfinished(search):
            async with stopping_when_gone(self.client, search_id):
                looked = await wait_for_search(self.client, search_id, patience, growing(_LOOK_SECONDS))
            if looked is None or is_unfinished(looked):
                return Unfinished(search_id, runs=0)
            search = looked

        if state_of(search) == "COMPLETED":
            return await self._finished(request, search_id, search, keep, runs=0)
        self.recent.forget(request)
        return None

    async def _run(self, request: SearchRequest, patience: Patience, keep: bool) -> Finished | Unfinished:
        try:
            search_id = await start_when_free(self.starts, request, patience)
        except SlotTaken as error:
            raise SlotTaken(await self._in_the_way(request.archive_id) or str(error)) from error

        self.recent.add(request, search_id)
        self.unclaimed.forget(request)

        started = time.monotonic()
        self.accepted[request.archive_id] = started
        async with stopping_when_gone(self.client, search_id):
            search = await wait_for_search(self.client, search_id, patience, self.pace.delays(request.archive_id))
        if search is None or is_unfinished(search):
            return Unfinished(search_id, runs=1)

        self.pace.note(request.archive_id, _seconds_taken(search, time.monotonic() - started))
        return await self._finished(request, search_id, search, keep, runs=1)

    async def _finished(
        self, request: SearchRequest, search_id: str, search: Search, keep: bool, runs: int
    ) -> Finished | Unfinished:
        """The outcome of a search that has ended: as of one that has not, where its rows do not come in time. One
        without results answers for no later call."""
        # What was asked is known better here than by what the service says of it.
        asked: Search = {**search, **request.asked}
        try:
            return Finished(search_id, await self.results_of(search_id, asked, keep), runs)
        except SearchEnded:
            self.recent.forget(request)
            raise
        except ServiceFailed:
            if state_of(search) != "COMPLETED":
                self.recent.forget(request)
            raise
        except Late:
            return Unfinished(search_id, runs)

    async def _in_the_way(self, archive_id: str) -> str | None:
        """A sentence on the search that holds the slot, where it can be found."""
        try:
            listed = await self.client.list_archive_searches(archive_id, _LOOKED_THROUGH)
        except ArchiveError:
            return None

        search = next(_unfinished(listed), None)
        if search is None:
            return (
                "A search of another archive holds the only slot: list_archive_searches of the others shows it. Call "
                "again with the same arguments to wait for it."
            )

        search_id = clean_line(search.get("SearchId", ""))
        since = submitted_of(search)
        began = f" since {iso(since)}" if since else ""
        return (
            f"Search {search_id} holds the only slot ({state_of(search)}{began}): list_archive_searches shows it. Call "
            "again with the same arguments to wait for it, or end it with stop_archive_search if whoever started it "
            "agrees."
        )


def _seconds_taken(search: Search, measured: float) -> float:
    """How long a search took, by the service's own clock where it says."""
    status = search.get("Status", {})
    begin, end = status.get("SubmissionTimestamp"), status.get("CompletionTimestamp")
    if begin is None or end is None:
        return measured
    return max(0.0, (end - begin).total_seconds())


def _unfinished(listed: dict[str, Any]) -> Iterator[Search]:
    return (search for search in cast(list[Search], listed.get("Searches", [])) if is_unfinished(search))
