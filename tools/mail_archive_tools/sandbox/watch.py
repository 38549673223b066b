"""One thread for all workers that ends those that are late. A timer for each job would cost more than many a job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_NEVER = float("inf")


class Watch:
    """Calls what it was given when its time is over, unless that was called off before."""

    def __init__(self) -> None:
        self._deadlines: dict[object, tuple[float, Callable[[], None]]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._sleeps_until = _NEVER

    @contextmanager
    def on(self, seconds: float, late: Callable[[], None]) -> Iterator[None]:
        """Have `late` called, in another thread, should the block take longer."""
        key = object()
        deadline = time.monotonic() + seconds
        with self._changed:
            self._deadlines[key] = (deadline, late)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="workers' watch", daemon=True)
                self._thread.start()
            elif deadline < self._sleeps_until:
                self._changed.notify()

        try:
            yield
        finally:
            with self._changed:
                self._deadlines.pop(key, None)

    def _run(self) -> None:
        while True:
            for late in self._next_late():
                late()

    def _next_late(self) -> list[Callable[[], None]]:
        """What is to be called now; waits until there is something."""
        with self._changed:
            while True:
                now = time.monotonic()
                over = [key for key, (deadline, _) in self._deadlines.items() if deadline <= now]
                if over:
                    return [self._deadlines.pop(key)[1] for key in over]

                self._sleeps_until = min((deadline for deadline, _ in self._deadlines.values()), default=_NEVER)
                if self._sleeps_until == _NEVER:
                    self._changed.wait()
                else:
                    self._changed.wait(self._sleeps_until - now)


WATCH = Watch()
