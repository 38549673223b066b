"""What a local archive holds: archives, messages, searches. SQL is in this room, and nowhere else."""

import json
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from mail_archive_local.storage import row_keys as keys
from mail_archive_local.storage.failures import MessageDamaged, StoreFull, first_sentence
from mail_archive_local.storage.integrity.hashes import forget_archive, hash_row
from mail_archive_local.storage.putting import ArchiveRecord, Putting
from mail_archive_local.storage.statements import Query, select

_T = TypeVar("_T")

_OF_MESSAGE = "id, archived_message_id, api_row, metadata"
"""The columns of a MessageRecord."""

# A damaged text may be none: bytes are read whatever type the column says.
_RAW = """
SELECT CAST(r.bytes AS BLOB), m.archived_message_id, a.archive_id, CAST(g.sha256 AS BLOB)
FROM raw r
JOIN message m ON m.id = r.id
JOIN archive a ON a.number = ?
LEFT JOIN given_id g ON g.id = r.id
WHERE r.id = ?
"""


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


class Store(Putting):
    """An open local archive folder. Use it as a context manager, or call `close`."""

    # Archives

    def archives(self) -> list[ArchiveRecord]:
        """All archives, oldest first."""
        with self.reading() as db:
            return self.archives_in(db)

    def archives_in(self, db: sqlite3.Connection) -> list[ArchiveRecord]:
        """All archives as a transaction sees them, oldest first."""
        rows = db.execute("SELECT * FROM archive ORDER BY number")
        return [ArchiveRecord(*row) for row in rows]

    def archive(self, archive_id: str) -> ArchiveRecord | None:
        sql = "SELECT * FROM archive WHERE archive_id = ?"
        with self.reading() as db:
            row = db.execute(sql, (archive_id,)).fetchone()
        return _record_of(ArchiveRecord, row)

    def archive_numbered(self, number: int) -> ArchiveRecord | None:
        sql = "SELECT * FROM archive WHERE number = ?"
        with self.reading() as db:
            row = db.execute(sql, (number,)).fetchone()
        return _record_of(ArchiveRecord, row)

    def archive_in(self, db: sqlite3.Connection, number: int) -> ArchiveRecord:
        """An archive as a transaction sees it."""
        return next(archive for archive in self.archives_in(db) if archive.number == number)

    def add_archive(self, db: sqlite3.Connection, values: dict[str, Any]) -> None:
        """Insert an archive; its number is the next one free."""
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        number = db.execute(f"INSERT INTO archive ({names}) VALUES ({marks})", values).lastrowid
        assert number is not None
        hash_row(db, "archive", number)

    def change_archive(self, db: sqlite3.Connection, number: int, values: dict[str, Any]) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        db.execute(f"UPDATE archive SET {changes} WHERE number = :number", {**values, "number": number})
        hash_row(db, "archive", number)

    def remove_archive(self, db: sqlite3.Connection, number: int) -> None:
        """Remove an archive and all that belongs to it."""
        first, last = _ends_of(number)
        self._remove_keys(db, first, last)
        # Hashes are found by what they are of, so they go before it.
        forget_archive(db, number)

        exports = "SELECT number FROM export WHERE archive = ?"
        db.execute(f"DELETE FROM export_message WHERE export IN ({exports})", (number,))
        for table in ("search", "export", "imported_object"):
            db.execute(f"DELETE FROM {table} WHERE archive = ?", (number,))
        db.execute("DELETE FROM archive WHERE number = ?", (number,))

    # Messages

    def archives_of_messages(self, archived_message_ids: Sequence[str]) -> dict[str, int]:
        """Those of these ids that are there already, and the number of the archive that each is in."""
        these = "SELECT value FROM json_each(?)"
        sql = f"SELECT archived_message_id, id FROM message WHERE archived_message_id IN ({these})"
        with self.reading() as db:
            found = db.execute(sql, (json.dumps(list(archived_message_ids)),))
            return {message_id: keys.archive_of(key) for message_id, key in found}

    def has_read(self, archive: ArchiveRecord, origin: str, version: str) -> bool:
        """Whether an object of an export was read into that archive, as it is."""
        sql = "SELECT 1 FROM imported_object WHERE archive = ? AND origin = ? AND version = ?"
        with self.reading() as db:
            return db.execute(sql, (archive.number, origin, version)).fetchone() is not None

    def count_after_reading(self, archive: ArchiveRecord) -> int:
        """How many messages an archive had when an export was last read into it."""
        sql = "SELECT version FROM imported_object WHERE archive = ? AND origin = ''"
        with self.reading() as db:
            row = db.execute(sql, (archive.number,)).fetchone()
        if row is None:
            return 0
        return int(row[0])

    def note_count_after_reading(self, archive: ArchiveRecord) -> None:
        # No object has an empty origin.
        self.note_read(archive, [("", str(self.count_messages(archive)))])

    def note_read(self, archive: ArchiveRecord, objects: Sequence[tuple[str, str]]) -> None:
        """Note that these objects, by origin and version, have been read."""
        if not objects:
            return
        rows = ((archive.number, origin, version) for origin, version in objects)
        with self.writing() as db:
            db.executemany("INSERT OR REPLACE INTO imported_object VALUES (?, ?, ?)", rows)

    def count_messages(self, archive: ArchiveRecord) -> int:
        sql = "SELECT count(*) FROM message WHERE id BETWEEN ? AND ?"
        with self.reading() as db:
            (count,) = db.execute(sql, _ends_of(archive.number)).fetchone()
        return int(count)

    def oldest_second(self, archive: ArchiveRecord) -> int | None:
        """When its oldest message was received, in seconds since 1970; None without messages."""
        # Keys sort by time.
        sql = "SELECT min(id) FROM message WHERE id BETWEEN ? AND ?"
        with self.reading() as db:
            (oldest,) = db.execute(sql, _ends_of(archive.number)).fetchone()
        if oldest is None:
            return None
        return keys.second_of(oldest)

    def message(self, archived_message_id: str) -> MessageRecord | None:
        sql = f"SELECT {_OF_MESSAGE} FROM message WHERE archived_message_id = ?"
        with self.reading() as db:
            row = db.execute(sql, (archived_message_id,)).fetchone()
        return _record_of(MessageRecord, row)

    def message_with_key(self, key: int) -> MessageRecord | None:
        sql = f"SELECT {_OF_MESSAGE} FROM message WHERE id = ?"
        with self.reading() as db:
            row = db.execute(sql, (key,)).fetchone()
        return _record_of(MessageRecord, row)

    def raw_message(self, key: int) -> bytes | None:
        """The bytes of the message with that key.

        Raises:
            MessageDamaged: they are not those that were put in.
        """
        with self.reading() as db:
            row = db.execute(_RAW, (keys.archive_of(key), key)).fetchone()
        if row is None:
            return None

        raw, archived_message_id, archive_id, given_sha256 = row
        if not keys.are_as_put_in(raw, archived_message_id, archive_id, given_sha256):
            raise MessageDamaged(
                f"Message {archived_message_id} of the local archive at {self.folder} is not what was put in: its "
                f"SHA-256 is another. `mail-archive-mcp verify {self.folder}` says all that is damaged; the next "
                "import of the mail that it was made of puts it in anew."
            )
        return bytes(raw)

    def rows(self, ids: Sequence[int]) -> list[str]:
        """The JSON rows of these messages, in the order asked for; those that are gone are left out."""
        these = "SELECT value FROM json_each(?)"
        sql = f"SELECT id, api_row, json_valid(api_row) FROM message WHERE id IN ({these})"
        with self.reading() as db:
            rows = db.execute(sql, (json.dumps(list(ids)),)).fetchall()

        # They are sent as they stand: what is no JSON would break the whole answer.
        if not all(is_valid for _, _, is_valid in rows):
            raise self.damaged()

        found = {key: row for key, row, _ in rows}
        return [found[each] for each in ids if each in found]

    def find(self, query: Query, limit: int) -> list[int]:
        """The keys of the newest `limit` messages that match."""
        sql, values = select(query)
        with self.reading() as db:
            return [key for (key,) in db.execute(sql, [*values, limit])]

    # Searches

    def add_search(self, db: sqlite3.Connection, values: dict[str, Any]) -> None:
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        number = db.execute(f"INSERT INTO search ({names}) VALUES ({marks})", values).lastrowid
        assert number is not None
        hash_row(db, "search", number)

    def change_searches(self, change: Callable[[sqlite3.Connection], _T]) -> _T:
        """Make a change to the searches in one transaction. On a full disk they are kept in memory from then on."""
        try:
            with self.writing() as db:
                return change(db)
        except StoreFull as error:
            if not self.can_be_written:
                raise
            self.keep_in_memory(first_sentence(error))

        with self.writing() as db:
            return change(db)

    def search(self, search_id: str) -> SearchRecord | None:
        sql = "SELECT * FROM search WHERE search_id = ?"
        with self.reading() as db:
            row = db.execute(sql, (search_id,)).fetchone()
        return _record_of(SearchRecord, row)

    def searches(self, archive: int, before: int | None, limit: int) -> list[SearchRecord]:
        """An archive's searches, newest first, from the one before number `before` on."""
        if before is None:
            before = sys.maxsize
        sql = "SELECT * FROM search WHERE archive = ? AND number < ? ORDER BY number DESC LIMIT ?"
        with self.reading() as db:
            rows = db.execute(sql, (archive, before, limit))
            return [SearchRecord(*row) for row in rows]

    def unfinished_searches(self, db: sqlite3.Connection, now: float) -> list[SearchRecord]:
        rows = db.execute("SELECT * FROM search WHERE completed > ? AND cancelled IS NULL", (now,))
        return [SearchRecord(*row) for row in rows]

    def cancel_search(self, db: sqlite3.Connection, search_id: str, now: float) -> None:
        db.execute("UPDATE search SET cancelled = ? WHERE search_id = ?", (now, search_id))
        numbers = db.execute("SELECT number FROM search WHERE search_id = ?", (search_id,))
        for (number,) in numbers.fetchall():
            hash_row(db, "search", number)


def _ends_of(archive: int) -> tuple[int, int]:
    """The lowest and the highest key of an archive."""
    return keys.first_key(archive, -sys.maxsize), keys.last_key(archive, sys.maxsize)


def _record_of(kind: Callable[..., _T], row: tuple[Any, ...] | None) -> _T | None:
    """The record that a row is; None where there is none."""
    if row is None:
        return None
    return kind(*row)
