"""Making the folder of a local archive and its tables, and bringing one of an earlier version up to date."""

import logging
import os
import secrets
import sqlite3
import time
from pathlib import Path

from mail_archive_local.storage.failures import BUSY_CODES, Failures, StoreError
from mail_archive_local.storage.given.files import is_open_to_others, leave_to_owner
from mail_archive_local.storage.integrity.hashes import hash_all_rows, hash_settings
from mail_archive_local.storage.reading import SCRIPTS, statements
from mail_archive_local.storage.row_keys import ARCHIVE_SHIFT
from mail_archive_tools import system

DATABASE = "archive.sqlite3"
APPLICATION_ID = 0x6D61696C  # "mail"
SCHEMA_VERSION = 3
_TRY_AGAIN = 0.02
UNHASHED = "unhashed"
"""A setting of an archive that an earlier version made, until an import has hashed its messages."""

FOLDER_MODE, FILE_MODE = 0o700, 0o600
"""Who may read the archive: its owner. It is other people's mail, and the keys are in it."""


def make_folder(folder: Path, create: bool) -> None:
    if not create:
        reason = "does not exist"
        if folder.exists():
            reason = "is not a local archive"
        raise StoreError(f"{folder} {reason}. `mail-archive-mcp import {folder} MAIL` makes one.")
    try:
        folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)

        # Files of the database itself: another process is making the archive at this moment.
        if any(not entry.name.startswith(DATABASE) for entry in folder.iterdir()):
            raise StoreError(f"{folder} is not empty and not a local archive. Name a new folder.")

        # SQLite makes its other files with the rights of the first.
        os.close(os.open(folder / DATABASE, os.O_CREAT | os.O_RDWR, FILE_MODE))
        keep_from_others(folder)
    except (NotADirectoryError, FileExistsError):
        raise StoreError(f"{folder} is a file, not a folder. Name a new folder.") from None
    except PermissionError:
        raise StoreError(f"{folder} cannot be made or read by this user. Name another folder.") from None
    except OSError as error:
        raise StoreError(f"{folder} cannot be made ({error.strerror}). Name another folder.") from None


def exposed(folder: Path) -> list[Path]:
    """The folder and its files, those of them that others than the owner may use."""
    if not system.HAS_FILE_MODES:
        return []
    # The folder comes first, and may be named by a link. A link in it has its mode from somewhere else.
    own = [folder.resolve(), *folder.glob(f"{DATABASE}*")]
    return [each for each in own if is_open_to_others(each)]


def warn_if_exposed(folder: Path) -> None:
    """Tell the operator of a folder that others can read."""
    if exposed(folder):
        logging.getLogger(__name__).warning(
            "Other users of this machine can read the local archive at %s, which is other people's mail. "
            "The next import into it mends that, and so does chmod.",
            folder,
        )


def keep_from_others(folder: Path) -> None:
    """Leave the folder and its files to their owner.

    Raises:
        StoreError: they belong to somebody else.
    """
    for each in exposed(folder):
        mode = FILE_MODE
        if each.is_dir():
            mode = FOLDER_MODE
        try:
            leave_to_owner(each, mode)
        except PermissionError:
            raise StoreError(
                f"{each} can be read by other users and belongs to another one, so it stays so. "
                "Let its owner import into it."
            ) from None


def create_tables(db: sqlite3.Connection, busy_seconds: float) -> None:
    """Make an empty database a local archive; one that has tables stays as it is."""
    if has_tables(db):
        return
    _write_ahead(db, busy_seconds)
    db.execute("BEGIN IMMEDIATE")
    if has_tables(db):  # another process came first
        db.execute("ROLLBACK")
        return

    for script in SCRIPTS:
        _run(db, script)
    db.execute("INSERT INTO trigram (trigram, rank) VALUES ('hashsize', 33554432)")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute("COMMIT")


def upgrade(db: sqlite3.Connection, failures: Failures) -> None:
    """Give an archive that an earlier version made what this version has more."""
    db.execute("BEGIN IMMEDIATE")
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version < 1:
            raise failures.damaged()
        for number in range(version + 1, SCHEMA_VERSION + 1):
            _run(db, SCRIPTS[number - 1])
            _UPGRADES[number](db)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")
    finally:
        # Whatever kept it from its end: an archive is of one version, or of the other.
        if db.in_transaction:
            db.execute("ROLLBACK")


def _write_ahead(db: sqlite3.Connection, busy_seconds: float) -> None:
    """Have the journal written ahead. SQLite does not wait for others that do the same at this moment."""
    ends = time.monotonic() + busy_seconds
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # The last byte of an extended code is its primary one (https://www.sqlite.org/rescode.html).
            is_busy = error.sqlite_errorcode & 0xFF in BUSY_CODES
            if not is_busy or time.monotonic() > ends:
                raise
            time.sleep(_TRY_AGAIN)
        else:
            return


def has_tables(db: sqlite3.Connection, schema: str = "") -> bool:
    return db.execute(f"SELECT 1 FROM {schema}sqlite_master LIMIT 1").fetchone() is not None


def give_keys(db: sqlite3.Connection) -> None:
    """Give the folder the keys that it does not have yet: each has its own."""
    (there,) = db.execute("SELECT count(*) FROM setting WHERE name IN ('link_key', 'access_key_id')").fetchone()
    if there == 2:
        return
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT OR IGNORE INTO setting VALUES (?, ?)", new_keys().items())
    hash_settings(db)
    db.execute("COMMIT")


def new_keys() -> dict[str, str]:
    """Keys that nobody has."""
    return {
        "link_key": secrets.token_hex(32),
        "access_key_id": f"LOCAL{secrets.token_hex(8).upper()}"[:20],
        "secret_access_key": secrets.token_urlsafe(30),
    }


def _run(db: sqlite3.Connection, script: str) -> None:
    """Run a script of this package, within the transaction that is open."""
    for statement in statements(script):
        db.execute(statement)


def _keep_for_ever(db: sqlite3.Connection) -> None:
    """The first version deleted nothing for its age: what it kept is not lost to the second."""
    with_mail = f"SELECT id >> {ARCHIVE_SHIFT} FROM message"
    db.execute(f"UPDATE archive SET retention = 'PERMANENT' WHERE number IN ({with_mail})")


def _note_unhashed(db: sqlite3.Connection) -> None:
    """The hashes of messages are made by the next import, since that takes a while."""
    if db.execute("SELECT 1 FROM message LIMIT 1").fetchone():
        db.execute("INSERT OR REPLACE INTO setting VALUES (?, 'yes')", (UNHASHED,))
    hash_all_rows(db)


_UPGRADES = {2: _keep_for_ever, 3: _note_unhashed}
"""What is done, beside making tables, for an archive to become one of that version."""
