"""The only search that may run in an account and Region: the calls of this process take it in turns."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import SlotTaken

TICK_SECONDS = 1.0
"""How often one who waits in line hears how many are ahead."""


class Slot:
    """A line in which calls wait for their turn, first come, first served. Share it between all accesses to one
    account and Region."""

    def __init__(self, tick_seconds: float = TICK_SECONDS) -> None:
        self._tick_seconds = tick_seconds
        self._line: deque[anyio.Event] = deque()

    @asynccontextmanager
    async def turn(self, patience: Patience) -> AsyncIterator[None]:
        """Within it, no other call of this process starts a search.

        Raises:
            SlotTaken: others are still ahead when the time is up.
        """
        mine = anyio.Event()
        self._line.append(mine)
        try:
            await self._wait(mine, patience)
            yield
        finally:
            self._line.remove(mine)
            if self._line:
                self._line[0].set()

    async def _wait(self, mine: anyio.Event, patience: Patience) -> None:
        while True:
            ahead = self._line.index(mine)
            if ahead == 0:
                return

            searches = "1 search" if ahead == 1 else f"{ahead} searches"
            if patience.left <= 0:
                raise SlotTaken(
                    f"{searches} of this server had to be run first, since one may run at a time. Call again with the "
                    "same arguments."
                )
            await patience.say(f"{searches} ahead")
            with anyio.move_on_after(min(self._tick_seconds, max(patience.left, 0))):
                await mine.wait()
