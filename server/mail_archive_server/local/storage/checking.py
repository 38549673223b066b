"""A local archive looked at whole: the database by SQLite's own check, each message against its id, the index against
the messages. What is found damaged is noted in the folder, so that the next import puts it in anew."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from sqlite3 import Connection, DatabaseError

from mail_archive_server.local.storage.database import StoreDamaged
from mail_archive_server.local.storage.keys import archive_of
from mail_archive_server.local.storage.store import Store

_SHOWN_PROBLEMS = 20


@dataclass
class Check:
    """What was found. `database` are SQLite's complaints, `damaged` the ids of messages that are not what they were,
    `strays` how many rows belong to no message."""

    messages: int = 0
    database: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    strays: int = 0
    index_is_whole: bool = True

    @property
    def is_whole(self) -> bool:
        return not (self.database or self.damaged or self.strays) and self.index_is_whole


def check(store: Store, id_of: Callable[[bytes, str], str]) -> Check:
    """Look at all of it. `id_of` makes the id of a raw message in an archive.

    Raises:
        StoreError: it cannot be opened any more, or is locked.
    """
    found = Check()
    with store.reading() as db:
        complaints = [str(line) for (line,) in db.execute(f"PRAGMA integrity_check({_SHOWN_PROBLEMS})")]
        found.database = [] if complaints == ["ok"] else complaints
        try:
            found.damaged.extend(_damaged_messages(db, store, id_of, found))
            found.strays = _strays(db)
        except (DatabaseError, UnicodeDecodeError) as error:
            found.database.append(f"Its messages cannot all be read: {error}.")
    if not found.database:
        found.index_is_whole = _index_is_whole(store)
        store.note_damage(found.damaged, index_is_whole=found.index_is_whole)
    return found


def _damaged_messages(db: Connection, store: Store, id_of: Callable[[bytes, str], str], found: Check) -> Iterator[str]:
    """The ids of damaged messages; counts all of them."""
    archive_ids = {archive.number: archive.archive_id for archive in store.archives_in(db)}
    rows = db.execute(
        "SELECT m.id, m.archived_message_id, json_valid(m.api_row) AND json_valid(m.metadata), "
        "CAST(r.bytes AS BLOB), s.id, g.sha256 "
        "FROM message m LEFT JOIN raw r ON r.id = m.id LEFT JOIN searchable s ON s.id = m.id "
        "LEFT JOIN given_id g ON g.id = m.id"
    )
    for key, message_id, is_valid, raw, searchable, sha256 in rows:
        found.messages += 1
        archive_id = archive_ids.get(archive_of(key))
        whole = is_valid and raw is not None and searchable is not None and archive_id is not None
        if not whole:
            yield message_id
        elif sha256 is not None:
            # The id is another archive's: it says nothing of the bytes.
            if hashlib.sha256(raw).digest() != sha256:
                yield message_id
        elif id_of(bytes(raw), archive_id or "") != message_id:
            yield message_id


def _strays(db: Connection) -> int:
    count = 0
    for table in ("raw", "searchable"):
        (here,) = db.execute(f"SELECT count(*) FROM {table} WHERE id NOT IN (SELECT id FROM message)").fetchone()
        count += here
    return count


def _index_is_whole(store: Store) -> bool:
    """By FTS5's own check, which compares the index with what it was made of."""
    try:
        with store.writing() as db:
            db.execute("INSERT INTO trigram (trigram, rank) VALUES ('integrity-check', 1)")
    except StoreDamaged:
        return False
    return True
