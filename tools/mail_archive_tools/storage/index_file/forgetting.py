"""Messages out of the index, so that no word of them is left in its file or beside it."""

from __future__ import annotations

import sqlite3

from mail_archive_tools.index.stretches import Stretch, without
from mail_archive_tools.storage.index_file.keys import SECONDS, first_key, last_key
from mail_archive_tools.storage.index_file.putting import put_stretches, take_out


def forget_messages(file: sqlite3.Connection, archive: int, archived_message_ids: list[str]) -> int:
    """Take out these, in the transaction that is open."""
    return take_out(file, archive, archived_message_ids)


def forget_before(file: sqlite3.Connection, archive: int, second: int) -> int:
    """Take out what was received before a second, in the transaction that is open; of that time it holds nothing whole
    then."""
    query = "SELECT id FROM message WHERE key >= ? AND key < ?"
    found = file.execute(query, (first_key(archive, 0), first_key(archive, second))).fetchall()
    taken = take_out(file, archive, [each for (each,) in found])

    known = file.execute("SELECT first, last FROM stretch WHERE archive = ?", (archive,)).fetchall()
    gone = Stretch(-SECONDS, second - 1)
    put_stretches(file, archive, without([Stretch(*each) for each in known], [gone]))
    return taken


def forget_archive(file: sqlite3.Connection, archive: int) -> int:
    """Take out all of an archive, in the transaction that is open."""
    query = "SELECT id FROM message WHERE key BETWEEN ? AND ?"
    found = file.execute(query, (first_key(archive, 0), last_key(archive, SECONDS))).fetchall()
    taken = take_out(file, archive, [each for (each,) in found])
    file.execute("DELETE FROM stretch WHERE archive = ?", (archive,))
    file.execute("DELETE FROM archive WHERE number = ?", (archive,))
    return taken


def clear_away(file: sqlite3.Connection) -> None:
    """Have nothing left of what was taken out: neither in the pages of FTS5, which keeps a word until all of it is
    merged, nor in pages that are free, nor in the write-ahead log."""
    file.execute("DELETE FROM value WHERE number NOT IN (SELECT value FROM has)")
    file.execute("INSERT INTO words (words) VALUES ('optimize')")
    # Pages that are free are left out of the copy that this makes, and words with them.
    file.execute("VACUUM")
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
