"""A database's file, read as a file beside SQLite, which has it open and holds locks on it."""

import threading
from io import FileIO
from pathlib import Path


class DatabaseFile:
    """The file of a database. Once it was read it stays open until `close`, which is called after SQLite has closed it:
    where a process closes a file, all its locks on it are gone, and those that SQLite holds are among them.

    https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: FileIO | None = None
        self._one_at_a_time = threading.Lock()

    def read(self, start: int = 0, length: int = -1) -> bytes:
        """So many bytes from `start` on; all that follow where no length is said.

        Raises:
            OSError: it cannot be read.
        """
        with self._one_at_a_time:
            if self._file is None:
                # Not buffered: what is read is what is there at this moment.
                self._file = FileIO(self.path)
            self._file.seek(start)
            return self._file.read(length)

    @property
    def is_closed(self) -> bool:
        return self._file is None

    def close(self) -> None:
        with self._one_at_a_time:
            if self._file is not None:
                self._file.close()
            self._file = None
