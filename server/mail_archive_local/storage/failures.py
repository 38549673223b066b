"""What can be wrong with the folder of a local archive, as sentences that name it and the next step."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.storage.reading import was_refused

_READ_ONLY_CODES = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN)
_DAMAGE_CODES = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_DAMAGED_SCHEMA = ("no such table", "no such column", "no such module", "vtable constructor failed", "invalid fts5")
BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class StoreError(LocalArchiveError):
    """A local archive folder cannot be used; the text names it and the next step."""


class StoreDamaged(StoreError):
    """The folder's database cannot be read as one, or not all of it."""


class MessageDamaged(StoreDamaged):
    """The bytes of a message are not those that were put in."""


class StoreBusy(StoreError):
    """Another process holds the folder's lock."""


class StoreUnwritable(StoreError):
    """The folder cannot be written."""


class StoreFull(StoreUnwritable):
    """The folder's disk takes no more."""


def first_sentence(error: StoreError) -> str:
    return str(error).partition(". ")[0] + "."


class Failures:
    """The errors of one folder. `why_not_written` is why what is to be kept is kept in memory; "" where the folder can
    be written, or is only looked at."""

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder, self.path = folder, path
        self.why_not_written = ""

    @contextmanager
    def answers(self, *, opening: bool = False) -> Iterator[None]:
        """SQLite's errors as sentences. What is asked at opening every archive can answer: one that does not is
        damaged."""
        try:
            yield
        except sqlite3.OperationalError as error:
            # Without a code it is Python's own: a text that is none. The last byte of a code is its primary one
            # (https://www.sqlite.org/rescode.html).
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF

            if code in BUSY_CODES:
                raise StoreBusy(
                    f"The local archive at {self.folder} is locked by another process. "
                    "Wait until it has finished, or stop it, and try again."
                ) from error
            if code in _READ_ONLY_CODES:
                raise self.unwritable() from error
            if code == sqlite3.SQLITE_FULL:
                raise StoreFull(
                    f"The disk of the local archive at {self.folder} is full. Free some room and try again; "
                    "nothing that was in it is lost."
                ) from error
            if code == sqlite3.SQLITE_IOERR:
                raise StoreFull(
                    f"The system could not read or write the local archive at {self.folder}: there is a limit of file "
                    "sizes, or the disk fails. See to it and try again; nothing that was in it is lost."
                ) from error
            if opening and code == sqlite3.SQLITE_ERROR:
                raise self.damaged() from error
            if code in _DAMAGE_CODES or str(error).startswith(_DAMAGED_SCHEMA):
                raise self.damaged() from error
            raise
        except UnicodeDecodeError as error:
            # SQLite's own words about a name that is no text.
            raise self.damaged() from error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_AUTH:
                if not was_refused():
                    raise KeyboardInterrupt from error
                raise self.unwritable() from error
            if error.sqlite_errorcode & 0xFF in _DAMAGE_CODES:
                raise self.damaged() from error
            raise

    def unwritable(self) -> StoreUnwritable:
        if self.why_not_written:
            return StoreUnwritable(
                f"{self.why_not_written} It can be searched, read, verified and exported, and not changed."
            )
        return StoreUnwritable(
            f"The local archive at {self.folder} cannot be written. It can be searched, read, verified and exported; "
            "to change what is in it, give this user write access to the folder."
        )

    def damaged(self) -> StoreDamaged:
        """What to raise where it is not what was written."""
        return StoreDamaged(
            f"{self.path} is not a database of a local archive, or is damaged. `mail-archive-mcp verify "
            f"{self.folder}` says what of it can be read; restore it from a copy, or import the mail into a new folder."
        )
