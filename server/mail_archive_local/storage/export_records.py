"""The records of exports: what was asked, how far each is, which messages are still to be delivered."""

import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mail_archive_local.storage.database import Database
from mail_archive_local.storage.integrity.hashes import forget_messages_of_export, hash_messages_of_export, hash_row

State = Literal["QUEUED", "PREPROCESSING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]

UNFINISHED: tuple[State, ...] = ("QUEUED", "PREPROCESSING", "PROCESSING")

_COLUMNS = "number, export_id, archive, request, submitted, state, completed, error, stop_asked, delivered"
_IS_UNFINISHED = "state IN ('QUEUED', 'PREPROCESSING', 'PROCESSING')"


@dataclass(frozen=True)
class ExportRecord:
    """One export. Times are seconds since 1970; `delivered` counts the messages that are at their destination."""

    number: int
    export_id: str
    archive: int
    request: str
    submitted: float
    state: State
    completed: float | None
    error: str | None
    stop_asked: float | None
    delivered: int


class ExportRecords:
    """The exports of a folder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, db: sqlite3.Connection, values: dict[str, Any]) -> None:
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        number = db.execute(f"INSERT INTO export ({names}) VALUES ({marks})", values).lastrowid
        assert number is not None
        hash_row(db, "export", number)

    def find(self, export_id: str) -> ExportRecord | None:
        sql = f"SELECT {_COLUMNS} FROM export WHERE export_id = ?"
        with self._database.reading() as db:
            row = db.execute(sql, (export_id,)).fetchone()
        if row is None:
            return None
        return ExportRecord(*row)

    def of_archive(self, archive: int, before: int | None, limit: int) -> list[ExportRecord]:
        """An archive's exports, newest first, from the one before number `before` on."""
        sql = f"SELECT {_COLUMNS} FROM export WHERE archive = ? AND number < ? ORDER BY number DESC LIMIT ?"
        if before is None:
            before = sys.maxsize
        with self._database.reading() as db:
            rows = db.execute(sql, (archive, before, limit))
            return [ExportRecord(*row) for row in rows]

    def unfinished(self) -> list[ExportRecord]:
        """Those that have not ended, oldest first."""
        with self._database.reading() as db:
            return self.unfinished_in(db)

    def unfinished_in(self, db: sqlite3.Connection) -> list[ExportRecord]:
        """The same as a transaction sees them."""
        rows = db.execute(f"SELECT {_COLUMNS} FROM export WHERE {_IS_UNFINISHED} ORDER BY number")
        return [ExportRecord(*row) for row in rows]

    def ask_to_stop(self, export: ExportRecord, now: float) -> None:
        """Note that it is to end. One that has ended stays as it is."""
        # The first time counts.
        which = f"number = ? AND stop_asked IS NULL AND {_IS_UNFINISHED}"
        sql = f"UPDATE export SET stop_asked = ? WHERE {which}"
        with self._database.writing() as db:
            db.execute(sql, (now, export.number))
            hash_row(db, "export", export.number)

    def prepare(self, export: ExportRecord) -> None:
        sql = "UPDATE export SET state = 'PREPROCESSING' WHERE number = ?"
        with self._database.writing() as db:
            db.execute(sql, (export.number,))
            hash_row(db, "export", export.number)

    def begin(self, export: ExportRecord, keys: Sequence[int]) -> None:
        """Keep which messages it has, in one transaction with its state: whoever goes on delivers the same ones."""
        rows = ((export.number, place, key) for place, key in enumerate(keys))
        with self._database.writing() as db:
            db.executemany("INSERT INTO export_message VALUES (?, ?, ?)", rows)
            db.execute("UPDATE export SET state = 'PROCESSING' WHERE number = ?", (export.number,))
            hash_messages_of_export(db, export.number)
            hash_row(db, "export", export.number)

    def next_keys(self, export: ExportRecord, limit: int) -> list[int]:
        """The messages to deliver next; none where all have been."""
        # Places count from 0: the first that is not delivered has the number of those that are.
        sql = "SELECT key FROM export_message WHERE export = ? AND place >= ? ORDER BY place LIMIT ?"
        with self._database.reading() as db:
            rows = db.execute(sql, (export.number, export.delivered, limit))
            return [key for (key,) in rows]

    def advance(self, export: ExportRecord, delivered: int) -> ExportRecord:
        """Note that so many messages have arrived; returns the record as it is now."""
        sql = "UPDATE export SET delivered = ? WHERE number = ?"
        with self._database.writing() as db:
            db.execute(sql, (delivered, export.number))
            hash_row(db, "export", export.number)
        return self.reread(export)

    def reread(self, export: ExportRecord) -> ExportRecord:
        """The record as it is now; one whose archive was removed meanwhile reads as cancelled."""
        found = self.find(export.export_id)
        if found is None:
            return replace(export, state="CANCELLED")
        return found

    def end(self, export: ExportRecord, state: State, now: float, error: str | None = None) -> None:
        sql = "UPDATE export SET state = ?, completed = ?, error = ? WHERE number = ?"
        with self._database.writing() as db:
            db.execute(sql, (state, now, error, export.number))
            # Nobody asks any more which messages it had.
            db.execute("DELETE FROM export_message WHERE export = ?", (export.number,))
            forget_messages_of_export(db, export.number)
            hash_row(db, "export", export.number)
