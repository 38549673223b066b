"""The folder of a local archive: one SQLite file in WAL mode, its connections, what can be wrong with it.

Any number of threads and processes may use one folder at a time; a writer waits for another, up to
`BUSY_SECONDS`. A folder that cannot be written is read, and what serving notes is kept in memory (see reading.py).
Errors are `StoreError`s that name the folder and the next step.
"""

import logging
import os
import queue
import secrets
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from mail_archive_server.local.storage.access import what_is_gone, why_unreadable
from mail_archive_server.local.storage.hashes import hash_all_rows, hash_settings
from mail_archive_server.local.storage.keys import ARCHIVE_SHIFT
from mail_archive_server.local.storage.reading import (
    DISK,
    SCRIPTS,
    CannotCopy,
    add_tables,
    copy_records,
    open_to_read,
    statements,
)
from mail_archive_tools import system

DATABASE = "archive.sqlite3"
APPLICATION_ID = 0x6D61696C  # "mail"
SCHEMA_VERSION = 3
BUSY_SECONDS = 5.0
"""How long a call waits for another process that is writing."""
_TRY_AGAIN = 0.02
UNHASHED = "unhashed"
"""A setting of an archive of a version before, until an import has hashed its messages."""

_CONNECTION_SETTINGS = (
    "synchronous = NORMAL",
    "cache_size = -64000",
    "wal_autocheckpoint = 8000",
    "secure_delete = ON",
)
_READ_ONLY_CODES = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN)
_DAMAGE_CODES = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_DAMAGED_SCHEMA = ("no such table", "no such column", "no such module", "vtable constructor failed", "invalid fts5")
_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


FOLDER_MODE, FILE_MODE = 0o700, 0o600
"""Who may read the archive: its owner. It is other people's mail, and the keys are in it."""

_OTHERS = 0o077


class KeyPair(NamedTuple):
    """What signs requests to the archive's API."""

    access_key_id: str
    secret_access_key: str


class StoreError(Exception):
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


class Database:
    """An open local archive folder. Use it as a context manager, or call `close`."""

    def __init__(
        self, folder: Path, *, create: bool = False, looking: bool = False, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        """Open `folder`; with `create`, to write to it, made when it does not exist or is empty; with `looking`, to
        change nothing in it. Without either it is written to where that is possible, and else read.

        Raises:
            StoreError: it is no local archive, cannot be used, or is of a newer version.
        """
        self.folder = folder
        self.path = folder / DATABASE
        self.schema = "main"
        """What the folder's database is called on a connection."""
        self.why_not_written = ""
        """Why what is to be kept is kept in memory; "" where the folder can be written, or is only looked at."""
        self._busy_seconds = busy_seconds
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._in_memory: sqlite3.Connection | None = None
        self._in_memory_lock = threading.RLock()
        # A store that nobody closed closes its connections when it is forgotten.
        weakref.finalize(self, _close_all, self._idle)
        if refusal := why_unreadable(folder, self.path):
            raise StoreError(refusal)
        if not self.path.is_file():
            self._make_folder(create)
        if looking:
            self._read()
        else:
            self._open(create)
        settings = {**_new_keys(), **self._settings()}
        self.link_key = bytes.fromhex(settings["link_key"])
        self.credentials = KeyPair(settings["access_key_id"], settings["secret_access_key"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        _close_all(self._idle)
        with self._in_memory_lock:
            if self._in_memory is not None:
                self._in_memory.close()

    @property
    def can_be_written(self) -> bool:
        return self._in_memory is None

    def keep_in_memory(self, why: str) -> None:
        """From now on the folder is read, and what is to be kept is kept in memory, which ends with this process.

        Raises:
            StoreError: it cannot be read.
        """
        with self._in_memory_lock:
            if self._in_memory is not None:
                return
            self._read()
            with self._answers(), self._connection() as db:
                copy_records(db)
            self.why_not_written = why
        logging.getLogger(__name__).warning("%s Searches are kept in memory.", why)

    def exposed(self) -> list[Path]:
        """The folder and its files, those of them that others than the owner may use."""
        if not system.HAS_FILE_MODES:
            return []
        own = [self.folder, *self.folder.glob(f"{DATABASE}*")]
        return [each for each in own if each.stat().st_mode & _OTHERS]

    def warn_if_exposed(self) -> None:
        """Tell the operator of a folder that others can read."""
        if self.exposed():
            logging.getLogger(__name__).warning(
                "Other users of this machine can read the local archive at %s, which is other people's mail. "
                "The next import into it mends that, and so does chmod.",
                self.folder,
            )

    def keep_from_others(self) -> None:
        """Leave the folder and its files to their owner.

        Raises:
            StoreError: they belong to somebody else.
        """
        for each in self.exposed():
            try:
                each.chmod(FOLDER_MODE if each.is_dir() else FILE_MODE)
            except PermissionError:
                raise StoreError(
                    f"{each} can be read by other users and belongs to another one, so it stays so. "
                    "Let its owner import into it."
                ) from None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._answers(), self._connection() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer can come between; rolled back on any exception."""
        with self._answers(), self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self._in_memory is not None:
            with self._in_memory_lock:
                yield self._in_memory
            return
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = self._connect()
        try:
            yield db
        finally:
            self._idle.put(db)

    def _connect(self) -> sqlite3.Connection:
        # Not made anew when it is gone: an empty database would stand in for a lost one.
        db = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64,
        )
        try:
            # Deleted mail is overwritten: what is over its retention is to be gone from the disk.
            for setting in _CONNECTION_SETTINGS:
                db.execute(f"PRAGMA {setting}")
        except sqlite3.Error:
            db.close()
            raise

        return db

    @contextmanager
    def _answers(self, *, opening: bool = False) -> Iterator[None]:
        """SQLite's errors as sentences. What is asked at opening every archive can answer: one that does not is
        damaged."""
        try:
            yield
        except sqlite3.OperationalError as error:
            # Without a code it is Python's own: a text that is none.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if code in _BUSY_CODES:
                raise StoreBusy(
                    f"The local archive at {self.folder} is locked by another process. "
                    "Wait until it has finished, or stop it, and try again."
                ) from error
            if code in _READ_ONLY_CODES:
                raise self._unwritable() from error
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
                raise self._unwritable() from error
            if error.sqlite_errorcode & 0xFF in _DAMAGE_CODES:
                raise self.damaged() from error
            raise

    def _unwritable(self) -> StoreUnwritable:
        if self.why_not_written:
            return StoreUnwritable(
                f"{self.why_not_written} It can be searched, read, verified and exported, and not changed."
            )
        return StoreUnwritable(
            f"The local archive at {self.folder} cannot be written. It can be searched, read, verified and exported; "
            "to change what is in it, give this user write access to the folder."
        )

    def damaged(self) -> "StoreDamaged":
        """What to raise where it is not what was written."""
        return StoreDamaged(
            f"{self.path} is not a database of a local archive, or is damaged. `mail-archive-mcp verify "
            f"{self.folder}` says what of it can be read; restore it from a copy, or import the mail into a new folder."
        )

    # Opening

    def _open(self, create: bool) -> None:
        """Open it to write; where that cannot be, and nobody said that it must, to read."""
        try:
            with self._answers(opening=True), self._connection() as db:
                self._check(db, create)
                self._give_keys(db)
        except StoreUnwritable as error:
            if create:
                raise
            self.keep_in_memory(first_sentence(error))

    def _read(self) -> None:
        """Open it to read."""
        with self._answers(opening=True):
            try:
                db = open_to_read(self.path, self._busy_seconds)
            except CannotCopy as error:
                raise StoreUnwritable(
                    f"The local archive at {self.folder} cannot be written, and SQLite cannot read it without writing "
                    f"beside it. It would have to be copied into memory, but {error}. Copy the folder to where it can "
                    "be written, and use the copy."
                ) from error
            try:
                self._refuse_others(db, f"{DISK}.")
                add_tables(db)
            except BaseException:
                db.close()
                raise
        weakref.finalize(self, db.close)
        self.schema = DISK
        self._in_memory = db

    def _make_folder(self, create: bool) -> None:
        if gone := what_is_gone(self.folder, self.path):
            raise StoreError(gone)
        if not create:
            reason = "is not a local archive" if self.folder.exists() else "does not exist"
            raise StoreError(f"{self.folder} {reason}. `mail-archive-mcp import {self.folder} MAIL` makes one.")
        try:
            self.folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
            # Files of the database itself: another process is making the archive at this moment.
            if any(not entry.name.startswith(DATABASE) for entry in self.folder.iterdir()):
                raise StoreError(f"{self.folder} is not empty and not a local archive. Name a new folder.")
            # SQLite makes its other files with the rights of the first.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, FILE_MODE))
            self.keep_from_others()
        except (NotADirectoryError, FileExistsError):
            raise StoreError(f"{self.folder} is a file, not a folder. Name a new folder.") from None
        except PermissionError:
            raise StoreError(f"{self.folder} cannot be made or read by this user. Name another folder.") from None
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be made ({error.strerror}). Name another folder.") from None

    def _check(self, db: sqlite3.Connection, create: bool) -> None:
        if create:
            self._create_tables(db)
        version = self._refuse_others(db)
        self._try_writing(db)
        if version < SCHEMA_VERSION:
            self._upgrade(db)

    def _refuse_others(self, db: sqlite3.Connection, schema: str = "") -> int:
        """Let a local archive pass that is known here; returns the version of its format."""
        (version,) = db.execute(f"PRAGMA {schema}user_version").fetchone()
        (application,) = db.execute(f"PRAGMA {schema}application_id").fetchone()
        if not self._has_tables(db, schema):
            if gone := what_is_gone(self.folder, self.path):
                raise StoreError(gone)
            raise StoreError(
                f"{self.folder} is not a local archive yet: what made it was broken off. `mail-archive-mcp import "
                f"{self.folder} MAIL` makes one."
            )
        if application != APPLICATION_ID:
            raise StoreError(f"{self.folder} is not a local archive: {DATABASE} there belongs to something else.")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"The local archive at {self.folder} was made by a newer mail-archive-mcp (version {version} of the "
                f"format, this one knows {SCHEMA_VERSION}). Upgrade with `pip install -U mail-archive-mcp`."
            )
        return int(version)

    def _try_writing(self, db: sqlite3.Connection) -> None:
        """A folder that cannot be written is told now, not at the first search; one that another process is
        writing to can be."""
        db.execute("PRAGMA busy_timeout = 0")
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY_CODES:
                raise
        finally:
            db.execute(f"PRAGMA busy_timeout = {self._busy_seconds * 1000:.0f}")

    def _create_tables(self, db: sqlite3.Connection) -> None:
        """Make an empty database a local archive; one that has tables stays as it is."""
        if self._has_tables(db):
            return
        if gone := what_is_gone(self.folder, self.path):
            raise StoreError(gone)
        self._write_ahead(db)
        db.execute("BEGIN IMMEDIATE")
        if self._has_tables(db):  # another process came first
            db.execute("ROLLBACK")
            return

        for script in SCRIPTS:
            _run(db, script)
        db.execute("INSERT INTO trigram (trigram, rank) VALUES ('hashsize', 33554432)")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")

    def _upgrade(self, db: sqlite3.Connection) -> None:
        """Give an archive of a version before what this one has more."""
        db.execute("BEGIN IMMEDIATE")
        try:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version < 1:
                raise self.damaged()
            for number in range(version + 1, SCHEMA_VERSION + 1):
                _run(db, SCRIPTS[number - 1])
                _UPGRADES[number](db)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _write_ahead(self, db: sqlite3.Connection) -> None:
        """Have the journal written ahead. SQLite does not wait for others that do the same at this moment."""
        ends = time.monotonic() + self._busy_seconds
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _BUSY_CODES or time.monotonic() > ends:
                    raise
                time.sleep(_TRY_AGAIN)
            else:
                return

    def _has_tables(self, db: sqlite3.Connection, schema: str = "") -> bool:
        return db.execute(f"SELECT 1 FROM {schema}sqlite_master LIMIT 1").fetchone() is not None

    def _give_keys(self, db: sqlite3.Connection) -> None:
        """Give the folder the keys that it does not have yet: each has its own."""
        (there,) = db.execute("SELECT count(*) FROM setting WHERE name IN ('link_key', 'access_key_id')").fetchone()
        if there == 2:
            return
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT OR IGNORE INTO setting VALUES (?, ?)", _new_keys().items())
        hash_settings(db)
        db.execute("COMMIT")

    def _settings(self) -> dict[str, str]:
        with self.reading() as db:
            return dict(db.execute("SELECT name, value FROM setting"))


def _close_all(idle: "queue.LifoQueue[sqlite3.Connection]") -> None:
    with suppress(queue.Empty):
        while True:
            idle.get_nowait().close()


def _new_keys() -> dict[str, str]:
    """Keys that nobody has."""
    return {
        "link_key": secrets.token_hex(32),
        "access_key_id": f"LOCAL{secrets.token_hex(8).upper()}"[:20],
        "secret_access_key": secrets.token_urlsafe(30),
    }


def first_sentence(error: StoreError) -> str:
    return str(error).partition(". ")[0] + "."


def _run(db: sqlite3.Connection, script: str) -> None:
    """Run a script of this package, within the transaction that is open."""
    for statement in statements(script):
        db.execute(statement)


def _keep_for_ever(db: sqlite3.Connection) -> None:
    """The first version deleted nothing for its age: what it kept is not lost to the second."""
    with_mail = f"SELECT id >> {ARCHIVE_SHIFT} FROM message"
    db.execute(f"UPDATE archive SET retention = 'PERMANENT' WHERE number IN ({with_mail})")


def _note_unhashed(db: sqlite3.Connection) -> None:
    """The hashes of messages are made by the next import, since that takes a while."""
    if db.execute("SELECT 1 FROM message LIMIT 1").fetchone():
        db.execute("INSERT OR REPLACE INTO setting VALUES (?, 'yes')", (UNHASHED,))
    hash_all_rows(db)


_UPGRADES = {2: _keep_for_ever, 3: _note_unhashed}
"""What is done, beside making tables, for an archive to become one of that version."""
