"""The rows of finished searches, fetched once and kept for the next page."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio

CACHED_ROWS = 10_000
"""Rows kept at most: ten searches that found all they may."""


@dataclass(frozen=True)
class Results:
    """A completed search: its rows as the API gave them, and how many it was allowed to find."""

    rows: list[dict[str, Any]]
    max_results: int

    @property
    def truncated(self) -> bool:
        """Whether there may be more messages than rows."""
        return len(self.rows) >= self.max_results


class ResultsCache:
    """Results by search id, the least recently used dropped first. Two calls at once fetch once."""

    def __init__(self, rows: int = CACHED_ROWS) -> None:
        self._limit = rows
        self._kept: OrderedDict[str, Results] = OrderedDict()
        self._fetching: dict[str, anyio.Lock] = {}

    async def get(self, search_id: str, fetch: Callable[[], Awaitable[Results]]) -> Results:
        """The results of that search, by `fetch` when they are not here. What `fetch` raises goes through."""
        lock = self._fetching.setdefault(search_id, anyio.Lock())
        try:
            async with lock:
                if search_id not in self._kept:
                    self._keep(search_id, await fetch())
                self._kept.move_to_end(search_id)
                return self._kept[search_id]
        finally:
            if not lock.statistics().tasks_waiting:
                self._fetching.pop(search_id, None)

    def _keep(self, search_id: str, results: Results) -> None:
        self._kept[search_id] = results
        while len(self._kept) > 1 and sum(len(each.rows) for each in self._kept.values()) > self._limit:
            self._kept.popitem(last=False)
