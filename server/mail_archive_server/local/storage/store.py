"""What a local archive holds: archives, messages, searches. SQL is in this room, and nowhere else."""

import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from mail_archive_server.local.storage import keys
from mail_archive_server.local.storage.database import UNHASHED, Database, MessageDamaged, StoreFull, first_sentence
from mail_archive_server.local.storage.hashes import Kept, forget_archive, hash_row, hash_settings, message_hash
from mail_archive_server.local.storage.query import Query, select

_T = TypeVar("_T")

_OF_MESSAGE = ("searchable", "raw", "message", "given_id", "message_hash")
"""The tables that have a row for a message."""
_HASHED_AT_A_TIME = 500


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
    """A message to be put in: what `importing.record` made of it. `searchable` has six folded header values."""

    archived_message_id: str
    second: int
    has_attachments: bool
    api_row: str
    metadata: str
    searchable: tuple[str, str, str, str, str, str]
    raw: bytes
    given_id: bool = False
    """Whether the id is another archive's, and says nothing of the bytes."""
    instead_of: str = ""
    """The id of the message that it is put in for, where more is known of it now."""


class Unhashed(NamedTuple):
    """A message without a hash, and the SHA-256 of its bytes where its id is not made of them."""

    kept: Kept
    sha256: bytes | None


class Store(Database):
    """An open local archive folder. Use it as a context manager, or call `close`."""

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

    def archive_in(self, db: sqlite3.Connection, number: int) -> ArchiveRecord:
        """An archive as a transaction sees it."""
        return next(archive for archive in self.archives_in(db) if archive.number == number)

    def add_archive(self, db: sqlite3.Connection, values: dict[str, Any]) -> None:
        """Insert an archive; its number is the next one free."""
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        number = db.execute(f"INSERT INTO archive ({names}) VALUES ({marks})", values).lastrowid
        hash_row(db, "archive", number or 0)

    def change_archive(self, db: sqlite3.Connection, number: int, values: dict[str, Any]) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        db.execute(f"UPDATE archive SET {changes} WHERE number = :number", {**values, "number": number})
        hash_row(db, "archive", number)

    def remove_archive(self, db: sqlite3.Connection, number: int) -> None:
        """Remove an archive and all that belongs to it."""
        self._remove_keys(db, keys.first_key(number, -sys.maxsize), keys.last_key(number, sys.maxsize))
        forget_archive(db, number)
        db.execute(
            "DELETE FROM export_message WHERE export IN (SELECT number FROM export WHERE archive = ?)", (number,)
        )
        for table in ("search", "export", "imported_object"):
            db.execute(f"DELETE FROM {table} WHERE archive = ?", (number,))
        db.execute("DELETE FROM archive WHERE number = ?", (number,))

    # Messages

    def add_messages(self, archive: ArchiveRecord, messages: Iterable[NewMessage]) -> int:
        """Put messages in, in one transaction; those that are there already are passed over, but damaged ones are put
        in anew. Returns how many were new."""
        with self.writing() as db:
            damaged = self._damage(db)[0]
            new = {
                message.archived_message_id: message
                for message in messages
                if message.instead_of
                or message.archived_message_id in damaged
                or not self._has_message(db, message.archived_message_id)
            }
            for message in new.values():
                self._remove(db, message.instead_of)
            if again := damaged & new.keys():
                self._remove_damaged(db, again)
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
            given = ((key, hashlib.sha256(m.raw).digest()) for key, m in keyed if m.given_id)
            db.executemany("INSERT INTO given_id VALUES (?, ?)", given)
            hashes = ((key, _hash_of(archive.archive_id, key, m)) for key, m in keyed)
            db.executemany("INSERT INTO message_hash VALUES (?, ?, NULL)", hashes)
            rows = [(key, *m.searchable) for key, m in keyed]
            db.executemany("INSERT INTO searchable VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            db.executemany(
                'INSERT INTO trigram (rowid, "to", "from", cc, subject, envelope_to, envelope_from) '
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

        return len(new)

    def delete_before(self, archive: ArchiveRecord, second: int) -> int:
        """Delete the messages that were received before that second, so that their bytes are on the disk no more;
        returns how many were deleted: none of a folder that cannot be written."""
        first, last = keys.first_key(archive.number, -sys.maxsize), keys.first_key(archive.number, second) - 1
        sql = "SELECT count(*) FROM message WHERE id BETWEEN ? AND ?"
        with self.reading() as db:
            (count,) = db.execute(sql, (first, last)).fetchone()
        if not count or not self.can_be_written:
            return 0

        with self.writing() as db:
            self._remove_keys(db, first, last)
        with self.reading() as db:
            # What was deleted stands in the log, too, until that is written anew.
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(count)

    def damaged_messages(self) -> set[str]:
        """The ids of messages that were found damaged and have not been put in anew."""
        with self.reading() as db:
            return self._damage(db)[0]

    def note_damage(self, archived_message_ids: Iterable[str], *, index_is_whole: bool) -> None:
        """Keep what a check found, for the next import."""
        with self.writing() as db:
            self._write_damage(db, set(archived_message_ids), index_is_whole=index_is_whole)

    def has_noted(self, archived_message_ids: Iterable[str], *, index_is_whole: bool) -> bool:
        """Whether this is what the last check found."""
        with self.reading() as db:
            return self._damage(db) == (set(archived_message_ids), index_is_whole)

    def hash_the_rest(self, is_whole: Callable[["Unhashed"], bool]) -> int:
        """Make the hashes of messages that a version before put in without; returns how many there were. One that is
        not whole is noted as damaged instead, so that an import of the same mail puts it in anew."""
        with self.reading() as db:
            if db.execute("SELECT 1 FROM setting WHERE name = ?", (UNHASHED,)).fetchone() is None:
                return 0

        count, last = 0, -1
        while batch := self._unhashed_after(last):
            last = batch[-1].kept.key
            with self.writing() as db:
                good = [each for each in batch if is_whole(each)]
                hashes = ((each.kept.key, message_hash(each.kept), time.time()) for each in good)
                db.executemany("INSERT OR IGNORE INTO message_hash VALUES (?, ?, ?)", hashes)
                if len(good) < len(batch):
                    damaged, index_is_whole = self._damage(db)
                    damaged |= {str(each.kept.archived_message_id) for each in batch if each not in good}
                    self._write_damage(db, damaged, index_is_whole=index_is_whole)
            count += len(good)
        with self.writing() as db:
            db.execute("DELETE FROM setting WHERE name = ?", (UNHASHED,))
            hash_settings(db)
        return count

    def _unhashed_after(self, key: int) -> list["Unhashed"]:
        """The next messages without a hash, by their keys."""
        sql = (
            "SELECT m.id, m.archived_message_id, m.has_attachments, m.api_row, m.metadata, "
            's."to", s."from", s.cc, s.subject, s.envelope_to, s.envelope_from, CAST(r.bytes AS BLOB), g.sha256 '
            "FROM message m JOIN searchable s ON s.id = m.id JOIN raw r ON r.id = m.id "
            "LEFT JOIN given_id g ON g.id = m.id "
            "WHERE m.id > ? AND m.id NOT IN (SELECT id FROM message_hash) ORDER BY m.id LIMIT ?"
        )
        with self.reading() as db:
            archive_ids = {each.number: each.archive_id for each in self.archives_in(db)}
            rows = db.execute(sql, (key, _HASHED_AT_A_TIME)).fetchall()
        return [_unhashed(archive_ids, row) for row in rows]

    def mend_index(self) -> bool:
        """Make the index anew where it was found not to be that of the messages; whether it was."""
        with self.writing() as db:
            damaged, index_is_whole = self._damage(db)
            if index_is_whole:
                return False
            db.execute("INSERT INTO trigram (trigram) VALUES ('rebuild')")
            self._write_damage(db, damaged, index_is_whole=True)
        return True

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
        return 0 if row is None else int(row[0])

    def note_count_after_reading(self, archive: ArchiveRecord) -> None:
        # No object has an empty origin.
        self.note_read(archive, [("", str(self.count_messages(archive)))])

    def note_read(self, archive: ArchiveRecord, objects: Sequence[tuple[str, str]]) -> None:
        """Note that these objects, by origin and version, have been read."""
        if not objects:
            return
        with self.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO imported_object VALUES (?, ?, ?)",
                ((archive.number, origin, version) for origin, version in objects),
            )

    def count_messages(self, archive: ArchiveRecord) -> int:
        ends = (keys.first_key(archive.number, -sys.maxsize), keys.last_key(archive.number, sys.maxsize))
        with self.reading() as db:
            (count,) = db.execute("SELECT count(*) FROM message WHERE id BETWEEN ? AND ?", ends).fetchone()
        return int(count)

    def oldest_second(self, archive: ArchiveRecord) -> int | None:
        """When its oldest message was received, in seconds since 1970; None without messages."""
        ends = (keys.first_key(archive.number, -sys.maxsize), keys.last_key(archive.number, sys.maxsize))
        with self.reading() as db:
            (oldest,) = db.execute("SELECT min(id) FROM message WHERE id BETWEEN ? AND ?", ends).fetchone()
        return None if oldest is None else keys.second_of(oldest)

    def message(self, archived_message_id: str) -> MessageRecord | None:
        with self.reading() as db:
            row = db.execute(
                "SELECT id, archived_message_id, api_row, metadata FROM message WHERE archived_message_id = ?",
                (archived_message_id,),
            ).fetchone()
        return MessageRecord(*row) if row else None

    def message_with_key(self, key: int) -> MessageRecord | None:
        with self.reading() as db:
            row = db.execute(
                "SELECT id, archived_message_id, api_row, metadata FROM message WHERE id = ?", (key,)
            ).fetchone()
        return MessageRecord(*row) if row else None

    def raw_message(self, key: int) -> bytes | None:
        """The bytes of the message with that key.

        Raises:
            MessageDamaged: they are not those that were put in.
        """
        with self.reading() as db:
            row = db.execute(
                "SELECT CAST(r.bytes AS BLOB), m.archived_message_id, a.archive_id, CAST(g.sha256 AS BLOB) "
                "FROM raw r JOIN message m ON m.id = r.id JOIN archive a ON a.number = ? "
                "LEFT JOIN given_id g ON g.id = r.id WHERE r.id = ?",
                (keys.archive_of(key), key),
            ).fetchone()
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
        with self.reading() as db:
            rows = db.execute(
                "SELECT id, api_row, json_valid(api_row) FROM message WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ids)),),
            ).fetchall()

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
        hash_row(db, "search", number or 0)

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
        for (number,) in db.execute("SELECT number FROM search WHERE search_id = ?", (search_id,)).fetchall():
            hash_row(db, "search", number)

    # Helpers of messages

    def _remove(self, db: sqlite3.Connection, archived_message_id: str) -> None:
        """Remove a message, where there is one of that id."""
        row = db.execute("SELECT id FROM message WHERE archived_message_id = ?", (archived_message_id,)).fetchone()
        if row is not None:
            self._remove_keys(db, row[0], row[0])

    def _remove_keys(self, db: sqlite3.Connection, first: int, last: int) -> None:
        """Remove the messages with these keys and those between them."""
        columns = 'id, "to", "from", cc, subject, envelope_to, envelope_from'
        db.execute(
            f"INSERT INTO trigram (trigram, rowid, {columns[4:]}) "
            f"SELECT 'delete', {columns} FROM searchable WHERE id BETWEEN ? AND ?",
            (first, last),
        )
        for table in _OF_MESSAGE:
            db.execute(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", (first, last))

    def _damage(self, db: sqlite3.Connection) -> tuple[set[str], bool]:
        """The ids of damaged messages, and whether the index is whole."""
        row = db.execute("SELECT value FROM setting WHERE name = 'damage'").fetchone()
        if row is None:
            return set(), True
        damage = json.loads(row[0])
        return set(damage["messages"]), bool(damage["index_is_whole"])

    def _write_damage(self, db: sqlite3.Connection, damaged: set[str], *, index_is_whole: bool) -> None:
        value = json.dumps({"messages": sorted(damaged), "index_is_whole": index_is_whole})
        db.execute("INSERT OR REPLACE INTO setting VALUES ('damage', ?)", (value,))
        hash_settings(db)

    def _remove_damaged(self, db: sqlite3.Connection, archived_message_ids: set[str]) -> None:
        """Make room for what is put in anew. What the index says of it is no longer known, so it is made anew later."""
        for each in archived_message_ids:
            row = db.execute("SELECT id FROM message WHERE archived_message_id = ?", (each,)).fetchone()
            for table in _OF_MESSAGE if row else ():
                db.execute(f"DELETE FROM {table} WHERE id = ?", row)
        self._write_damage(db, self._damage(db)[0] - archived_message_ids, index_is_whole=False)

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


def _unhashed(archive_ids: dict[int, str], row: tuple[Any, ...]) -> Unhashed:
    key, message_id, has_attachments, api_row, metadata, *searchable, raw, sha256 = row
    archive_id = archive_ids.get(keys.archive_of(key), "")
    kept = Kept(archive_id, key, message_id, has_attachments, api_row, metadata, searchable, raw)
    return Unhashed(kept, sha256)


def _hash_of(archive_id: str, key: int, message: NewMessage) -> bytes:
    return message_hash(
        Kept(
            archive_id,
            key,
            message.archived_message_id,
            message.has_attachments,
            message.api_row,
            message.metadata,
            message.searchable,
            message.raw,
        )
    )
