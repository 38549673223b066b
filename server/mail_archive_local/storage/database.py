"""The folder of a local archive: one SQLite file in WAL mode, its connections, and what it is opened for.

Any number of threads and processes may use one folder at a time; a writer waits for another, up to
`BUSY_SECONDS`. A folder that cannot be written is read, and what serving notes is kept in memory (see reading.py).
Errors are `StoreError`s that name the folder and the next step.
"""

import logging
import queue
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from mail_archive_local.storage.beside import DatabaseFile
from mail_archive_local.storage.failures import (
    BUSY_CODES,
    Failures,
    StoreDamaged,
    StoreError,
    StoreUnwritable,
    first_sentence,
)
from mail_archive_local.storage.given.access import what_is_gone, why_unreadable
from mail_archive_local.storage.given.definitions import harden, why_strange
from mail_archive_local.storage.given.files import link_among
from mail_archive_local.storage.opening import (
    APPLICATION_ID,
    DATABASE,
    SCHEMA_VERSION,
    create_tables,
    exposed,
    give_keys,
    has_tables,
    keep_from_others,
    make_folder,
    new_keys,
    upgrade,
    warn_if_exposed,
)
from mail_archive_local.storage.reading import DISK, CannotCopy, add_tables, copy_records, open_to_read

BUSY_SECONDS = 5.0
"""How long a call waits for another process that is writing."""
_CONNECTION_SETTINGS = (
    "synchronous = NORMAL",
    "cache_size = -64000",
    "wal_autocheckpoint = 8000",
    "secure_delete = ON",
)


class KeyPair(NamedTuple):
    """What signs requests to the archive's API."""

    access_key_id: str
    secret_access_key: str


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
        self.file = DatabaseFile(self.path)
        self.schema = "main"
        """What the folder's database is called on a connection."""
        self._failures = Failures(folder, self.path)
        self._busy_seconds = busy_seconds
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._in_memory: sqlite3.Connection | None = None
        self._in_memory_lock = threading.RLock()

        # A store that nobody closed closes its connections when it is forgotten, and then the file: the finalizer that
        # was made last runs first.
        weakref.finalize(self, self.file.close)
        weakref.finalize(self, _close_all, self._idle)

        self._refuse_folder()
        if not self.path.is_file():
            self._refuse_what_is_gone()
            make_folder(folder, create)
        if looking:
            self._read()
        else:
            self._open(create)

        settings = {**new_keys(), **self._settings()}
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
        self.file.close()

    @property
    def can_be_written(self) -> bool:
        return self._in_memory is None

    @property
    def why_not_written(self) -> str:
        """Why what is to be kept is kept in memory; "" where the folder can be written, or is only looked at."""
        return self._failures.why_not_written

    def damaged(self) -> StoreDamaged:
        """What to raise where it is not what was written."""
        return self._failures.damaged()

    def keep_in_memory(self, why: str) -> None:
        """From now on the folder is read, and what is to be kept is kept in memory, which ends with this process.

        Raises:
            StoreError: it cannot be read.
        """
        with self._in_memory_lock:
            if self._in_memory is not None:
                return
            self._read()
            with self._failures.answers(), self._connection() as db:
                copy_records(db)
            self._failures.why_not_written = why
        logging.getLogger(__name__).warning("%s Searches are kept in memory.", why)

    def exposed(self) -> list[Path]:
        """The folder and its files, those of them that others than the owner may use."""
        return exposed(self.folder)

    def warn_if_exposed(self) -> None:
        """Tell the operator of a folder that others can read."""
        warn_if_exposed(self.folder)

    def keep_from_others(self) -> None:
        """Leave the folder and its files to their owner.

        Raises:
            StoreError: they belong to somebody else.
        """
        keep_from_others(self.folder)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._failures.answers(), self._connection() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer can come between; rolled back on any exception."""
        with self._failures.answers(), self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.commit()
            finally:
                if db.in_transaction:
                    db.rollback()

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
            harden(db)
        except sqlite3.Error:
            db.close()
            raise

        return db

    # Opening

    def _refuse_folder(self) -> None:
        """Refuse one that may not be read, or in which a link stands for a file of the database."""
        refusal = why_unreadable(self.folder, self.path)
        if refusal:
            raise StoreError(refusal)
        link = link_among(self.path)
        if link is not None:
            raise StoreError(
                f"{link} is a symbolic link, and what it leads to would be changed. Name a folder of files."
            )

    def _open(self, create: bool) -> None:
        """Open it to write; where that cannot be, and nobody said that it must, to read."""
        try:
            with self._failures.answers(opening=True), self._connection() as db:
                self._check(db, create)
                give_keys(db)
        except StoreUnwritable as error:
            if create:
                raise
            self.keep_in_memory(first_sentence(error))

    def _read(self) -> None:
        """Open it to read."""
        with self._failures.answers(opening=True):
            try:
                db = open_to_read(self.file, self._busy_seconds)
            except CannotCopy as error:
                raise StoreUnwritable(
                    f"The local archive at {self.folder} cannot be written, and SQLite cannot read it without writing "
                    f"beside it. It would have to be copied into memory, but {error}. Copy the folder to where it can "
                    "be written, and use the copy."
                ) from error
            with ExitStack() as unless_used:
                unless_used.callback(db.close)
                harden(db)
                self._refuse_others(db, f"{DISK}.")
                add_tables(db)
                unless_used.pop_all()
        weakref.finalize(self, db.close)
        self.schema = DISK
        self._in_memory = db

    def _refuse_what_is_gone(self) -> None:
        gone = what_is_gone(self.folder, self.path)
        if gone:
            raise StoreError(gone)

    def _check(self, db: sqlite3.Connection, create: bool) -> None:
        if create:
            if not has_tables(db):
                self._refuse_what_is_gone()
            create_tables(db, self._busy_seconds)
        version = self._refuse_others(db)
        self._try_writing(db)
        if version < SCHEMA_VERSION:
            upgrade(db, self._failures)

    def _refuse_others(self, db: sqlite3.Connection, schema: str = "") -> int:
        """Let a local archive pass that is known here; returns the version of its format."""
        (version,) = db.execute(f"PRAGMA {schema}user_version").fetchone()
        (application,) = db.execute(f"PRAGMA {schema}application_id").fetchone()

        if not has_tables(db, schema):
            self._refuse_what_is_gone()
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
        why = why_strange(db, schema.removesuffix(".") or "main")
        if why:
            raise StoreDamaged(
                f"{self.path} is not opened: {why}. It is damaged, or somebody has it leave mail out, or never end. "
                "Restore it from a copy, or import the mail into a new folder."
            ) from sqlite3.DatabaseError(f"{why}; nothing else was looked at.")
        return int(version)

    def _try_writing(self, db: sqlite3.Connection) -> None:
        """A folder that cannot be written is told now, not at the first search; one that another process is
        writing to can be."""
        db.execute("PRAGMA busy_timeout = 0")
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in BUSY_CODES:
                raise
        finally:
            db.execute(f"PRAGMA busy_timeout = {self._busy_seconds * 1000:.0f}")

    def _settings(self) -> dict[str, str]:
        with self.reading() as db:
            return dict(db.execute("SELECT name, value FROM setting"))


def _close_all(idle: "queue.LifoQueue[sqlite3.Connection]") -> None:
    with suppress(queue.Empty):
        while True:
            idle.get_nowait().close()
