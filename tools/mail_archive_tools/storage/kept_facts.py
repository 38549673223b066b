"""Facts kept in a folder that the operator named, so that they survive a restart."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from mail_archive_tools.system.places import why_not_own

MOST_KEPT = 200_000
"""Messages whose facts are kept at most, the newest: some 100 MB."""

_FILE = "facts.sqlite3"
_FORM = 3
"""Another number where facts are told differently: what was kept before is not used then."""
_OPENING_SECONDS = 5
_BUSY_SECONDS = 0.2
"""How long another server is waited for that writes at this moment: reading a message anew takes little longer."""
_TIMES_SPARED = 1_000
"""How many are kept from one time to the next that those are deleted which there is no room for."""


class FactsKept(Protocol):
    """Where packed facts are kept beyond the life of a process."""

    def get(self, archived_message_id: str) -> bytes | None:
        """The facts of a message, where they are kept."""

    def put(self, archived_message_id: str, packed: bytes) -> None:
        """Keep the facts of a message."""

    def forget(self, archived_message_ids: Sequence[str]) -> None:
        """Keep nothing of these messages."""


class Nowhere:
    """Keeps nothing."""

    def get(self, archived_message_id: str) -> bytes | None:
        return None

    def put(self, archived_message_id: str, packed: bytes) -> None:
        pass

    def forget(self, archived_message_ids: Sequence[str]) -> None:
        pass


class FactsFolder:
    """A SQLite file of mode 0600. Facts belong to who read them, and to what was known then: `of_whom` says both, and
    others see none of them."""

    def __init__(self, folder: Path, of_whom: Sequence[object], most: int = MOST_KEPT) -> None:
        """Opens it, and makes it where there is none. `most` is how many messages' facts are kept.

        Raises:
            ValueError: it cannot be used; says why, without the folder's name.
        """
        told = json.dumps([_FORM, version("mail-archive-mcp"), *of_whom], default=str)
        self._of_whom = hashlib.sha256(told.encode()).digest()[:16]
        self._lock = threading.Lock()
        self._most = most
        self._puts = 0

        try:
            _refuse_others(folder)
            self._file = _connected(folder)
            # On newer Pythons, one that nobody closes is warned of, one that is no database too.
            weakref.finalize(self, self._file.close)
            _prepare(self._file)
        except sqlite3.DatabaseError as error:
            raise ValueError(f"its {_FILE} cannot be used ({error}): delete it, nothing is lost but time") from None
        except OSError as error:
            raise ValueError(error.strerror or "it cannot be opened") from None

    def get(self, archived_message_id: str) -> bytes | None:
        with self._lock, suppress(sqlite3.DatabaseError):
            query = "SELECT packed FROM facts WHERE whose = ? AND id = ?"
            found = self._file.execute(query, (self._of_whom, archived_message_id)).fetchone()
            if found is None or not isinstance(found[0], bytes):
                return None
            return found[0]

        return None

    def put(self, archived_message_id: str, packed: bytes) -> None:
        # What cannot be kept now, on a full disk or beside another server, is read once more.
        with self._lock, suppress(sqlite3.DatabaseError):
            order = "INSERT OR REPLACE INTO facts (whose, id, packed) VALUES (?, ?, ?)"
            self._file.execute(order, (self._of_whom, archived_message_id, packed))

            if self._puts % _TIMES_SPARED == 0:
                self._file.execute(
                    "DELETE FROM facts WHERE number <= (SELECT max(number) FROM facts) - ?", (self._most,)
                )
            self._puts += 1

    def forget(self, archived_message_ids: Sequence[str]) -> None:
        # A place that cannot be written now has not kept them either, or has them from before.
        with self._lock, suppress(sqlite3.DatabaseError):
            order = "DELETE FROM facts WHERE whose = ? AND id = ?"
            self._file.executemany(order, [(self._of_whom, each) for each in archived_message_ids])


def _refuse_others(folder: Path) -> None:
    """
    Raises:
        ValueError: the folder, or the file in it, is not this user's own.
        OSError: that cannot be seen.
    """
    why = why_not_own(folder) or why_not_own(folder / _FILE)
    if why is not None:
        raise ValueError(why)


def _connected(folder: Path) -> sqlite3.Connection:
    """The file in that folder, made where there is none."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / _FILE
    # Before SQLite makes it by the umask; what SQLite puts beside it has the same mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)

    return sqlite3.connect(path, timeout=_OPENING_SECONDS, isolation_level=None, check_same_thread=False)


def _prepare(file: sqlite3.Connection) -> None:
    """Have it be a database of facts.

    Raises:
        sqlite3.DatabaseError: it is another file.
    """
    # Not WAL: nothing is mapped into memory that another process could cut off.
    file.execute("PRAGMA journal_mode = TRUNCATE")
    # What a power failure takes is read once more.
    file.execute("PRAGMA synchronous = OFF")

    file.execute(
        "CREATE TABLE IF NOT EXISTS facts (number INTEGER PRIMARY KEY, whose BLOB, id TEXT, packed BLOB, "
        "UNIQUE (whose, id))"
    )
    file.execute("SELECT whose, id, packed FROM facts LIMIT 1").fetchall()
    file.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000:.0f}")
