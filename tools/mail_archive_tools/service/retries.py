"""Calls that the service throttles are made again, while there is time: whoever asked need not know."""

import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from mail_archive_tools.calls.patience import last_try
from mail_archive_tools.errors import Throttled

PATIENCE_SECONDS = 20.0
"""How long a call is tried again where nobody says how long there is."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0

_Answer = TypeVar("_Answer")


async def unthrottled(call: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """The answer of `call`, made again while it is throttled: after what the service asks for, or more and more.

    Raises:
        Throttled: there is no time left for another try.
    """
    end = last_try()
    if end is None:
        end = time.monotonic() + PATIENCE_SECONDS

    pause = FIRST_PAUSE
    while True:
        try:
            return await call()
        except Throttled as error:
            wait = error.retry_after
            if wait is None:
                wait = jittered(pause)
            if time.monotonic() + wait > end:
                raise

            await anyio.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)


def jittered(seconds: float) -> float:
    """Between half of it and all of it, so that those who wait do not come back together."""
    return seconds * random.uniform(0.5, 1)
