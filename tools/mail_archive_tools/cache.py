"""What was fetched last, kept for the next call of the same identity."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio

from mail_archive_tools.calls.waiting import in_time

_Value = TypeVar("_Value")


class Cache(Generic[_Value]):
    """Values by key, the least recently used dropped first. Two calls at once fetch once."""

    def __init__(self, limit: int, weigh: Callable[[_Value], int]) -> None:
        """Keeps values whose weights, as `weigh` tells them, are `limit` together at most; a single one is kept
        whatever its weight."""
        self._limit = limit
        self._weigh = weigh
        self._kept: OrderedDict[str, _Value] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._total = 0
        self._fetching: dict[str, anyio.Lock] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def kept(self, key: str) -> _Value | None:
        """The value of that key, if it is here."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    async def get(self, key: str, fetch: Callable[[], Awaitable[_Value]]) -> _Value:
        """The value of that key, by `fetch` when it is not here. What `fetch` raises goes through.

        Raises:
            Late: another call still fetches it when the time is up.
        """
        # One who comes while another fetches waits for what that one gets.
        lock = self._fetching.setdefault(key, anyio.Lock())
        try:
            async with in_time(lock):
                if key not in self._kept:
                    self._kept[key] = await fetch()
                self._kept.move_to_end(key)
                self._weigh_anew(key)
                return self._kept[key]
        finally:
            # The last one out takes the lock away: keys come from callers, and there is no end to them.
            if not lock.locked() and not lock.statistics().tasks_waiting:
                self._fetching.pop(key, None)

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)
        self._total -= self._weights.pop(key, 0)

    def _weigh_anew(self, key: str) -> None:
        """Weigh the value that was asked for, which may have grown since, and drop what there is no room for. Weighing
        all of them each time would take longer than fetching, where there are thousands."""
        weight = self._weigh(self._kept[key])
        self._total += weight - self._weights.get(key, 0)
        self._weights[key] = weight
        while len(self._kept) > 1 and self._total > self._limit:
            self.forget(next(iter(self._kept)))
