"""What only a Message-ID brings together: messages without a record, and records without a message."""

import sqlite3
from collections.abc import Iterator

Origin = tuple[str, str, int]
"""Of an object: where it is, its version and its size."""


class Pairing:
    """Messages and records that wait for each other. However many there are, they take little memory."""

    def __init__(self) -> None:
        # A temporary database: what does not fit into its cache is in a file that SQLite removes.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("CREATE TABLE message (message_id TEXT PRIMARY KEY, origin TEXT, version TEXT, size INTEGER)")
        self._db.execute("CREATE TABLE record (message_id TEXT PRIMARY KEY, json TEXT)")

    def close(self) -> None:
        self._db.close()

    def record_of(self, message_id: str, origin: Origin) -> str | None:
        """The record that came before a message, as JSON; where there is none, one that comes later finds the
        message."""
        row = self._db.execute("SELECT json FROM record WHERE message_id = ?", (message_id,)).fetchone()
        if row is not None:
            return str(row[0])
        self._db.execute("INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?)", (message_id, *origin))
        return None

    def keep(self, message_id: str, json: str) -> None:
        """Keep a record whose message has come without it, or is still to come."""
        self._db.execute("INSERT OR IGNORE INTO record VALUES (?, ?)", (message_id, json))

    def brought_together(self) -> Iterator[tuple[Origin, str]]:
        """The objects of messages that came before their records, in the order of their origins, and these."""
        sql = "SELECT origin, version, size, json FROM message JOIN record USING (message_id) ORDER BY origin"
        for origin, version, size, json in self._db.execute(sql):
            yield (origin, version, size), json
