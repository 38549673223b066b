"""Starts of searches, in the background: a call that has no time left goes on without one, and the search is not lost.

StartArchiveSearch cannot be taken back, and is never made twice. Its answer may come when the call has ended: then the
search is offered to the next call that asks the same, or stopped where the caller has gone.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio

from mail_archive_tools.calls.patience import Patience, seconds_left
from mail_archive_tools.calls.waiting import CALL_SECONDS
from mail_archive_tools.errors import Late, ServiceFailed, Unreachable
from mail_archive_tools.searching.job import SearchRequest
from mail_archive_tools.searching.polling import STOP_SECONDS, stop_for_nobody
from mail_archive_tools.searching.starting.lost import search_after_all
from mail_archive_tools.service.client import MailManager

LATE_SECONDS = 120.0
"""How long an answer to a start is waited for in the background."""


@dataclass
class _Start:
    """A start under way: how many calls wait for it, and whether those that did have gone for good."""

    callers: int = 0
    is_unwanted: bool = False
    task: "asyncio.Task[str]" = field(init=False)


class Starts:
    """The starts of one identity that are under way."""

    def __init__(self, client: MailManager, offer: Callable[[SearchRequest, str], None]) -> None:
        """`offer` is told of a search whose call did not wait for it."""
        self._client = client
        self._offer = offer
        self._under_way: dict[str, _Start] = {}

    @property
    def under_way(self) -> int:
        """How many starts have no answer yet."""
        return len(self._under_way)

    async def search_id(self, request: SearchRequest) -> str:
        """The SearchId of a search that is started now, or whose start is under way.

        Raises:
            Late: it is not known in time; the search will be offered.
            ArchiveError: the search cannot be started.
        """
        start = self._under_way.get(request.key)
        # One of another event loop, which has ended, cannot be waited for.
        if start is None or start.task.get_loop() is not asyncio.get_running_loop():
            start = self._begin(request)

        try:
            await self._waited(start)
        except anyio.get_cancelled_exc_class():
            if not start.callers:
                await self._unwanted(start)
            raise

        if not start.task.done():
            raise Late(
                f"Mail Manager did not answer StartArchiveSearch on archive {request.archive_id} in the time of this "
                "call. Call again with the same arguments: a search that starts meanwhile is taken up then."
            )
        return start.task.result()

    async def _waited(self, start: _Start) -> None:
        """Wait as one of its callers, as long as the call has time. Waiting is given up, what is waited for is not."""
        start.callers += 1
        # Those before may have gone for good.
        start.is_unwanted = False
        try:
            await asyncio.wait({start.task}, timeout=max(0.0, seconds_left(CALL_SECONDS)))
        finally:
            start.callers -= 1

    def _begin(self, request: SearchRequest) -> _Start:
        start = _Start()
        self._under_way[request.key] = start
        start.task = asyncio.create_task(self._run(request, start), name="start of a search")
        start.task.add_done_callback(_heard)
        return start

    async def _run(self, request: SearchRequest, start: _Start) -> str:
        try:
            with Patience(LATE_SECONDS, apart=True):
                search_id = await self._started(request)

            if start.is_unwanted:
                await stop_for_nobody(self._client, search_id)
            elif not start.callers:
                self._offer(request, search_id)
            return search_id
        finally:
            if self._under_way.get(request.key) is start:
                del self._under_way[request.key]

    async def _started(self, request: SearchRequest) -> str:
        began = datetime.now(UTC)
        try:
            return await self._client.start_archive_search(request.archive_id, **request.arguments)
        except (Unreachable, ServiceFailed):
            search_id = await search_after_all(self._client, request, began)
            if search_id is None:
                raise
            return search_id

    async def _unwanted(self, start: _Start) -> None:
        """The last who waited has gone: the search is stopped, here if that is soon, else when its id comes."""
        if start.task.done():
            if start.task.exception() is None:
                await stop_for_nobody(self._client, start.task.result())
            return

        start.is_unwanted = True
        with anyio.move_on_after(STOP_SECONDS, shield=True):
            await asyncio.wait({start.task})


def _heard(task: "asyncio.Task[str]") -> None:
    """Take note of an exception that nobody waited for: asyncio would log that it was never retrieved."""
    if not task.cancelled():
        task.exception()
