"""One search: what it is asked, how it may end, and the searches that were asked the same lately."""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from mail_archive_tools.searching.cursors import fingerprint
from mail_archive_tools.searching.results import Results
from mail_archive_tools.searching.windows import Window
from mail_archive_tools.service.shapes import Search

REUSE_SECONDS = 300.0
"""How long a finished search answers for the same one."""
LIVE_REUSE_SECONDS = 10.0
"""The same where the range reaches the present, so that new mail is found."""
_PRESENT_SECONDS = 120
_KEPT_SEARCHES = 500


@dataclass(frozen=True)
class SearchRequest:
    """What StartArchiveSearch is asked; `filters` are the API's. `moments` are the ends of the range where they are
    not those of whole seconds."""

    archive_id: str
    window: Window
    filters: dict[str, Any] | None
    max_results: int
    moments: tuple[datetime, datetime] | None = None

    @classmethod
    def between(
        cls, begin: datetime, end: datetime, archive_id: str, filters: dict[str, Any] | None, max_results: int
    ) -> "SearchRequest":
        """One of exactly that range."""
        window = Window(_second_of(begin), _second_of(end))
        moments = (begin, end) if begin.microsecond or end.microsecond else None
        return cls(archive_id, window, filters, max_results, moments)

    @cached_property
    def key(self) -> str:
        """What tells it from others; asked for several times in the life of each of hundreds of searches."""
        ends = [moment.isoformat() for moment in self.moments or ()]
        return fingerprint(self.archive_id, self.window, self.filters, self.max_results, *ends)

    @property
    def arguments(self) -> dict[str, Any]:
        """As `MailManager.start_archive_search` takes them, without the archive."""
        begin, end = self.moments or (datetime.fromtimestamp(second, UTC) for second in self.window)
        return {
            "from_timestamp": begin,
            "to_timestamp": end,
            "filters": self.filters,
            "max_results": self.max_results,
        }

    @property
    def asked(self) -> Search:
        """The same, by the members that GetArchiveSearch has for it."""
        arguments = self.arguments
        return {
            "FromTimestamp": arguments["from_timestamp"],
            "ToTimestamp": arguments["to_timestamp"],
            "Filters": arguments["filters"] or {},
        }

    def is_answered_by(self, search: Search) -> bool:
        """Whether that is such a search, as far as it says."""
        if search.get("ArchiveId", self.archive_id) != self.archive_id:
            return False
        if search.get("MaxResults", self.max_results) != self.max_results:
            return False

        # To the second: the protocols of the service keep fewer digits than a moment has.
        begin, end = search.get("FromTimestamp"), search.get("ToTimestamp")
        if begin is not None and _second_of(begin) != self.window.first:
            return False
        return end is None or _second_of(end) == self.window.last


@dataclass(frozen=True)
class Started:
    """A search that was started: by this call, or by one before that asked the same and ended without its id."""

    search_id: str
    by_this_call: bool


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


def _second_of(moment: datetime) -> int:
    return math.floor(moment.timestamp())


class Recent:
    """The searches that were started lately, by what they were asked."""

    def __init__(self, live_seconds: float = LIVE_REUSE_SECONDS) -> None:
        self._live_seconds = live_seconds
        self._searches: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def add(self, request: SearchRequest, search_id: str) -> None:
        expires_at = time.monotonic() + self.lasting(request.window)
        self._searches[request.key] = (search_id, expires_at)
        while len(self._searches) > _KEPT_SEARCHES:
            self._searches.popitem(last=False)

    def lasting(self, window: Window) -> float:
        """How long what was found in a window stands, in seconds."""
        reaches_present = window.last > time.time() - _PRESENT_SECONDS
        return self._live_seconds if reaches_present else REUSE_SECONDS

    def find(self, request: SearchRequest) -> str | None:
        """The id of a search that was asked the same, or None."""
        known = self._searches.get(request.key)
        if known is None:
            return None
        search_id, expires_at = known
        return search_id if time.monotonic() < expires_at else None

    def forget(self, request: SearchRequest) -> None:
        self._searches.pop(request.key, None)
