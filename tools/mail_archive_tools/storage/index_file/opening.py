"""Opening the file of an index, and what may be wrong with it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from mail_archive_tools.errors import IndexUnusable
from mail_archive_tools.storage.index_file import schema
from mail_archive_tools.system.places import why_not_own

_BUSY_SECONDS = 30
"""How long an indexer waits for another that writes at this moment."""
_CACHE_KIB = 64_000


def open_to_write(path: Path, made_of: str | None) -> sqlite3.Connection:
    """The file, made where there is none: mode 0600, in a folder of mode 0700 where that is made as well. One of
    another form is made anew.

    Raises:
        IndexUnusable: it cannot be written, or is none.
    """
    _refuse_others(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Before SQLite makes it by the umask; what SQLite puts beside it has the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)

        file = _connected(path, f"file:{_quoted(path)}?mode=rw")
        file.execute("PRAGMA journal_mode = WAL")
        # What a power failure takes is put once more: a stretch is noted as whole in the same file, behind it.
        file.execute("PRAGMA synchronous = NORMAL")
        form = schema.form_of(file)
        if form is not None and not _is_usable(file, form, made_of):
            _empty(file)
        schema.make(file, made_of or "")
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from None
    return file


def open_to_read(path: Path, made_of: str | None) -> sqlite3.Connection:
    """The file, which is only read.

    Raises:
        IndexUnusable: there is none, or it is none, or of another form.
    """
    _refuse_others(path)
    try:
        # A lasting write-ahead log needs to be written by readers as well (https://www.sqlite.org/wal.html).
        file = _connected(path, f"file:{_quoted(path)}?mode=rw")
        form = schema.form_of(file)
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from None

    if form != schema.FORM:
        file.close()
        raise IndexUnusable(
            f"The index {path} is of another version of this program. Make it anew: mail-archive-mcp index."
        )
    if made_of is not None and schema.made_of(file) != made_of:
        file.close()
        raise IndexUnusable(
            f"The index {path} was made with other settings of --trusted-authserv-id, --known, --dns or --dkim-keys, "
            "which facts of messages depend on. Give the same ones, or make it anew with these: mail-archive-mcp index."
        )
    return file


def _is_usable(file: sqlite3.Connection, form: int, made_of: str | None) -> bool:
    return form == schema.FORM and made_of in (None, schema.made_of(file))


def unusable(path: Path, error: Exception) -> IndexUnusable:
    """The error that says what is wrong with the file."""
    why = str(error)
    if isinstance(error, OSError):
        why = error.strerror or "it cannot be opened"
    return IndexUnusable(f"The index {path} cannot be used ({why}). Messages are read instead.")


def _refuse_others(path: Path) -> None:
    """
    Raises:
        IndexUnusable: the file, or its folder, is not this user's own.
    """
    why = why_not_own(path.parent) or why_not_own(path)
    if why is not None:
        raise IndexUnusable(f"The index {path} is not used: {why}.")


def _connected(path: Path, address: str) -> sqlite3.Connection:
    file = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    file.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    # A file that was damaged on purpose runs nothing (https://www.sqlite.org/security.html).
    file.execute("PRAGMA trusted_schema = OFF")
    file.execute("PRAGMA cell_size_check = ON")
    return file


def _quoted(path: Path) -> str:
    """A path as SQLite's URIs have it (https://www.sqlite.org/uri.html)."""
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _empty(file: sqlite3.Connection) -> None:
    """Take everything out of a file of another form."""
    tables = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall()
    virtual = [name for (name,) in tables if name == "words"]
    # Those that belong to a virtual table go with it.
    others = [name for (name,) in tables if not name.startswith("words")]
    for name in (*virtual, *others):
        file.execute(f'DROP TABLE IF EXISTS "{name}"')
    file.execute("PRAGMA application_id = 0")
    file.execute("VACUUM")
