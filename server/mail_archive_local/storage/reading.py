"""A folder that is read and not written: it cannot be, or is only looked at.

The connection's own database is in memory, with the tables that serving writes to; the folder's is attached to it as
`disk`. SQLite finds a table in memory first, so that the rest of the archive need not know.

How the folder's database is opened:
- On read-only media without a write-ahead log nobody can change it, which is what SQLite's `immutable` asks for.
- Elsewhere its owner may be writing. It is opened as usual, beside them.
- SQLite needs a file of its own beside a database with a log. Where that cannot be made (read-only media, a folder of
  another user, a full disk), the database is copied into memory, with what its log has.
"""

import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import resources
from pathlib import Path

from mail_archive_local.storage.beside import DatabaseFile
from mail_archive_local.storage.log import has_log, log_of, read_log
from mail_archive_tools import system

DISK = "disk"
"""What the folder's database is called on such a connection."""
COPIED_BYTES = 1_000_000_000
"""The largest database that is copied into memory, with its log."""
SEARCHES_SHOWN = 1_000
"""Searches in the folder that can still be asked for: so many as are listed."""

SCRIPTS = ("schema.sql", "exports.sql", "hashes.sql")
"""The tables of each version."""

_WRITTEN_TO = {"search", "search_by_archive", "export", "export_by_archive", "export_message", "row_hash"}
_MADE = re.compile(r"CREATE (?:UNIQUE )?(TABLE|INDEX|VIRTUAL TABLE) (\w+)")
_WAL, _NO_WAL = b"\x02\x02", b"\x01\x01"
_JOURNAL_BYTES = slice(18, 20)
"""Where a database says that it has a write-ahead log (https://www.sqlite.org/fileformat2.html)."""
_NOT_OPENED = (
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN),
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL),
)
_TRIES = 3
_refused = threading.local()


class CannotCopy(Exception):
    """The database cannot be copied into memory; the text says why."""


def open_to_read(database: DatabaseFile, busy_seconds: float) -> sqlite3.Connection:
    """A connection that reads the folder's database, and changes nothing in the folder.

    Raises:
        CannotCopy: it would have to be copied into memory, and cannot be.
        sqlite3.Error: it cannot be read.
    """
    db = sqlite3.connect(":memory:", uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    with ExitStack() as unless_used:
        unless_used.callback(db.close)
        _attach(db, database, busy_seconds)
        db.execute("PRAGMA temp_store = MEMORY")
        # Of a copy, and of a file that could be written, SQLite would take changes.
        db.set_authorizer(_refuse_changes)
        unless_used.pop_all()
    return db


def add_tables(db: sqlite3.Connection) -> None:
    """Make the tables in memory that are written to, and those that the folder does not have, since it is older."""
    there = {name for (name,) in db.execute(f"SELECT name FROM {DISK}.sqlite_master")}
    for script in SCRIPTS:
        for statement in statements(script):
            made = _MADE.search(statement)
            if made is None:
                continue
            kind, name = made.groups()
            is_missing = kind == "TABLE" and name not in there
            if is_missing or name in _WRITTEN_TO:
                db.execute(statement)


def copy_records(db: sqlite3.Connection) -> None:
    """Take the newest searches of the folder along, and the exports that have ended: the others are its owner's to
    deliver."""
    newest = f"SELECT * FROM {DISK}.search ORDER BY number DESC LIMIT {SEARCHES_SHOWN}"
    db.execute(f"INSERT INTO main.search {newest}")
    if db.execute(f"SELECT 1 FROM {DISK}.sqlite_master WHERE name = 'export'").fetchone():
        ended = "state IN ('COMPLETED', 'FAILED', 'CANCELLED')"
        db.execute(f"INSERT INTO main.export SELECT * FROM {DISK}.export WHERE {ended}")


def is_on_read_only_media(path: Path) -> bool:
    if not system.KNOWS_MEDIA:
        return False
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def statements(script: str) -> Iterator[str]:
    """The statements of a script of this package, one by one: a transaction can run them, `executescript` would commit
    it."""
    statement = ""
    text = resources.files("mail_archive_local.storage").joinpath(script).read_text("utf-8")
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _refuse_changes(action: int, _one: str | None, _other: str | None, schema: str | None, _by: str | None) -> int:
    """Let SQLite do what does not change the folder's database."""
    is_change = action in (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)
    if not is_change or schema != DISK:
        return sqlite3.SQLITE_OK
    _refused.a_change = True
    return sqlite3.SQLITE_DENY


def was_refused() -> bool:
    """Whether what SQLite has just refused in this thread was a change. It was none where Ctrl-C came as SQLite asked:
    where the answer is an exception, Python forgets it and has SQLite refuse."""
    was = getattr(_refused, "a_change", False)
    _refused.a_change = False
    return was


def _attach(db: sqlite3.Connection, database: DatabaseFile, busy_seconds: float) -> None:
    path = database.path
    if is_on_read_only_media(path.parent):
        if has_log(path):
            _attach_copy(db, database, busy_seconds)
        else:
            _attach_file(db, path, "mode=ro&immutable=1")
        return

    # A connection that may only read leaves the log as it is; the other one clears away what opening made.
    mode = "mode=rw"
    if has_log(path):
        mode = "mode=ro"
    try:
        _attach_file(db, path, mode)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _NOT_OPENED:
            raise
        _detach(db)
        _attach_copy(db, database, busy_seconds)


def _attach_file(db: sqlite3.Connection, database: Path, how: str) -> None:
    db.execute(f"ATTACH ? AS {DISK}", (f"{database.absolute().as_uri()}?{how}",))
    db.execute(f"SELECT count(*) FROM {DISK}.sqlite_master").fetchone()


def _detach(db: sqlite3.Connection) -> None:
    if any(name == DISK for _, name, _ in db.execute("PRAGMA database_list")):
        db.execute(f"DETACH {DISK}")


def _attach_copy(db: sqlite3.Connection, database: DatabaseFile, busy_seconds: float) -> None:
    if not hasattr(db, "deserialize"):
        raise CannotCopy("this Python's SQLite cannot read a database from memory")
    try:
        image = _image(database, busy_seconds)
    except OSError as error:
        raise CannotCopy(f"it cannot be read ({error.strerror})") from error
    db.execute(f"ATTACH ':memory:' AS {DISK}")
    db.deserialize(image, name=DISK)


def _image(database: DatabaseFile, busy_seconds: float) -> bytes:
    """The bytes of the database, with what its log has, at one moment."""
    for _ in range(_TRIES):
        before = _stamps(database.path)
        # Looked at before it is read: it may not fit into memory.
        size = sum(stamp[0] for stamp in before)
        if size > COPIED_BYTES:
            raise CannotCopy(
                f"it has {size / 1e6:,.0f} MB, and {COPIED_BYTES / 1e6:,.0f} MB is the most that is copied into memory"
            )

        content = bytearray(database.read())
        log = read_log(database.path, busy_seconds)
        if _stamps(database.path) == before:
            break
        time.sleep(busy_seconds / _TRIES)
    else:
        raise CannotCopy("it is being written to")

    page_size = int.from_bytes(content[16:18], "big")
    if page_size == 1:
        # 65,536 does not fit into two bytes (https://www.sqlite.org/fileformat2.html, 1.3.2).
        page_size = 65_536
    for number, page in log.pages.items():
        # Pages are numbered from 1.
        start = (number - 1) * page_size
        end = start + page_size
        content.extend(bytes(max(end - len(content), 0)))
        content[start:end] = page
    if log.size:
        # The last transaction may have made it shorter.
        del content[log.size * page_size :]
    if content[_JOURNAL_BYTES] == _WAL:
        # In memory there is no log.
        content[_JOURNAL_BYTES] = _NO_WAL
    return bytes(content)


def _stamps(database: Path) -> list[tuple[int, int]]:
    """The size and time of the database's files."""
    found = []
    for path in (database, log_of(database)):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found.append((status.st_size, status.st_mtime_ns))
    return found
