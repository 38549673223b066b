"""The cache of what was fetched last."""

import anyio
import pytest

from mail_archive_tools.cache import Cache
from mail_archive_tools.searching.results import Results

pytestmark = pytest.mark.anyio


def _cache(rows: int = 1000) -> Cache[Results]:
    return Cache(rows, lambda results: len(results.rows))


class Counter:
    """Fetches that are counted."""

    def __init__(self, rows: int = 10) -> None:
        self.fetched = 0
        self._rows = rows

    async def __call__(self) -> Results:
        self.fetched += 1
        await anyio.sleep(0.01)
        return Results([{}] * self._rows, 1000)


async def test_calls_at_once_fetch_once() -> None:
    cache, fetch = _cache(), Counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(cache.get, "s", fetch)
    assert fetch.fetched == 1


async def test_the_least_recently_used_is_dropped() -> None:
    cache, fetch = _cache(25), Counter(10)
    for search_id in ("a", "b", "a", "c"):
        await cache.get(search_id, fetch)
    assert fetch.fetched == 3
    await cache.get("a", fetch)
    assert fetch.fetched == 3
    await cache.get("b", fetch)
    assert fetch.fetched == 4


async def test_one_that_is_larger_than_the_cache_is_kept_alone() -> None:
    cache, fetch = _cache(5), Counter(10)
    await cache.get("a", fetch)
    await cache.get("a", fetch)
    assert fetch.fetched == 1


async def test_a_failed_or_cancelled_fetch_is_tried_again() -> None:
    cache, fetch = _cache(), Counter()

    async def fail() -> Results:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await cache.get("a", fail)
    with anyio.move_on_after(0.001):
        await cache.get("a", fetch)
    assert len((await cache.get("a", fetch)).rows) == 10
