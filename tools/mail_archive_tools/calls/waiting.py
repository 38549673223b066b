"""Waiting for an answer of the service: no longer than the tool call has time.

A thread that waits for a socket cannot be interrupted. It waits for each answer no longer than the call has time, makes
no further try, and ends then. Where it does not, since a connection is being made or bytes trickle in, it is left
behind, and there are never more of them than a bound.
"""

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TypeVar

import anyio
from anyio import to_thread

from mail_archive_tools.calls.patience import seconds_left
from mail_archive_tools.errors import Late, Unreachable

CALL_SECONDS = 40.0
"""How long a call of the service may take where nobody says how long there is."""
MOST_THREADS = 100
"""Calls of one identity that may wait for an answer at once, those that were left behind among them."""

_Answer = TypeVar("_Answer")

_tries_end: ContextVar[float] = ContextVar("tries_end", default=float("inf"))
"""When the tries of a call end, by `time.monotonic`."""


class Waiting:
    """The threads of one client that wait for answers."""

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._most = most
        self._threads = 0
        self._counting = threading.Lock()

    async def answer(self, send: Callable[[], _Answer], what: str, *, keep: bool = False) -> _Answer:
        """What `send` gives in a thread; `what` names the call. With `keep`, a caller that goes away waits for it all
        the same, as long as its time lasts.

        Raises:
            Late: it has not come in time.
        """
        left = seconds_left(CALL_SECONDS)
        if left <= 0:
            raise Late(f"The time of this call was up before {what} could be asked. Call again.")
        if self._threads >= self._most:
            raise Late(f"{self._most} calls still wait for an answer of Mail Manager. Call again in a minute.")

        until = time.monotonic() + left
        try:
            with anyio.move_on_after(left, shield=keep):
                return await to_thread.run_sync(self._counted, send, until, abandon_on_cancel=True)
        except Unreachable:
            if time.monotonic() < until:
                raise
            # The thread saw the end of its time first.
        raise Late(f"Mail Manager did not answer {what} in the time of this call. Call again.")

    def _counted(self, send: Callable[[], _Answer], until: float) -> _Answer:
        end_tries(until)
        with self._counting:
            self._threads += 1
        try:
            return send()
        finally:
            with self._counting:
                self._threads -= 1


@asynccontextmanager
async def in_time(lock: anyio.Lock) -> AsyncIterator[None]:
    """Hold a lock under which something is fetched.

    Raises:
        Late: another call still fetches when the time is up.
    """
    if lock.locked():
        await _wait_for(lock)
    else:
        lock.acquire_nowait()
    try:
        yield
    finally:
        lock.release()


async def _wait_for(lock: anyio.Lock) -> None:
    left = max(0.0, seconds_left(CALL_SECONDS))
    with anyio.move_on_after(left) as waiting:
        await lock.acquire()
    if waiting.cancelled_caught:
        raise Late("Another call still fetches the same, and the time of this one is up. Call again.")


def end_tries(until: float) -> None:
    """Say in a thread that calls a service until when somebody waits for it, by `time.monotonic`."""
    _tries_end.set(until)


def tries_left() -> float:
    """Seconds for which somebody still waits for the call that this thread makes; zero or less when nobody does."""
    return _tries_end.get() - time.monotonic()
