"""One process at a time, among those that agree on a file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mail_archive_local.storage.failures import StoreError


@contextmanager
def alone(lock: Path) -> Iterator[bool]:
    """Whether this process is the one that holds the lock; it is, as long as this lasts. The file is a database that
    nobody keeps anything in: the system frees its lock when a process ends, however it does.

    Raises:
        StoreError: there is no place for the file any more.
    """
    try:
        opened = sqlite3.connect(lock, timeout=0, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise StoreError(f"{lock.parent} cannot be written ({error}). Is it still there?") from error

    with closing(opened) as held:
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            yield False
            return
        yield True
