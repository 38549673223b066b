"""The folder of a local archive: one SQLite file in WAL mode. The only Python file with SQL.

Any number of threads and processes may use one folder at a time; a writer waits for another, up to
`BUSY_SECONDS`. Errors are `StoreError`s that name the folder and the next step.
"""

import json
import queue
import secrets
import sqlite3
import sys
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from mail_archive_server.local import keys

DATABASE = "archive.sqlite3"
APPLICATION_ID = 0x6D61696C  # "mail"
SCHEMA_VERSION = 1
BUSY_SECONDS = 5.0
"""How long a call waits for another process that is writing."""

_LONGEST_PROBE = 12
_READ_ONLY_CODES = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN)
_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class StoreError(Exception):
    """A local archive folder cannot be used; the text names it and the next step."""


class StoreBusy(StoreError):
    """Another process holds the folder's lock."""


@dataclass(frozen=True)
class ArchiveRecord:
    number: int
    archive_id: str
    name: str
    state: str
    retention: str
    retention_changed: float | None
    kms_key_arn: str | None
    tags: str
    client_token: str | None
    created: float
    updated: float
    deleted: float | None


@dataclass(frozen=True)
class SearchRecord:
    number: int
    search_id: str
    archive: int
    request: str
    submitted: float
    running: float
    completed: float
    cancelled: float | None
    found: str


class MessageRecord(NamedTuple):
    id: int
    archived_message_id: str
    api_row: str
    metadata: str


class NewMessage(NamedTuple):
    """A message to be put in: what `ingest.describe` made of it. `searchable` has six folded header values."""

    archived_message_id: str
    second: int
    has_attachments: bool
    api_row: str
    metadata: str
    searchable: tuple[str, str, str, str, str, str]
    raw: bytes


class TextCondition(NamedTuple):
    """A header holds any of these folded values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """What a search looks for; both ends of the time range belong to it."""

    archive: int
    first_second: int
    last_second: int
    include: tuple[TextCondition, ...] = ()
    unless: tuple[TextCondition, ...] = ()
    include_attachments: tuple[bool, ...] = ()
    unless_attachments: tuple[bool, ...] = ()


class Store:
    """An open local archive folder. Use it as a context manager, or call `close`."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open `folder`; with `create`, make it when it does not exist or is empty.

        Raises:
            StoreError: it is no local archive, cannot be written, or is of a newer version.
        """
        self.folder = folder
        self._path = folder / DATABASE
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        # A store that nobody closed closes its connections when it is forgotten.
        weakref.finalize(self, _close_all, self._idle)
        if not self._path.is_file():
            self._make_folder(create)
        with self._answers(), self._connection() as db:
            self._check(db, create)
        self.link_key = self._link_key()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        _close_all(self._idle)

    # Archives

    def archives(self) -> list[ArchiveRecord]:
        """All archives, oldest first."""
        with self.reading() as db:
            return self.archives_in(db)

    def archives_in(self, db: sqlite3.Connection) -> list[ArchiveRecord]:
        """All archives as a transaction sees them, oldest first."""
        return [ArchiveRecord(*row) for row in db.execute("SELECT * FROM archive ORDER BY number")]

    def archive(self, archive_id: str) -> ArchiveRecord | None:
        with self.reading() as db:
            row = db.execute("SELECT * FROM archive WHERE archive_id = ?", (archive_id,)).fetchone()
        return ArchiveRecord(*row) if row else None

    def archive_numbered(self, number: int) -> ArchiveRecord | None:
        with self.reading() as db:
            row = db.execute("SELECT * FROM archive WHERE number = ?", (number,)).fetchone()
        return ArchiveRecord(*row) if row else None

    def add_archive(self, db: sqlite3.Connection, values: dict[str, Any]) -> None:
        """Insert an archive; its number is the next one free."""
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        db.execute(f"INSERT INTO archive ({names}) VALUES ({marks})", values)

    def change_archive(self, db: sqlite3.Connection, number: int, values: dict[str, Any]) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        db.execute(f"UPDATE archive SET {changes} WHERE number = :number", {**values, "number": number})

    def remove_archive(self, db: sqlite3.Connection, number: int) -> None:
        """Remove an archive and all that belongs to it."""
        ends = (keys.first_key(number, -sys.maxsize), keys.last_key(number, sys.maxsize))
        columns = 'id, "to", "from", cc, subject, envelope_to, envelope_from'
        db.execute(
            f"INSERT INTO trigram (trigram, rowid, {columns[4:]}) "
            f"SELECT 'delete', {columns} FROM searchable WHERE id BETWEEN ? AND ?",
            ends,
        )
        for table in ("searchable", "raw", "message"):
            db.execute(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", ends)
        db.execute("DELETE FROM search WHERE archive = ?", (number,))
        db.execute("DELETE FROM archive WHERE number = ?", (number,))

    # Messages

    def add_messages(self, archive: ArchiveRecord, messages: Iterable[NewMessage]) -> int:
        """Put messages in, in one transaction; those that are there already are passed over. Returns how many
        were new."""
        with self.writing() as db:
            new = {
                message.archived_message_id: message
                for message in messages
                if not self._has_message(db, message.archived_message_id)
            }
            # The full-text index wants its rows in order; each second's free places are looked up once.
            in_order = sorted(new.values(), key=lambda message: message.second)
            free: dict[int, int] = {}
            keyed = [(self._free_key(db, archive.number, message.second, free), message) for message in in_order]
            keyed.sort(key=lambda pair: pair[0])
            db.executemany(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?)",
                ((key, m.archived_message_id, m.has_attachments, m.api_row, m.metadata) for key, m in keyed),
            )
            db.executemany("INSERT INTO raw VALUES (?, ?)", ((key, m.raw) for key, m in keyed))
            rows = [(key, *m.searchable) for key, m in keyed]
            db.executemany("INSERT INTO searchable VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            db.executemany(
                'INSERT INTO trigram (rowid, "to", "from", cc, subject, envelope_to, envelope_from) '
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        return len(new)

    def has_messages(self, archived_message_ids: Sequence[str]) -> set[str]:
        """Which of these ids are there already."""
        with self.reading() as db:
            return {each for each in archived_message_ids if self._has_message(db, each)}

    def count_messages(self, archive: ArchiveRecord) -> int:
        ends = (keys.first_key(archive.number, -sys.maxsize), keys.last_key(archive.number, sys.maxsize))
        with self.reading() as db:
            (count,) = db.execute("SELECT count(*) FROM message WHERE id BETWEEN ? AND ?", ends).fetchone()
        return int(count)

    def message(self, archived_message_id: str) -> MessageRecord | None:
        with self.reading() as db:
            row = db.execute(
                "SELECT id, archived_message_id, api_row, metadata FROM message WHERE archived_message_id = ?",
                (archived_message_id,),
            ).fetchone()
        return MessageRecord(*row) if row else None

    def raw_message(self, key: int) -> bytes | None:
        """The bytes of the message with that key."""
        with self.reading() as db:
            row = db.execute("SELECT bytes FROM raw WHERE id = ?", (key,)).fetchone()
        return bytes(row[0]) if row else None

    def rows(self, ids: Sequence[int]) -> list[str]:
        """The JSON rows of these messages, in the order asked for; those that are gone are left out."""
        with self.reading() as db:
            found = dict(
                db.execute(
                    "SELECT id, api_row FROM message WHERE id IN (SELECT value FROM json_each(?))",
                    (json.dumps(list(ids)),),
                )
            )
        return [found[each] for each in ids if each in found]

    def find(self, query: Query, limit: int) -> list[int]:
        """The keys of the newest `limit` messages that match."""
        sql, values = _select(query)
        with self.reading() as db:
            return [key for (key,) in db.execute(sql, [*values, limit])]

    # Searches

    def add_search(self, db: sqlite3.Connection, values: dict[str, Any]) -> None:
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        db.execute(f"INSERT INTO search ({names}) VALUES ({marks})", values)

    def search(self, search_id: str) -> SearchRecord | None:
        with self.reading() as db:
            row = db.execute("SELECT * FROM search WHERE search_id = ?", (search_id,)).fetchone()
        return SearchRecord(*row) if row else None

    def searches(self, archive: int, before: int | None, limit: int) -> list[SearchRecord]:
        """An archive's searches, newest first, from the one before number `before` on."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT * FROM search WHERE archive = ? AND number < ? ORDER BY number DESC LIMIT ?",
                (archive, sys.maxsize if before is None else before, limit),
            )
            return [SearchRecord(*row) for row in rows]

    def unfinished_searches(self, db: sqlite3.Connection, now: float) -> list[SearchRecord]:
        rows = db.execute("SELECT * FROM search WHERE completed > ? AND cancelled IS NULL", (now,))
        return [SearchRecord(*row) for row in rows]

    def cancel_search(self, db: sqlite3.Connection, search_id: str, now: float) -> None:
        db.execute("UPDATE search SET cancelled = ? WHERE search_id = ?", (now, search_id))

    # Connections

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
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = self._connect()
        try:
            yield db
        finally:
            self._idle.put(db)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64,
        )
        try:
            for setting in ("synchronous = NORMAL", "cache_size = -64000", "wal_autocheckpoint = 8000"):
                db.execute(f"PRAGMA {setting}")
        except sqlite3.Error:
            db.close()
            raise
        return db

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """SQLite's errors as sentences."""
        try:
            yield
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code in _BUSY_CODES:
                raise StoreBusy(
                    f"The local archive at {self.folder} is locked by another process. "
                    "Wait until it has finished, or stop it, and try again."
                ) from error
            if code in _READ_ONLY_CODES:
                raise StoreError(
                    f"The local archive at {self.folder} cannot be written. "
                    "Searches are kept in it: give this user write access to the folder."
                ) from error
            if code == sqlite3.SQLITE_FULL:
                raise StoreError(
                    f"The disk of the local archive at {self.folder} is full. Free some room and try again; "
                    "nothing that was in it is lost."
                ) from error
            raise
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise StoreError(
                    f"{self._path} is not a database of a local archive, or is damaged. "
                    "Name another folder, or restore this one from a copy."
                ) from error
            raise

    # Opening

    def _make_folder(self, create: bool) -> None:
        if not create:
            reason = "is not a local archive" if self.folder.exists() else "does not exist"
            raise StoreError(f"{self.folder} {reason}. `mail-archive-mcp import {self.folder} MAIL` makes one.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Files of the database itself: another process is making the archive at this moment.
            if any(not entry.name.startswith(DATABASE) for entry in self.folder.iterdir()):
                raise StoreError(f"{self.folder} is not empty and not a local archive. Name a new folder.")
        except (NotADirectoryError, FileExistsError):
            raise StoreError(f"{self.folder} is a file, not a folder. Name a new folder.") from None
        except PermissionError:
            raise StoreError(f"{self.folder} cannot be made or read by this user. Name another folder.") from None

    def _check(self, db: sqlite3.Connection, create: bool) -> None:
        if create:
            self._create_tables(db)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (application,) = db.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            raise StoreError(f"{self.folder} is not a local archive: {DATABASE} there belongs to something else.")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"The local archive at {self.folder} was made by a newer mail-archive-mcp (version {version} of the "
                f"format, this one knows {SCHEMA_VERSION}). Upgrade with `pip install -U mail-archive-mcp`."
            )
        self._try_writing(db)

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
            db.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")

    def _create_tables(self, db: sqlite3.Connection) -> None:
        """Make an empty database a local archive; one that has tables stays as it is."""
        if self._has_tables(db):
            return
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")
        if self._has_tables(db):  # another process came first
            db.execute("ROLLBACK")
            return
        schema = resources.files("mail_archive_server.local").joinpath("schema.sql").read_text("utf-8")
        for statement in _statements(schema):
            db.execute(statement)
        db.execute("INSERT INTO setting VALUES ('link_key', ?)", (secrets.token_hex(32),))
        db.execute("INSERT INTO trigram (trigram, rank) VALUES ('hashsize', 33554432)")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")

    def _has_tables(self, db: sqlite3.Connection) -> bool:
        return db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None

    def _link_key(self) -> bytes:
        with self.reading() as db:
            (value,) = db.execute("SELECT value FROM setting WHERE name = 'link_key'").fetchone()
        return bytes.fromhex(value)

    # Helpers of messages

    def _has_message(self, db: sqlite3.Connection, archived_message_id: str) -> bool:
        sql = "SELECT 1 FROM message WHERE archived_message_id = ?"
        return db.execute(sql, (archived_message_id,)).fetchone() is not None

    def _free_key(self, db: sqlite3.Connection, archive: int, second: int, free: dict[int, int]) -> int:
        """The next free key of that second; a second that is full passes its messages on to the next one."""
        while True:
            if second not in free:
                first, last = keys.first_key(archive, second), keys.last_key(archive, second)
                sql = "SELECT max(id) FROM message WHERE id BETWEEN ? AND ?"
                (highest,) = db.execute(sql, (first, last)).fetchone()
                free[second] = first if highest is None else highest + 1
            if free[second] <= keys.last_key(archive, second):
                free[second] += 1
                return free[second] - 1
            second += 1


def _close_all(idle: "queue.LifoQueue[sqlite3.Connection]") -> None:
    with suppress(queue.Empty):
        while True:
            idle.get_nowait().close()


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; a transaction can run them one by one, `executescript` would commit it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _select(query: Query) -> tuple[str, list[Any]]:
    """The SQL of a search. The trigram index proposes candidates, `searchable` decides."""
    wheres: list[str] = []
    values: list[Any] = []
    match = " AND ".join(filter(None, map(_trigram_match, query.include)))
    tables = "searchable s"
    if match:
        tables = "trigram t CROSS JOIN searchable s ON s.id = t.rowid"
        wheres.append("trigram MATCH ?")
        values.append(match)
    key = "t.rowid" if match else "s.id"
    wheres.append(f"{key} BETWEEN ? AND ?")
    values.append(keys.first_key(query.archive, query.first_second))
    values.append(keys.last_key(query.archive, query.last_second))
    for negation, conditions in (("", query.include), ("NOT ", query.unless)):
        for condition in conditions:
            holds = " OR ".join([f'instr(s."{condition.column}", ?) > 0'] * len(condition.values))
            wheres.append(f"{negation}({holds})")
            values.extend(condition.values)
    for negation, flags in (("", query.include_attachments), ("NOT ", query.unless_attachments)):
        for flag in flags:
            wheres.append(f"{negation}(SELECT has_attachments = ? FROM message m WHERE m.id = s.id)")
            values.append(flag)
    return f"SELECT {key} FROM {tables} WHERE {' AND '.join(wheres)} ORDER BY {key} DESC LIMIT ?", values


def _trigram_match(condition: TextCondition) -> str:
    """An FTS5 expression that every match of the condition fulfils; empty where a value has no three letters."""
    if any(len(value) < 3 for value in condition.values):
        return ""
    return "(" + " OR ".join(f"({_probe(condition.column, value)})" for value in condition.values) + ")"


def _probe(column: str, value: str) -> str:
    """A few trigrams of the value, spread over it: enough to be rare, few enough to be quick."""
    last = len(value) - 3
    count = min(last + 1, _LONGEST_PROBE)
    starts = sorted({round(index * last / max(count - 1, 1)) for index in range(count)})
    quoted = (value[start : start + 3].replace('"', '""') for start in starts)
    return " AND ".join(f'"{column}" : "{trigram}"' for trigram in quoted)
