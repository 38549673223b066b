"""The time that one call may take, and who is told how it passes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Self

import anyio

Progress = Callable[[float, float | None, str], Awaitable[None]]
"""Told how far a long call is: what is done, of how much (None: unknown), and a sentence."""

GRACE_SECONDS = 3.0
"""How long after its time is up a call may still ask the service: what it started has to be named, and stopped."""


async def silent(done: float, total: float | None, sentence: str) -> None:
    """The progress that nobody watches."""


_current: ContextVar[Patience | None] = ContextVar("patience", default=None)


def last_try() -> float | None:
    """Until when what was refused for now may be tried again, by `time.monotonic`; None where nobody said."""
    patience = _current.get()
    if patience is None:
        return None
    return patience.last_try


def seconds_left(otherwise: float) -> float:
    """How long a call of the service, or a download, may take now: to the end of the tool call's time and its grace,
    zero or less when that is over; `otherwise` where nobody said."""
    patience = _current.get()
    if patience is None:
        return otherwise
    return patience.left + GRACE_SECONDS


@contextmanager
def waiting_for_a_person() -> Iterator[None]:
    """The time that passes within it is nobody's: the user is being asked."""
    began = time.monotonic()
    try:
        yield
    finally:
        patience = _current.get()
        if patience is not None:
            patience.lengthen(time.monotonic() - began)


class Patience:
    """The time that one call may take, in seconds. Within it (`with`), whatever is asked or tried again knows when to
    stop. One within another ends with it, unless it is `apart`: then it is of a work that nobody waits for. That may
    take its own time, but tries nothing again when the one around it is over."""

    def __init__(self, seconds: float, progress: Progress = silent, *, apart: bool = False) -> None:
        self._started = time.monotonic()
        self._progress = progress
        self._token: Token[Patience | None] | None = None
        self._around: Patience | None = None
        self._caller: Patience | None = None
        self.deadline = self._started + seconds

        around = _current.get()
        if apart:
            self._caller = around
        elif around is not None:
            self._around = around
            self.deadline = min(self.deadline, around.deadline)

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _current.reset(self._token)

    @property
    def left(self) -> float:
        """Seconds; below zero when the time is up."""
        return self.deadline - time.monotonic()

    @property
    def last_try(self) -> float:
        """Until when something may be tried again, by `time.monotonic`."""
        if self._caller is None:
            return self.deadline
        return self._caller.deadline

    def lengthen(self, seconds: float) -> None:
        """Give it, and those around it, that much more."""
        self.deadline += seconds
        if self._around is not None:
            self._around.lengthen(seconds)

    async def say(self, sentence: str) -> None:
        """Report progress. It is measured in seconds: how much there is to do is not known before it is done."""
        passed = time.monotonic() - self._started
        await self._progress(passed, None, f"{sentence}, {passed:.0f} s so far")

    async def pause(self, delay: float, reason: str) -> None:
        """Say what is waited for, and wait."""
        await self.say(reason)
        await anyio.sleep(delay)
