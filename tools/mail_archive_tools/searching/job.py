"""One search, from its request to its rows: the search that has just answered the same, or a new one in its turn."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio

from mail_archive_tools.errors import ArchiveError, InvalidArgument, NotFound, SlotTaken
from mail_archive_tools.models.base import iso
from mail_archive_tools.searching.cursors import DAMAGED, fingerprint
from mail_archive_tools.searching.polling import (
    Patience,
    growing,
    is_unfinished,
    start_when_free,
    state_of,
    stopping_when_gone,
    wait_for_search,
)
from mail_archive_tools.searching.results import Results, results_of
from mail_archive_tools.searching.windows import Window
from mail_archive_tools.untrusted import clean_line

if TYPE_CHECKING:
    from mail_archive_tools.access import Access

REUSE_SECONDS = 300.0
"""How long a finished search answers for the same one."""
LIVE_REUSE_SECONDS = 10.0
"""The same where the range reaches the present, so that new mail is found."""
_PRESENT_SECONDS = 120
_KEPT_SEARCHES = 500
_LOOK_SECONDS = 0.2
"""How soon a search that was found running is looked at again."""
_LOOKED_THROUGH = 20
"""Searches that are looked through for the one that is in the way."""


@dataclass(frozen=True)
class SearchRequest:
    """What StartArchiveSearch is asked; `filters` are the API's."""

    archive_id: str
    window: Window
    filters: dict[str, Any] | None
    max_results: int

    @property
    def key(self) -> str:
        return fingerprint(self.archive_id, self.window, self.filters, self.max_results)

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "from_timestamp": datetime.fromtimestamp(self.window.first, UTC),
            "to_timestamp": datetime.fromtimestamp(self.window.last, UTC),
            "filters": self.filters,
            "max_results": self.max_results,
        }

    def is_answered_by(self, search: dict[str, Any]) -> bool:
        """Whether a GetArchiveSearch response is of such a search, as far as it says."""
        asked = {"ArchiveId": self.archive_id, "MaxResults": self.max_results}
        asked |= {"FromTimestamp": self.arguments["from_timestamp"], "ToTimestamp": self.arguments["to_timestamp"]}
        return all(search.get(name, value) == value for name, value in asked.items())


@dataclass(frozen=True)
class Finished:
    """A search that has ended, and how many searches had to be run for it: one, or none."""

    search_id: str
    results: Results
    runs: int


@dataclass(frozen=True)
class Unfinished:
    """A search that still runs when the time is up."""

    search_id: str
    runs: int


class Recent:
    """The searches that were started lately, by what they were asked."""

    def __init__(self, live_seconds: float = LIVE_REUSE_SECONDS) -> None:
        self._live_seconds = live_seconds
        self._searches: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def add(self, request: SearchRequest, search_id: str) -> None:
        forgotten = time.monotonic() + self.lasting(request.window)
        self._searches[request.key] = (search_id, forgotten)
        while len(self._searches) > _KEPT_SEARCHES:
            self._searches.popitem(last=False)

    def lasting(self, window: Window) -> float:
        """How long what was found in a window stands, in seconds."""
        live = window.last > time.time() - _PRESENT_SECONDS
        return self._live_seconds if live else REUSE_SECONDS

    def find(self, request: SearchRequest) -> str | None:
        """The id of a search that was asked the same, or None."""
        search_id, forgotten = self._searches.get(request.key, ("", 0.0))
        return search_id if search_id and time.monotonic() < forgotten else None

    def forget(self, request: SearchRequest) -> None:
        self._searches.pop(request.key, None)


async def run_search(
    access: Access, request: SearchRequest, patience: Patience, search_id: str | None = None, keep: bool = True
) -> Finished | Unfinished:
    """Search, waiting while there is time; `search_id` is a search that was started for this request before, and
    `keep` says whether the rows will be asked for again.

    Raises:
        SlotTaken: another search was in the way until the time was up.
        SearchEnded: the search failed, or somebody stopped it.
    """
    for candidate in (search_id, access.recent.find(request)):
        if candidate and (outcome := await _take_up(access, request, candidate, patience, keep)):
            return outcome
    async with access.slot.turn(patience):
        # Whoever was ahead may have asked the same.
        candidate = access.recent.find(request)
        if candidate and (outcome := await _take_up(access, request, candidate, patience, keep)):
            return outcome
        return await _run(access, request, patience, keep)


async def _take_up(
    access: Access, request: SearchRequest, search_id: str, patience: Patience, keep: bool
) -> Finished | Unfinished | None:
    """The outcome of a search that was started before, or None where it is of no use."""
    if search_id == access.recent.find(request) and search_id in access.results:
        return Finished(search_id, await results_of(access, search_id), runs=0)
    try:
        search = await access.client.get_archive_search(search_id)
    except (InvalidArgument, NotFound):
        search = {}  # the service no longer knows it
    if search and not request.is_answered_by(search):
        raise InvalidArgument(DAMAGED)
    if is_unfinished(search):
        async with stopping_when_gone(access.client, search_id):
            search = await wait_for_search(access.client, search_id, patience, growing(_LOOK_SECONDS))
        if is_unfinished(search):
            return Unfinished(search_id, runs=0)
    if state_of(search) == "COMPLETED":
        return Finished(search_id, await results_of(access, search_id, search, keep), runs=0)
    access.recent.forget(request)
    return None


async def _run(access: Access, request: SearchRequest, patience: Patience, keep: bool) -> Finished | Unfinished:
    try:
        search_id = await start_when_free(access.client, request.archive_id, request.arguments, patience)
    except SlotTaken as error:
        raise SlotTaken(await _in_the_way(access, request.archive_id) or str(error)) from error
    access.recent.add(request, search_id)
    started = anyio.current_time()
    async with stopping_when_gone(access.client, search_id):
        search = await wait_for_search(access.client, search_id, patience, access.pace.delays(request.archive_id))
    if is_unfinished(search):
        return Unfinished(search_id, runs=1)
    access.pace.note(request.archive_id, _seconds_taken(search, anyio.current_time() - started))
    if state_of(search) != "COMPLETED":
        access.recent.forget(request)
    return Finished(search_id, await results_of(access, search_id, search, keep), runs=1)


def _seconds_taken(search: dict[str, Any], measured: float) -> float:
    """By the service's own clock, where it says."""
    status = search.get("Status", {})
    begin, end = status.get("SubmissionTimestamp"), status.get("CompletionTimestamp")
    return max(0.0, (end - begin).total_seconds()) if begin and end else measured


async def _in_the_way(access: Access, archive_id: str) -> str | None:
    """A sentence on the search that holds the slot, where it can be found."""
    try:
        listed = await access.client.list_archive_searches(archive_id, _LOOKED_THROUGH)
    except ArchiveError:
        return None
    for search in _unfinished(listed):
        since = search["Status"].get("SubmissionTimestamp")
        began = f" since {iso(since)}" if since else ""
        return (
            f"Search {clean_line(search.get('SearchId', ''))} holds the only slot ({state_of(search)}{began}): "
            "list_archive_searches shows it. Call again with the same arguments to wait for it, or end it with "
            "stop_archive_search if whoever started it agrees."
        )
    return (
        "A search of another archive holds the only slot: list_archive_searches of the others shows it. Call again "
        "with the same arguments to wait for it."
    )


def _unfinished(listed: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (search for search in listed.get("Searches", []) if is_unfinished(search))
