"""The workers of one identity: as many as the machine has cores at most, each kept for the next reading."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from mail_archive_tools.sandbox.process import NotRead, Worker

_Result = TypeVar("_Result")

__all__ = ["NotRead", "Sandbox"]

SECONDS = 10.0
"""How long the reading of one thing may take."""

JOBS_OF_A_WORKER = 500
"""A worker is replaced after so many, so that what it may have been made to remember does not stay for ever."""


class Sandbox:
    """Reads hostile bytes in processes apart. Share it between calls of one identity, and no other: a worker that was
    taken over by one mail may remember the next."""

    def __init__(
        self,
        module: str,
        *,
        seconds: float = SECONDS,
        most_workers: int | None = None,
        jobs_of_a_worker: int = JOBS_OF_A_WORKER,
    ) -> None:
        """`module` has the jobs, functions by name in `JOBS`. No process starts before the first of them."""
        self._module = module
        self._seconds = seconds
        self._jobs_of_a_worker = jobs_of_a_worker
        self._most_workers = most_workers or os.cpu_count() or 1
        self._idle: list[Worker] = []
        self._guard = threading.Lock()
        # Threads of their own: those that wait for the service are not to wait for these.
        self._turns = anyio.CapacityLimiter(self._most_workers)
        self._end = weakref.finalize(self, _end_all, self._idle)

    async def run(self, job: str, data: bytes, take: Callable[[Any], _Result], **arguments: Any) -> _Result:
        """What the job makes of the bytes: JSON, as `take` takes it, in the same thread.

        Raises:
            NotRead: it could not be done within the limits, or `take` says that it was not.
        """
        return await to_thread.run_sync(self._run, job, data, arguments, take, limiter=self._turns)

    def warm_up(self) -> None:
        """Start a worker if there is none, so that it gets ready while something is fetched."""
        with self._guard, suppress(NotRead):
            if not self._idle and not self._turns.borrowed_tokens:
                self._idle.append(self._new_worker())

    def missing_protections(self) -> dict[str, str]:
        """What this system cannot take away from a worker, and why. Blocks until one has started.

        Raises:
            NotRead: none starts.
        """
        worker = self._take()
        missing = worker.missing_protections()
        self._give_back(worker)
        return missing

    def close(self) -> None:
        """End all workers that do nothing; those that do end with their job."""
        with self._guard:
            _end_all(self._idle)

    def _run(self, job: str, data: bytes, arguments: dict[str, Any], take: Callable[[Any], _Result]) -> _Result:
        worker = self._take()
        is_new = worker.jobs_done == 0
        try:
            return take(worker.do(job, arguments, data))
        except NotRead as error:
            # What tells such things is not to be relied on.
            worker.end()
            if is_new or error.late:
                raise
        finally:
            self._give_back(worker)
        # It may have been what the worker did before: a new one tells.
        return self._run(job, data, arguments, take)

    def _take(self) -> Worker:
        with self._guard:
            while self._idle:
                # The last one first: what is not needed gets old, and is the first to go.
                if (worker := self._idle.pop()).is_alive:
                    return worker
                worker.end()
        return self._new_worker()

    def _new_worker(self) -> Worker:
        try:
            return Worker(self._module, self._seconds)
        except OSError as error:
            raise NotRead(f"cannot be read now: no process can be started for it ({error.strerror})") from None

    def _give_back(self, worker: Worker) -> None:
        if not worker.is_alive or worker.jobs_done >= self._jobs_of_a_worker:
            worker.end()
            return
        with self._guard:
            self._idle.append(worker)


def _end_all(workers: list[Worker]) -> None:
    while workers:
        workers.pop().end()
