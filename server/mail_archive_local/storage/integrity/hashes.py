"""A SHA-256 of each row that an answer is made of, so that `verify` finds what was damaged, or changed from outside.

A message's hash is of all that is kept of it: what searches show and look at, its metadata, its key (which is its
time), its archive and the SHA-256 of its bytes. It is made when the message is put in.

The hashes are not chained. Retention takes messages out of the middle, and an import puts in anew what is damaged, or
of what more is known: a chain would have to be written anew from there on, and one damaged record would leave all
behind it unproven. That no message is missing is what a manifest says.

Rows that change are hashed anew by whoever changes them. What no answer is made of has no hash: which objects of
exports were read before.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from sqlite3 import Connection
from typing import NamedTuple

_ROWS = {
    "archive": (
        *("number", "archive_id", "name", "state", "retention", "retention_changed", "kms_key_arn", "tags"),
        *("client_token", "created", "updated", "deleted"),
    ),
    "search": ("number", "search_id", "archive", "request", "submitted", "running", "completed", "cancelled", "found"),
    "export": (
        *("number", "export_id", "archive", "request", "submitted", "state", "completed", "error", "stop_asked"),
        "delivered",
    ),
}
"""Tables whose rows have a hash each, by their number."""

_SETTINGS, _OF_EXPORT = "setting", "export_message"
"""Tables whose rows have one hash together: all settings, and the messages of an export."""

_EVERYTHING = 0

Value = bytes | int | float | None


class Kept(NamedTuple):
    """What is kept of a message; `searchable` are the six values that searches look at. Texts are texts, or their
    bytes in UTF-8 as they were read."""

    archive_id: str | bytes
    key: int
    archived_message_id: str | bytes
    has_attachments: int
    api_row: str | bytes
    metadata: str | bytes
    searchable: Sequence[str | bytes]
    raw: bytes


def message_hash(kept: Kept) -> bytes:
    """The SHA-256 of a message's record."""
    texts = (kept.archive_id, kept.archived_message_id, kept.api_row, kept.metadata, *kept.searchable)
    pieces = [text.encode() if isinstance(text, str) else text for text in texts]
    # The lengths stand before the texts: what moves from one to the next changes the hash.
    numbers = (kept.key, int(kept.has_attachments), *map(len, pieces))
    head = struct.pack(f">{len(numbers)}q", *numbers)
    of_bytes = hashlib.sha256(kept.raw).digest()
    return hashlib.sha256(b"".join([head, of_bytes, *pieces])).digest()


def as_text(value: object) -> str:
    """What is shown of a text that was read as its bytes; a damaged one may be none, or of another type."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def hash_row(db: Connection, table: str, number: int) -> None:
    """Note the hash of a row as it is now, where it is there."""
    columns = _ROWS[table]
    with as_bytes(db):
        rows = list(_read(db, table, columns, "WHERE number = ?", number))
    if rows:
        _note(db, table, number, _of_rows(rows))


def hash_settings(db: Connection) -> None:
    """Note the hash of all settings together."""
    with as_bytes(db):
        sha256 = _of_settings(db)
    _note(db, _SETTINGS, _EVERYTHING, sha256)


def hash_messages_of_export(db: Connection, export: int) -> None:
    """Note the hash of which messages an export has."""
    with as_bytes(db):
        sha256 = _of_messages_of_export(db, export)
    _note(db, _OF_EXPORT, export, sha256)


def forget_row(db: Connection, table: str, number: int) -> None:
    """Take a hash away: what it is of is no longer there."""
    db.execute('DELETE FROM row_hash WHERE "table" = ? AND number = ?', (table, number))


def forget_messages_of_export(db: Connection, export: int) -> None:
    forget_row(db, _OF_EXPORT, export)


def forget_archive(db: Connection, number: int) -> None:
    """Take away the hashes of an archive, and of the searches and exports in it, which are still there."""
    searches = "SELECT number FROM search WHERE archive = :number"
    exports = "SELECT number FROM export WHERE archive = :number"
    for table, numbers in (("search", searches), ("export", exports), (_OF_EXPORT, exports)):
        sql = f'DELETE FROM row_hash WHERE "table" = :table AND number IN ({numbers})'
        db.execute(sql, {"table": table, "number": number})
    forget_row(db, "archive", number)


def hash_all_rows(db: Connection) -> None:
    """Note the hashes of all rows of an archive that an earlier version made."""
    hash_settings(db)

    for table in _ROWS:
        rows = db.execute(f"SELECT number FROM {table}").fetchall()
        for (number,) in rows:
            hash_row(db, table, number)

    exports = db.execute("SELECT DISTINCT export FROM export_message").fetchall()
    for (export,) in exports:
        hash_messages_of_export(db, export)


def changed_rows(db: Connection, schema: str) -> Iterator[str]:
    """What is not as it was when its hash was made, or is gone: a sentence each. `schema` is the database's name on
    this connection."""
    with as_bytes(db):
        noted = {
            (table.decode("utf-8", "replace"), number): sha256
            for table, number, sha256 in db.execute(f"SELECT * FROM {schema}.row_hash")
        }
        for table, number, sha256 in _rows_now(db, f"{schema}."):
            if noted.pop((table, number), None) != sha256:
                yield f"{_named(table, number)} not what was written."

    # Those that no row was found for.
    for table, number in noted:
        yield f"{_named(table, number)} gone, though the hash is there."


def _rows_now(db: Connection, schema: str) -> Iterator[tuple[str, int, bytes]]:
    """The table, number and hash of each row as it is."""
    for table, columns in _ROWS.items():
        for row in _read(db, schema + table, columns):
            number = row[0]
            if not isinstance(number, int):
                # Damaged: no row has this one.
                number = -1
            yield table, number, _of_rows([row])

    yield _SETTINGS, _EVERYTHING, _of_settings(db, schema)

    exports = db.execute(f"SELECT DISTINCT export FROM {schema}{_OF_EXPORT}").fetchall()
    for (export,) in exports:
        yield _OF_EXPORT, export, _of_messages_of_export(db, export, schema)


def _of_settings(db: Connection, schema: str = "") -> bytes:
    return _of_rows(_read(db, schema + _SETTINGS, ("name", "value"), "ORDER BY name"))


def _of_messages_of_export(db: Connection, export: int, schema: str = "") -> bytes:
    rows = _read(db, schema + _OF_EXPORT, ("place", "key"), "WHERE export = ? ORDER BY place", export)
    return _of_rows(rows)


def _read(
    db: Connection, table: str, columns: Sequence[str], which: str = "", *values: Value
) -> Iterator[Sequence[Value]]:
    """These columns of rows, each with its type beside it: a text and a blob are both bytes as they are read."""
    typed = ", ".join(f"{column}, typeof({column})" for column in columns)
    return db.execute(f"SELECT {typed} FROM {table} {which}", values)


def _of_rows(rows: Iterable[Sequence[Value]]) -> bytes:
    """The SHA-256 of rows as they are read with their types."""
    whole = hashlib.sha256()
    for row in rows:
        for value in row:
            piece = _piece(value)
            # With its length: "a", "bc" is another row than "ab", "c".
            whole.update(struct.pack(">q", len(piece)))
            whole.update(piece)
    return whole.digest()


def _piece(value: Value) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return b"%d" % value
    return struct.pack(">d", value)


def _note(db: Connection, table: str, number: int, sha256: bytes) -> None:
    db.execute("INSERT OR REPLACE INTO row_hash VALUES (?, ?, ?)", (table, number, sha256))


def _named(table: str, number: int) -> str:
    if table == _SETTINGS:
        return "The settings are"
    if table == _OF_EXPORT:
        return f"Which messages export {number} has is"
    return f"What is kept of {table} {number} is"


@contextmanager
def as_bytes(db: Connection) -> Iterator[None]:
    """Have texts read as their bytes: those that are damaged may be no UTF-8."""
    db.text_factory = bytes
    try:
        yield
    finally:
        db.text_factory = str
