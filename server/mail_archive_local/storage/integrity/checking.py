"""A local archive looked at whole: the write-ahead log; the database by SQLite's own check, and the definitions of its
tables; each message against its hash and its id; every other row that an answer is made of against its hash; the index
against the messages. Nothing is written: what is found damaged is noted by `note`, so that the next import puts it in
anew.

What is not looked at: which objects of exports were read before, which no answer is made of, and free pages.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from sqlite3 import Connection, DatabaseError
from typing import Any

from mail_archive_local.storage.database import BUSY_SECONDS
from mail_archive_local.storage.given.definitions import missing, why_strange
from mail_archive_local.storage.integrity.hashes import Kept, as_bytes, as_text, changed_rows, message_hash
from mail_archive_local.storage.integrity.indexed import COLUMNS, Expected
from mail_archive_local.storage.log import read_log
from mail_archive_local.storage.opening import UNHASHED
from mail_archive_local.storage.row_keys import archive_of
from mail_archive_local.storage.store import Store

_SHOWN_PROBLEMS = 20
_STEPS = 20_000
"""Steps of SQLite's between two looks at whether the check is still wanted."""
_JOURNAL = (18, b"\x02\x02")
"""Where a database says that it has a write-ahead log, and how: else its log would not count
(https://www.sqlite.org/fileformat2.html, 1.3.3)."""


class Stopped(Exception):
    """The check was not wanted any more."""


@dataclass
class Check:
    """What was found. `log` is why the write-ahead log does not count whole, `database` are complaints about the
    database, `damaged` the ids of messages that are not what they were, `rows` what else is not, `strays` how many rows
    belong to no message. `unhashed` messages have no hash of their record yet, `hashed_later` got theirs after they
    were put in. `differing` are the ids of records that today's reader would make otherwise, which says nothing of
    damage."""

    messages: int = 0
    log: str = ""
    database: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    strays: int = 0
    index_is_whole: bool = True
    unhashed: int = 0
    hashed_later: int = 0
    differing: list[str] = field(default_factory=list)
    cut_short: bool = False
    """Whether the database could not be read to its end: what is behind that was not looked at."""

    @property
    def is_whole(self) -> bool:
        problems = (self.log, self.database, self.damaged, self.rows, self.strays)
        return self.index_is_whole and not any(problems)


@dataclass(frozen=True)
class Reader:
    """What a check is given. `id_of` makes the id of a raw message in an archive; `differs` says whether today's reader
    makes something else of a record; `stopped`, whether the check is still wanted."""

    id_of: Callable[[bytes, str], str]
    differs: Callable[[Kept], bool] = lambda kept: False
    stopped: Callable[[], bool] = lambda: False


def check(store: Store, reader: Reader, found: Check | None = None) -> Check:
    """Look at all of it; what is found is written into `found` on the way.

    Raises:
        Stopped: it was asked to stop; what was found until then is in `found`.
        StoreError: it cannot be read any more, or is locked.
    """
    if found is None:
        found = Check()
    found.log = read_log(store.path, BUSY_SECONDS).damage
    with store.reading() as db:
        db.set_progress_handler(reader.stopped, _STEPS)
        try:
            _check(db, store, reader, found)
        except (DatabaseError, UnicodeDecodeError, OverflowError) as error:
            if reader.stopped():
                raise Stopped from None
            found.database.append(f"It cannot be read to its end: {error}.")
            found.cut_short = True
        finally:
            db.set_progress_handler(None, 0)
    return found


def note(store: Store, found: Check) -> None:
    """Note for the next import what is damaged.

    Raises:
        StoreError: it cannot be written.
    """
    if found.database or found.log:
        # An import would not mend it.
        return
    store.note_damage(found.damaged, index_is_whole=found.index_is_whole)


def _check(db: Connection, store: Store, reader: Reader, found: Check) -> None:
    schema = store.schema
    found.database += _header(store)
    why = why_strange(db, schema)
    if why:
        # Of what answers as it likes, nothing else can be told.
        found.database.append(f"{why}; nothing else was looked at.")
        return

    found.database += _missing(db, schema)
    complaints = [str(line) for (line,) in db.execute(f"PRAGMA {schema}.integrity_check({_SHOWN_PROBLEMS})")]
    if complaints != ["ok"]:
        found.database += complaints

    has_hashes = _has_table(db, schema, "message_hash")
    expected = Expected()
    for message in _messages(db, store, has_hashes):
        if reader.stopped():
            raise Stopped
        _look_at(message, reader, found)
        if message.is_there:
            expected.add(message.kept.key, message.kept.searchable)

    found.strays = _strays(db, schema, has_hashes)
    if has_hashes:
        found.rows += changed_rows(db, schema)
        found.rows += _missing_hashes(db, schema, found)
    if not found.database:
        with as_bytes(db):
            found.index_is_whole = expected.is_in(db, schema)


def _header(store: Store) -> Iterator[str]:
    start, expected = _JOURNAL
    if store.file.read(start, len(expected)) != expected:
        yield "Its header does not say that it has a write-ahead log, as it was made with."


def _missing(db: Connection, schema: str) -> Iterator[str]:
    """What of the tables and indexes is gone."""
    if not _has_table(db, schema, "message_hash"):
        # A version before had fewer.
        return
    for name in missing(db, schema):
        yield f"{name} is not defined as it was made."


def _has_table(db: Connection, schema: str, name: str) -> bool:
    sql = f"SELECT 1 FROM {schema}.sqlite_master WHERE type = 'table' AND name = ?"
    return db.execute(sql, (name,)).fetchone() is not None


@dataclass(frozen=True)
class _Message:
    """What there is of a message; what is None is not there."""

    kept: Kept
    is_there: bool
    sha256: bytes | None
    """Of its bytes, where its id is not made of them."""
    noted: bytes | None
    """The hash of its record."""
    later: float | None
    has_hash: bool


def _messages(db: Connection, store: Store, has_hashes: bool) -> Iterator[_Message]:
    """All messages, each with what belongs to it; texts as their bytes, since damaged ones may be none."""
    schema = store.schema
    archive_ids = {archive.number: archive.archive_id for archive in store.archives_in(db)}
    # A version before had neither of these tables.
    hashes, of_hash = "", "NULL, NULL"
    if has_hashes:
        hashes, of_hash = f"LEFT JOIN {schema}.message_hash h ON h.id = m.id", "h.sha256, h.later"
    given, of_given = "", "NULL"
    if _has_table(db, schema, "given_id"):
        given, of_given = f"LEFT JOIN {schema}.given_id g ON g.id = m.id", "g.sha256"

    words = ", ".join(f's."{name}"' for name in COLUMNS)
    values = f"m.has_attachments, m.api_row, m.metadata, {words}, r.bytes"
    kinds = re.sub(r"[a-z]\.[\w\"]+", lambda name: f"typeof({name[0]})", values)
    sql = (
        f"SELECT m.id, m.archived_message_id, json_valid(CAST(m.api_row AS TEXT)) AND "
        f"json_valid(CAST(m.metadata AS TEXT)), {of_given}, {of_hash}, "
        f"{kinds.replace(', ', ' || ')}, {values} "
        f"FROM {schema}.message m LEFT JOIN {schema}.raw r ON r.id = m.id "
        f"LEFT JOIN {schema}.searchable s ON s.id = m.id {given} {hashes} ORDER BY m.id"
    )
    with as_bytes(db):
        for row in db.execute(sql):
            yield _message_of(row, archive_ids, has_hashes)


_KINDS = b"integer" + b"text" * 8 + b"blob"
"""The types of the columns of a message as it was written."""


def _message_of(row: tuple[Any, ...], archive_ids: dict[int, str], has_hashes: bool) -> _Message:
    key, message_id, is_valid, sha256, noted, later, kinds, has_attachments, api_row, metadata, *searchable, raw = row
    archive_id = archive_ids.get(archive_of(key), "")
    is_typed = kinds == _KINDS and isinstance(message_id, bytes)
    is_there = all((is_typed, is_valid, archive_id))
    kept = Kept(archive_id, key, message_id, has_attachments, api_row, metadata, searchable, raw)
    return _Message(kept, is_there, sha256, noted, later, has_hashes)


def _look_at(message: _Message, reader: Reader, found: Check) -> None:
    """Note what is found of one message."""
    found.messages += 1
    kept = message.kept
    named = as_text(kept.archived_message_id)
    if not message.is_there or not _bytes_are_its_own(message, named, reader):
        found.damaged.append(named)
        return

    if message.noted is None:
        found.unhashed += 1
    elif message_hash(kept) != message.noted:
        found.damaged.append(named)
        return

    if message.later is not None:
        found.hashed_later += 1
    if reader.differs(kept):
        found.differing.append(named)


def _bytes_are_its_own(message: _Message, named: str, reader: Reader) -> bool:
    raw = message.kept.raw
    if message.sha256 is not None:
        # The id is another archive's: it says nothing of the bytes.
        return hashlib.sha256(raw).digest() == message.sha256
    return reader.id_of(raw, str(message.kept.archive_id)) == named


def _missing_hashes(db: Connection, schema: str, found: Check) -> Iterator[str]:
    """A missing hash is damage, except in an archive that an earlier version made: its next import makes the hashes."""
    is_known = db.execute(f"SELECT 1 FROM {schema}.setting WHERE name = ?", (UNHASHED,)).fetchone()
    if found.unhashed and not is_known:
        yield f"The hashes of {found.unhashed:,} records are gone."


def _strays(db: Connection, schema: str, has_hashes: bool) -> int:
    tables = ["raw", "searchable"]
    if has_hashes:
        tables.append("message_hash")
    count = 0
    for table in tables:
        sql = f"SELECT count(*) FROM {schema}.{table} WHERE id NOT IN (SELECT id FROM {schema}.message)"
        (here,) = db.execute(sql).fetchone()
        count += here
    return count
