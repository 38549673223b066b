"""Ending a server: at the first Ctrl-C, and soon after stdin was closed.

Threads that wait for a line of stdin, or for an answer of the service, cannot be interrupted.
"""

import os
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

BY_SIGNAL = 128
"""A program that a signal ended says this and the signal's number."""


END_SECONDS = 4.0
"""How long after its end was asked for a process may live: calls stop their searches, and what hangs is left."""


def end_soon(leave: Callable[[], None], code: int = 0) -> None:
    """End the process in a few seconds, whatever hangs; if it ends by itself before, so much the better."""

    def end() -> None:
        leave()
        os._exit(code)

    timer = threading.Timer(END_SECONDS, end)
    timer.daemon = True
    timer.start()


class OpenRequests:
    """Counts the requests that are being answered."""

    def __init__(self) -> None:
        self._count = 0
        self._none_left = anyio.Event()

    async def counted(self, ctx: ServerRequestContext[object, object], call_next: CallNext) -> HandlerResult:
        """The SDK's middleware: stands around each request."""
        self._count += 1
        try:
            return await call_next(ctx)
        finally:
            self._count -= 1
            if not self._count:
                self._none_left.set()

    async def ended(self, seconds: float) -> None:
        """Wait until none is left, that long at most."""
        if not self._count:
            return
        self._none_left = anyio.Event()
        with anyio.move_on_after(seconds):
            await self._none_left.wait()


async def run_until_told_to_stop(
    serve: Callable[[], Awaitable[None]], requests: OpenRequests, grace_seconds: float, leave: Callable[[], None]
) -> None:
    """Run `serve` to its end, or until SIGINT or SIGTERM: then its calls are cancelled, have some seconds to stop the
    searches that nobody will ask for any more, `leave` is called, and the process ends."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_end_on_signal, tasks.cancel_scope, requests, grace_seconds, leave)
        await serve()
        tasks.cancel_scope.cancel()


async def _end_on_signal(
    everything: anyio.CancelScope, requests: OpenRequests, grace_seconds: float, leave: Callable[[], None]
) -> None:
    with ExitStack() as held:
        try:
            signals = held.enter_context(anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM))
        except (NotImplementedError, RuntimeError, ValueError):
            # This loop hears none: that of Windows, and one in a thread. The host ends the server by closing stdin.
            return
        number = await anext(signals)

    everything.cancel()
    with anyio.CancelScope(shield=True):
        await requests.ended(grace_seconds)
    leave()
    # The thread that reads stdin is left behind.
    os._exit(BY_SIGNAL + number)
