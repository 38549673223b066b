"""Messages into the index."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Sequence

from mail_archive_tools.index.contains import fold
from mail_archive_tools.index.entry import Entry
from mail_archive_tools.index.stretches import Stretch, joined
from mail_archive_tools.storage.index_file.finding import BETWEEN_RECIPIENTS, CUT, FILES_CUT
from mail_archive_tools.storage.index_file.keys import ARCHIVES, last_key, wanted_key
from mail_archive_tools.storage.index_file.packing import pack_row, pack_texts, storable, unpack_texts
from mail_archive_tools.words.texts import FIELDS
from mail_archive_tools.words.tokens import ready

_HEADERS = ("From", "To", "Cc", "Subject")
_OF_LABELS = (
    "millisecond", "copy", "message_id", "answered", "is_answer", "attachment", "source",
)  # fmt: skip
_FIELDS = ", ".join(FIELDS)
_MARKS = ", ".join("?" * len(FIELDS))


def archive_number(file: sqlite3.Connection, archive_id: str) -> int:
    """The number of an archive, given where it has none.

    Raises:
        ValueError: there are as many as there may be.
    """
    file.execute("INSERT OR IGNORE INTO archive (archive_id) VALUES (?)", (archive_id,))
    found = file.execute("SELECT number FROM archive WHERE archive_id = ?", (archive_id,)).fetchone()
    number: int = found[0]
    if number >= ARCHIVES:
        raise ValueError(f"it holds {ARCHIVES - 1:,} archives, as many as it may: use another file")
    return number


def put(file: sqlite3.Connection, archive_id: str, entries: Sequence[Entry]) -> None:
    """Put messages, in the transaction that is open."""
    archive = archive_number(file, archive_id)
    for entry in entries:
        take_out(file, archive, [entry.archived_message_id])
        key = _free_key(file, archive, entry)
        _put_message(file, archive, key, entry)
        _put_values(file, key, entry)
    file.execute("UPDATE archive SET added_at = ? WHERE number = ?", (time.time(), archive))


def note_whole(file: sqlite3.Connection, archive_id: str, stretches: Sequence[Stretch]) -> None:
    """Note stretches as whole, in the transaction that is open."""
    archive = archive_number(file, archive_id)
    query = "SELECT first, last FROM stretch WHERE archive = ?"
    known = [Stretch(*each) for each in file.execute(query, (archive,))]
    put_stretches(file, archive, joined([*stretches, *known]))


def put_stretches(file: sqlite3.Connection, archive: int, stretches: Iterable[Stretch]) -> None:
    """Have these be the whole stretches of an archive."""
    file.execute("DELETE FROM stretch WHERE archive = ?", (archive,))
    rows = [(archive, each.first, each.last) for each in stretches]
    file.executemany("INSERT INTO stretch (archive, first, last) VALUES (?, ?, ?)", rows)


def take_out(file: sqlite3.Connection, archive: int, archived_message_ids: Iterable[str]) -> int:
    """Take messages out, in the transaction that is open; how many there were."""
    taken = 0
    for archived_message_id in archived_message_ids:
        query = "SELECT key FROM message WHERE archive = ? AND id = ?"
        found = file.execute(query, (archive, archived_message_id)).fetchone()
        if found is not None:
            _take_out_key(file, found[0])
            taken += 1
    return taken


def _take_out_key(file: sqlite3.Connection, key: int) -> None:
    said = file.execute("SELECT texts FROM said WHERE key = ?", (key,)).fetchone()
    if said is not None:
        # An index without its contents has to be told what it is to forget (https://www.sqlite.org/fts5.html#contentless_tables).
        told = [ready(text) for text in unpack_texts(said[0])]
        file.execute(f"INSERT INTO words (words, rowid, {_FIELDS}) VALUES ('delete', ?, {_MARKS})", (key, *told))
    for table in ("message", "header", "shown", "said"):
        file.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
    for (fact,) in file.execute("SELECT number FROM fact").fetchall():
        file.execute("DELETE FROM has WHERE fact = ? AND key = ?", (fact, key))


def _free_key(file: sqlite3.Connection, archive: int, entry: Entry) -> int:
    """The key of a new message: the first free one of its second, from the one on that it is to have.

    Raises:
        ValueError: its second is full.
    """
    millisecond = entry.labels.millisecond
    rank = int(hashlib.sha256(entry.archived_message_id.encode()).hexdigest()[:10], 16)
    key = wanted_key(archive, millisecond, rank >> 30)
    last = last_key(archive, millisecond // 1000)
    taken = file.execute("SELECT key FROM message WHERE key BETWEEN ? AND ? ORDER BY key", (key, last))
    for (other,) in taken:
        if other != key:
            break
        key += 1
    if key > last:
        raise ValueError("so many messages were received in one second that they have no keys")
    return key


def _put_message(file: sqlite3.Connection, archive: int, key: int, entry: Entry) -> None:
    labels = entry.labels
    numbers = {
        "sender": _named(file, "sender", labels.sender),
        "subject": _named(file, "subject", labels.subject),
        "recipients": _named(file, "recipients", BETWEEN_RECIPIENTS.join(labels.recipients)),
        **{name: int(getattr(labels, name)) for name in _OF_LABELS},
    }
    told = {
        "key": key,
        "id": entry.archived_message_id,
        "archive": archive,
        **numbers,
        "size_bytes": entry.numbers.get("size_bytes"),
        "date_distance": entry.numbers.get("date_distance"),
        "is_cut": CUT * entry.is_cut + FILES_CUT * entry.files_are_cut,
        "unread": entry.unread and storable(entry.unread),
    }
    marks = ", ".join("?" * len(told))
    file.execute(f"INSERT INTO message ({', '.join(told)}) VALUES ({marks})", tuple(told.values()))
    file.execute("INSERT INTO header VALUES (?, ?, ?, ?, ?, ?, ?)", (key, *_headers(entry)))
    file.execute("INSERT INTO shown VALUES (?, ?, ?)", (key, pack_row(entry.row), entry.facts))
    if entry.unread:
        return

    file.execute("INSERT INTO said VALUES (?, ?)", (key, pack_texts(entry.texts)))
    told_words = [ready(text) for text in entry.texts]
    file.execute(f"INSERT INTO words (rowid, {_FIELDS}) VALUES (?, {_MARKS})", (key, *told_words))


def _named(file: sqlite3.Connection, fact: str, value: str) -> int:
    return _number_of_value(file, _number_of_fact(file, fact), value)


def _headers(entry: Entry) -> list[str]:
    """What CONTAINS looks into, as it compares it."""
    row = entry.row
    envelope = row.get("Envelope", {})
    values = [str(row.get(name, "")) for name in _HEADERS]
    values += [envelope.get("From", ""), ", ".join(envelope.get("To", []))]
    return [storable(fold(value)) for value in values]


def _put_values(file: sqlite3.Connection, key: int, entry: Entry) -> None:
    of_row = {"From": (entry.row.get("From", ""),), "Subject": (entry.row.get("Subject", ""),)}
    for name, values in {**entry.values, **of_row}.items():
        if not values:
            continue
        fact = _number_of_fact(file, name)
        rows = []
        for place, value in enumerate(values):
            rows.append((fact, key, place, _number_of_value(file, fact, value)))
        file.executemany("INSERT INTO has (fact, key, place, value) VALUES (?, ?, ?, ?)", rows)


def _number_of_fact(file: sqlite3.Connection, name: str) -> int:
    found = file.execute("SELECT number FROM fact WHERE name = ?", (name,)).fetchone()
    if found is None:
        found = file.execute("INSERT INTO fact (name) VALUES (?) RETURNING number", (name,)).fetchone()
    number: int = found[0]
    return number


def _number_of_value(file: sqlite3.Connection, fact: int, value: str) -> int:
    value = storable(value)
    found = file.execute("SELECT number FROM value WHERE fact = ? AND value = ?", (fact, value)).fetchone()
    if found is None:
        order = "INSERT INTO value (fact, value) VALUES (?, ?) RETURNING number"
        found = file.execute(order, (fact, value)).fetchone()
    number: int = found[0]
    return number
