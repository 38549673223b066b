"""The workers of one identity: as many as the machine has cores at most, each for one batch of readings."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from mail_archive_tools import system
from mail_archive_tools.sandbox.bounds import Bounds
from mail_archive_tools.sandbox.confinement import OTHER_CALLS
from mail_archive_tools.sandbox.process import NotRead, Worker
from mail_archive_tools.sandbox.starting.sharing import Share

_Result = TypeVar("_Result")

__all__ = ["Batch", "NotRead", "Sandbox"]

SECONDS = 10.0
"""How long the reading of one thing may take."""

JOBS_OF_A_WORKER = 250
"""A worker is replaced after so many, however long its batch is."""

BATCH_SECONDS = 60.0
"""A batch that outlasts a call is replaced after so long: what took a worker over reads no later than that."""

_ANY = Bounds()


class Batch:
    """Readings that one worker may do one after the other, although a mail that takes it over sees those behind it:
    those of one archive, for one caller."""

    def __init__(self, archive_id: str, caller: str) -> None:
        self.archive_id = archive_id
        self.caller = caller
        self.is_over = False
        self._began = time.monotonic()

    @property
    def age(self) -> float:
        """For how many seconds it has been open."""
        return time.monotonic() - self._began

    def includes(self, archive_id: str, caller: str) -> bool:
        """Whether readings of that archive for that caller are of it; no archive: of the one that is read already."""
        return caller == self.caller and archive_id in ("", self.archive_id)


_open: ContextVar[Batch | None] = ContextVar("batch", default=None)


class Sandbox:
    """Reads hostile bytes in processes apart. A worker that was taken over by one mail may remember the next: it does
    the readings of one batch, and of a batch of its own where none was opened."""

    def __init__(
        self,
        module: str,
        *,
        seconds: float = SECONDS,
        most_workers: int | None = None,
        jobs_of_a_worker: int = JOBS_OF_A_WORKER,
    ) -> None:
        """`module` has the jobs, functions by name in `JOBS`. No process starts before the first of them."""
        self._seconds = seconds
        self._jobs_of_a_worker = jobs_of_a_worker
        self._most_workers = most_workers or os.cpu_count() or 1
        self._share = Share(module, seconds)
        self._idle: list[tuple[Batch, Worker]] = []
        self._guard = threading.Lock()
        self._lasting: dict[tuple[str, str, str], Batch] = {}
        """Batches that outlast a call: those that were asked for last."""
        self._unfit = ""
        """Why workers cannot live with the calls that they need, where that is so."""
        self._some_were_fit = False
        # Threads of their own: those that wait for the service are not to wait for these.
        self._turns = anyio.CapacityLimiter(self._most_workers)
        self._end = weakref.finalize(self, _end_all, self._idle, self._share)

    @contextmanager
    def batch(self, archive_id: str = "", caller: str = "", *, apart: bool = False) -> Iterator[Batch]:
        """What is read within is of one archive and one caller; no archive: of that which is being read, else of
        whichever one message is. A batch in a batch of the same is that one, unless it is to be `apart`."""
        outer = _open.get()
        if outer is not None and not apart and outer.includes(archive_id, caller):
            yield outer
            return

        opened = Batch(archive_id, caller)
        token = _open.set(opened)
        try:
            yield opened
        finally:
            _open.reset(token)
            self.end_workers(opened)

    @contextmanager
    def lasting_batch(
        self, archive_id: str = "", caller: str = "", *, archived_message_id: str = ""
    ) -> Iterator[Batch]:
        """A batch that outlasts the call: the next calls go on with it for a minute, since one call reads a message and
        the next one a file of it. What is read within is of one archive, or of one message where the archive is not
        known. Where a batch is open that includes it, that one goes on."""
        outer = _open.get()
        if outer is not None and outer.includes(archive_id, caller):
            yield outer
            return

        opened = self._lasting_batch(archive_id, caller, archived_message_id)
        token = _open.set(opened)
        try:
            yield opened
        finally:
            _open.reset(token)

    def _lasting_batch(self, archive_id: str, caller: str, archived_message_id: str) -> Batch:
        """The batch of that archive or message, while it lasts. The one that was asked for least lately is over where
        there are too many."""
        key = (archive_id, caller, archived_message_id)
        over: list[Batch] = []
        with self._guard:
            batch = self._lasting.pop(key, None)
            if batch is not None and batch.age > BATCH_SECONDS:
                over.append(batch)
                batch = None
            if batch is None:
                batch = Batch(archive_id, caller)
            self._lasting[key] = batch

            if len(self._lasting) > self._most_workers:
                oldest = next(iter(self._lasting))
                over.append(self._lasting.pop(oldest))

        for each in over:
            self.end_workers(each)
        return batch

    async def run(
        self, job: str, data: bytes, take: Callable[[Any], _Result], *, bounds: Bounds = _ANY, **arguments: Any
    ) -> _Result:
        """What the job makes of the bytes: JSON within `bounds`, as `take` takes it, in the same thread.

        Raises:
            NotRead: it could not be done within the limits, or `take` says that it was not.
        """
        with self.batch("", _caller()) as batch:
            request = (job, arguments, data, bounds)
            return await to_thread.run_sync(self._run, batch, request, take, limiter=self._turns)

    def warm_up(self) -> None:
        """Have a worker get ready while something is fetched, where none waits for it."""
        batch = _open.get()
        with self._guard:
            one_waits = any(of is batch for of, _ in self._idle)
            if self._turns.borrowed_tokens or one_waits:
                return

        with suppress(OSError):
            self._share.prepare(not self._unfit)

    def missing_protections(self) -> dict[str, str]:
        """What this system cannot take away from a worker, and why. Blocks until one has started.

        Raises:
            NotRead: none starts.
        """
        batch = Batch("", "")
        worker = self._take(batch)
        try:
            missing = worker.missing_protections()
        finally:
            worker.end()

        if self._unfit and system.CAN_CONFINE:
            missing.setdefault(OTHER_CALLS, f"{self._unfit}; what is known to do harm is refused instead")
        return missing

    def end_workers(self, batch: Batch) -> None:
        """End the workers of a batch, now or when they are done with what they do."""
        with self._guard:
            batch.is_over = True
            for of, worker in self._idle:
                if of is batch:
                    worker.end()

            # In place: the finalizer has the same list.
            self._idle[:] = [(of, worker) for of, worker in self._idle if of is not batch]

    def close(self) -> None:
        """End all workers that do nothing; those that do end with their job."""
        with self._guard:
            _end_all(self._idle, self._share)

    def _run(
        self, batch: Batch, request: tuple[str, dict[str, Any], bytes, Bounds], take: Callable[[Any], _Result]
    ) -> _Result:
        worker = self._take(batch)
        is_new = worker.jobs_done == 0

        try:
            return take(worker.do(*request))
        except NotRead as error:
            # What tells such things is not to be relied on.
            worker.end()
            if is_new or error.late:
                raise
        finally:
            self._give_back(batch, worker)

        # It may have been what the worker did before: a new one tells.
        return self._run(batch, request, take)

    def _take(self, batch: Batch) -> Worker:
        """A worker of that batch, or one that has done nothing."""
        worker = self._idle_worker(batch)
        if worker is not None:
            return worker

        with self._guard:
            self._make_room()
        worker = self._new_worker()
        if self._is_fit(worker):
            return worker

        # The next one is left the calls that this one cannot live without.
        return self._new_worker()

    def _idle_worker(self, batch: Batch) -> Worker | None:
        with self._guard:
            for place in reversed(range(len(self._idle))):
                of, worker = self._idle[place]
                if of is not batch:
                    continue
                del self._idle[place]
                if worker.is_alive:
                    return worker
                worker.end()
        return None

    def _make_room(self) -> None:
        """End those that have waited longest, of other batches, where there are too many with one more."""
        while self._idle and len(self._idle) + self._turns.borrowed_tokens > self._most_workers:
            _, worker = self._idle.pop(0)
            worker.end()

    def _is_fit(self, worker: Worker) -> bool:
        """Whether it can work with the system calls that it was left. Where the first cannot, the next are left more;
        one that cannot be used has ended."""
        try:
            why = worker.fails
        except NotRead as error:
            worker.end()
            if error.late or self._some_were_fit:
                return False
            # It may have been ended by what it cannot live without.
            why = "a worker does not start with the calls that are left"

        if not why:
            self._some_were_fit = True
            return True

        worker.end()
        self._unfit = self._unfit or why
        return False

    def _new_worker(self) -> Worker:
        try:
            return Worker(self._share.start(not self._unfit), self._seconds)
        except OSError as error:
            raise NotRead(f"cannot be read now: no process can be started for it ({error.strerror})") from None

    def _give_back(self, batch: Batch, worker: Worker) -> None:
        with self._guard:
            has_jobs_left = worker.jobs_done < self._jobs_of_a_worker
            if worker.is_alive and has_jobs_left and not batch.is_over:
                self._idle.append((batch, worker))
                return

        worker.end()


def _caller() -> str:
    """The caller of the batch that is open."""
    batch = _open.get()
    if batch is None:
        return ""
    return batch.caller


def _end_all(workers: list[tuple[Batch, Worker]], share: Share) -> None:
    while workers:
        _, worker = workers.pop()
        worker.end()
    share.close()
