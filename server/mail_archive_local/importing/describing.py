"""New messages described, here or by other processes: that is most of the work of an import."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import NamedTuple

from mail_archive_local.importing.beside import NOTHING, Beside
from mail_archive_local.importing.exported import Entry
from mail_archive_local.importing.record import Known, describe
from mail_archive_local.storage.putting import NewMessage
from mail_archive_tools import system

_ORPHAN_SECONDS = 0.5


class New(NamedTuple):
    """A message that the archive does not have, or not with all that is known of it: its bytes, its file's time
    (seconds since 1970), what is known beside it, and the id of the message that it is put in for."""

    raw: bytes
    file_time: float
    beside: Beside = NOTHING
    instead_of: str = ""


class Described(NamedTuple):
    messages: list[NewMessage]
    read: list[Entry]


DescribeChunk = Callable[[list[New], list[Entry]], Iterable[Described]]
"""Takes what is new of a chunk; gives the chunks that are described by now, this one or ones before."""


@contextmanager
def describing(archive_id: str, workers: int) -> Iterator[tuple[DescribeChunk, Callable[[], Iterable[Described]]]]:
    """How chunks are described, and what gives the chunks that are left at the end."""
    if not workers:

        def describe_here(new: list[New], read: list[Entry]) -> Iterable[Described]:
            return [Described(_describe(archive_id, new), read)]

        yield describe_here, lambda: ()
        return

    with _deaf_to_interrupts():
        pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with, initargs=(os.getpid(),))
    waiting: deque[tuple[list[New], list[Entry], Future[list[NewMessage]]]] = deque()

    def next_chunk() -> Described:
        new, read, described = waiting.popleft()
        # What was read here need not have travelled back.
        pairs = zip(new, described.result(), strict=True)
        return Described([message._replace(raw=each.raw) for each, message in pairs], read)

    def describe_chunk(new: list[New], read: list[Entry]) -> Iterator[Described]:
        with _deaf_to_interrupts():
            described = pool.submit(_describe_elsewhere, archive_id, new)
        waiting.append((new, read, described))
        # Two chunks for each worker keep it busy and memory flat.
        while len(waiting) > 2 * workers:
            yield next_chunk()

    def describe_rest() -> Iterator[Described]:
        while waiting:
            yield next_chunk()

    try:
        yield describe_chunk, describe_rest
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Have processes that start meanwhile never hear Ctrl-C, from their first moment on: it is this one's to answer,
    which hears what came meanwhile when this ends. A process has the signals blocked that its parent had."""
    if not system.CAN_DELAY_SIGNALS:
        yield
        return

    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _describe(archive_id: str, new: list[New]) -> list[NewMessage]:
    now = time.time()
    described = []
    for each in new:
        message = describe(each.raw, archive_id, each.file_time, now=now, known=_known(each.beside))
        if each.instead_of:
            message = message._replace(instead_of=each.instead_of)
        described.append(message)
    return described


def _known(beside: Beside) -> Known | None:
    if not beside.says_anything:
        return None
    return Known(beside.archived_message_id, beside.second, beside.metadata, beside.envelope)


def _describe_elsewhere(archive_id: str, new: list[New]) -> list[NewMessage]:
    """The same without the raw messages, which need not travel back."""
    return [message._replace(raw=b"") for message in _describe(archive_id, new)]


def _end_with(parent: int) -> None:
    """In a worker: end when the parent has ended, however it did; Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
