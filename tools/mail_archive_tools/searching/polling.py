"""Waiting for searches: with back-off and progress, inside a deadline, and without leaving any behind."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import anyio

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import ArchiveError, Late
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.shapes import Search, is_unfinished, state_of

FIRST_DELAY = 0.05
LONGEST_DELAY = 4.0
"""Between two looks at a running search, in seconds."""
STOP_SECONDS = 3.0
"""How long stopping a search may take when the caller has gone: a server that was told to end has 5 s."""

_GROWTH = 1.6
_SOONEST = 0.01
_KEPT_ARCHIVES = 100


class Pace:
    """How long the searches of each archive took lately."""

    def __init__(self) -> None:
        self._seconds: OrderedDict[str, float] = OrderedDict()

    def note(self, archive_id: str, seconds: float) -> None:
        """Learn from a search that took that long."""
        before = self._seconds.pop(archive_id, seconds)
        self._seconds[archive_id] = (before + seconds) / 2
        if len(self._seconds) > _KEPT_ARCHIVES:
            self._seconds.popitem(last=False)

    def delays(self, archive_id: str) -> Iterator[float]:
        """Seconds to wait before each look at a search that has just been started: the first when it may be done,
        then soon, then less and less often."""
        expected = self._seconds.get(archive_id)
        if expected is None:
            yield 0.0
            yield from growing(FIRST_DELAY)
            return

        yield min(expected, LONGEST_DELAY)
        yield from growing(min(max(expected / 8, _SOONEST), LONGEST_DELAY))


def growing(delay: float) -> Iterator[float]:
    """That delay in seconds, then longer and longer ones."""
    while True:
        yield delay
        delay = min(delay * _GROWTH, LONGEST_DELAY)


async def wait_for_search(
    client: MailManager, search_id: str, patience: Patience, delays: Iterator[float]
) -> Search | None:
    """The GetArchiveSearch response of the search once it has ended, or as it is when the time is up; None where it
    did not even say that.

    Raises:
        ArchiveError: the search cannot be looked at.
    """
    search: Search = {}
    with anyio.move_on_after(max(patience.left, 0)):
        for delay in delays:
            state = f"is {state_of(search)}" if search else "was started"
            await patience.pause(delay, f"Search {search_id} {state}")
            search = await client.get_archive_search(search_id)
            if not is_unfinished(search):
                break

    if search:
        return search
    try:
        return await client.get_archive_search(search_id)
    except Late:
        return None


@asynccontextmanager
async def stopping_when_gone(client: MailManager, search_id: str) -> AsyncIterator[None]:
    """Within it, a caller that goes away takes its search along: left alone, it would hold the only slot. One may be
    gone before the call is cancelled: then telling it of progress fails."""
    try:
        yield
    except ArchiveError:
        raise
    except BaseException:  # whatever ended the call, nobody is left to ask for the search
        await stop_for_nobody(client, search_id)
        raise


async def stop_for_nobody(client: MailManager, search_id: str) -> None:
    """Stop a search that nobody will ask for, whatever time its call had left."""
    with Patience(STOP_SECONDS, apart=True), suppress(ArchiveError):
        with anyio.move_on_after(STOP_SECONDS, shield=True):
            await client.stop_archive_search(search_id)
