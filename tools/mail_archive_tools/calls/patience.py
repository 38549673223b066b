"""The time that one call may take, and who is told how it passes."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar, Token
from typing import Self

import anyio

Progress = Callable[[float, float | None, str], Awaitable[None]]
"""Told how far a long call is: what is done, of how much (None: unknown), and a sentence."""


async def silent(done: float, total: float | None, sentence: str) -> None:
    """The progress that nobody watches."""


_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def deadline() -> float | None:
    """When the call that this is part of has to be answered, by the event loop's clock; None where nobody said."""
    return _deadline.get()


class Patience:
    """The time that one call may take, in seconds. Within it (`with`), whatever is tried again knows when to stop."""

    def __init__(self, seconds: float, progress: Progress = silent) -> None:
        self._started = anyio.current_time()
        self._progress = progress
        self._token: Token[float | None] | None = None
        self.deadline = self._started + seconds

    def __enter__(self) -> Self:
        self._token = _deadline.set(self.deadline)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _deadline.reset(self._token)

    @property
    def left(self) -> float:
        """Seconds; below zero when the time is up."""
        return self.deadline - anyio.current_time()

    async def say(self, sentence: str) -> None:
        """Report progress. It is measured in seconds: how much there is to do is not known before it is done."""
        passed = anyio.current_time() - self._started
        await self._progress(passed, None, f"{sentence}, {passed:.0f} s so far")

    async def pause(self, delay: float, reason: str) -> None:
        """Say what is waited for, and wait."""
        await self.say(reason)
        await anyio.sleep(delay)
