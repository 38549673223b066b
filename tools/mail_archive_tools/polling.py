"""Waiting for searches: with back-off and progress, inside a deadline, and without leaving any behind."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio

from mail_archive_tools.access import Progress
from mail_archive_tools.client import MailManager
from mail_archive_tools.errors import ArchiveError, SlotTaken

FIRST_DELAY = 0.05
LONGEST_DELAY = 4.0
"""Between two looks at a running search, in seconds."""
STOP_SECONDS = 5.0
"""How long stopping a search may take when the caller has gone."""

_GROWTH = 1.6
_UNFINISHED = ("QUEUED", "RUNNING")


class Patience:
    """The time that one call may take, in seconds, and who is told how it passes."""

    def __init__(self, seconds: float, progress: Progress) -> None:
        self._started = anyio.current_time()
        self._seconds = seconds
        self._progress = progress

    @property
    def left(self) -> float:
        return self._started + self._seconds - anyio.current_time()

    async def pause(self, delay: float, reason: str) -> None:
        """Say what is waited for, and wait."""
        passed = anyio.current_time() - self._started
        await self._progress(passed, None, f"{reason}, {passed:.0f} s so far")
        await anyio.sleep(delay)


def delays() -> Iterator[float]:
    """Seconds to wait between looks: soon at first, then less and less often."""
    delay = FIRST_DELAY
    while True:
        yield delay
        delay = min(delay * _GROWTH, LONGEST_DELAY)


def state_of(search: dict[str, Any]) -> str:
    """The state in a GetArchiveSearch response."""
    state: str = search.get("Status", {}).get("State", "")
    return state


def is_unfinished(search: dict[str, Any]) -> bool:
    """Whether a GetArchiveSearch response is of a search that still waits or runs."""
    return state_of(search) in _UNFINISHED


async def start_when_free(client: MailManager, archive_id: str, request: dict[str, Any], patience: Patience) -> str:
    """Start a search, waiting for another one that holds the only slot; returns its SearchId.

    Raises:
        SlotTaken: the other one still runs when the time is up.
        ArchiveError: the search cannot be started.
    """
    tries = delays()
    while True:
        try:
            return await client.start_archive_search(archive_id, **request)
        except SlotTaken:
            delay = next(tries)
            if delay > patience.left:
                raise
        await patience.pause(delay, "Waiting for another search to end")


async def wait_for_search(client: MailManager, search_id: str, patience: Patience) -> dict[str, Any]:
    """The GetArchiveSearch response of the search once it has ended, or the last one when the time is up.

    Raises:
        ArchiveError: the search cannot be looked at.
    """
    search = await client.get_archive_search(search_id)
    with anyio.move_on_after(patience.left):
        for delay in delays():
            if not is_unfinished(search):
                break
            await patience.pause(delay, f"Search {search_id} is {state_of(search)}")
            search = await client.get_archive_search(search_id)
    return search


@asynccontextmanager
async def stopping_when_cancelled(client: MailManager, search_id: str) -> AsyncIterator[None]:
    """Within it, a caller that goes away takes its search along: left alone, it would hold the only slot."""
    try:
        yield
    except anyio.get_cancelled_exc_class():
        with anyio.move_on_after(STOP_SECONDS, shield=True), suppress(ArchiveError):
            await client.stop_archive_search(search_id)
        raise
