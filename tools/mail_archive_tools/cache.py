"""What was fetched last, kept for the next call of the same identity."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio

_Value = TypeVar("_Value")


class Cache(Generic[_Value]):
    """Values by key, the least recently used dropped first. Two calls at once fetch once."""

    def __init__(self, limit: int, weigh: Callable[[_Value], int]) -> None:
        """Keeps values whose weights, as `weigh` tells them, are `limit` together at most; a single one is kept
        whatever its weight."""
        self._limit = limit
        self._weigh = weigh
        self._kept: OrderedDict[str, _Value] = OrderedDict()
        self._fetching: dict[str, anyio.Lock] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    async def get(self, key: str, fetch: Callable[[], Awaitable[_Value]]) -> _Value:
        """The value of that key, by `fetch` when it is not here. What `fetch` raises goes through."""
        lock = self._fetching.setdefault(key, anyio.Lock())
        try:
            async with lock:
                if key not in self._kept:
                    self._keep(key, await fetch())
                self._kept.move_to_end(key)
                return self._kept[key]
        finally:
            if not lock.statistics().tasks_waiting:
                self._fetching.pop(key, None)

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)

    def _keep(self, key: str, value: _Value) -> None:
        self._kept[key] = value
        while len(self._kept) > 1 and sum(map(self._weigh, self._kept.values())) > self._limit:
            self._kept.popitem(last=False)
