"""Putting messages into a local archive, and taking them out: with their hashes, their index, and what is damaged."""

import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from mail_archive_local.storage import row_keys as keys
from mail_archive_local.storage.database import Database
from mail_archive_local.storage.integrity.hashes import Kept, hash_settings, message_hash
from mail_archive_local.storage.opening import UNHASHED

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


class Putting(Database):
    """What changes the messages of an open folder."""

    def add_messages(self, archive: ArchiveRecord, messages: Iterable[NewMessage]) -> int:
        """Put messages in, in one transaction; those that are there already are passed over, but damaged ones are put
        in anew. Returns how many were new."""
        with self.writing() as db:
            damaged, _ = self._damage(db)
            new = {}
            for message in messages:
                message_id = message.archived_message_id
                is_wanted = bool(message.instead_of) or message_id in damaged
                if is_wanted or not self._has_message(db, message_id):
                    new[message_id] = message

            for message in new.values():
                self._remove(db, message.instead_of)
            again = damaged & new.keys()
            if again:
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
            # An id that was given says nothing of the bytes, so their SHA-256 is noted beside it.
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
        first = keys.first_key(archive.number, -sys.maxsize)
        last = keys.first_key(archive.number, second) - 1
        sql = "SELECT count(*) FROM message WHERE id BETWEEN ? AND ?"
        with self.reading() as db:
            (count,) = db.execute(sql, (first, last)).fetchone()
        # Asked for first: most of the time there is nothing, and nobody who writes is waited for.
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
        batch = self._unhashed_after(last)
        while batch:
            last = batch[-1].kept.key
            count += self._hash(batch, is_whole)
            batch = self._unhashed_after(last)

        with self.writing() as db:
            db.execute("DELETE FROM setting WHERE name = ?", (UNHASHED,))
            hash_settings(db)
        return count

    def _hash(self, batch: list["Unhashed"], is_whole: Callable[["Unhashed"], bool]) -> int:
        """Note the hashes of those that are whole, and the others as damaged; returns how many are whole."""
        with self.writing() as db:
            good = [each for each in batch if is_whole(each)]
            hashes = ((each.kept.key, message_hash(each.kept), time.time()) for each in good)
            db.executemany("INSERT OR IGNORE INTO message_hash VALUES (?, ?, ?)", hashes)
            if len(good) < len(batch):
                damaged, index_is_whole = self._damage(db)
                damaged |= {str(each.kept.archived_message_id) for each in batch if each not in good}
                self._write_damage(db, damaged, index_is_whole=index_is_whole)
        return len(good)

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
            archive_ids = dict(db.execute("SELECT number, archive_id FROM archive").fetchall())
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

    def _remove(self, db: sqlite3.Connection, archived_message_id: str) -> None:
        """Remove a message, where there is one of that id."""
        sql = "SELECT id FROM message WHERE archived_message_id = ?"
        row = db.execute(sql, (archived_message_id,)).fetchone()
        if row is not None:
            (key,) = row
            self._remove_keys(db, key, key)

    def _remove_keys(self, db: sqlite3.Connection, first: int, last: int) -> None:
        """Remove the messages with these keys and those between them."""
        columns = 'id, "to", "from", cc, subject, envelope_to, envelope_from'
        # An index without contents of its own has to be told what it had
        # (https://www.sqlite.org/fts5.html#the_delete_command).
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
        sql = "SELECT id FROM message WHERE archived_message_id = ?"
        for each in archived_message_ids:
            row = db.execute(sql, (each,)).fetchone()
            if row is None:
                continue
            for table in _OF_MESSAGE:
                db.execute(f"DELETE FROM {table} WHERE id = ?", row)

        damaged, _ = self._damage(db)
        self._write_damage(db, damaged - archived_message_ids, index_is_whole=False)

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
                free[second] = first
                if highest is not None:
                    free[second] = highest + 1

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
