"""The tables of the index, and what makes a file one of them."""

import sqlite3

from mail_archive_tools.words.texts import FIELDS

FORM = 1
"""Another number where the tables, the tokenizer or the facts are others: the file is made anew then."""

APPLICATION = 0x4D414958
"""Says what the file is (https://www.sqlite.org/fileformat2.html#application_id): "MAIX"."""

_TABLES = """
CREATE TABLE made (number INTEGER PRIMARY KEY, of TEXT NOT NULL);
CREATE TABLE archive (number INTEGER PRIMARY KEY, archive_id TEXT NOT NULL UNIQUE, added_at REAL NOT NULL DEFAULT 0);
CREATE TABLE stretch (archive INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE message (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL, archive INTEGER NOT NULL, millisecond INTEGER NOT NULL,
    copy INTEGER NOT NULL, message_id INTEGER NOT NULL, answered INTEGER NOT NULL, is_answer INTEGER NOT NULL,
    attachment INTEGER NOT NULL, source INTEGER NOT NULL, sender INTEGER NOT NULL, subject INTEGER NOT NULL,
    recipients INTEGER NOT NULL, size_bytes INTEGER, date_distance REAL, is_cut INTEGER NOT NULL, unread TEXT,
    UNIQUE (archive, id)
);
CREATE INDEX message_unread ON message (key) WHERE unread IS NOT NULL;
CREATE INDEX message_cut ON message (key) WHERE is_cut;
CREATE TABLE header (
    key INTEGER PRIMARY KEY, from_ TEXT NOT NULL, to_ TEXT NOT NULL, cc TEXT NOT NULL, subject TEXT NOT NULL,
    envelope_from TEXT NOT NULL, envelope_to TEXT NOT NULL
);
CREATE TABLE shown (key INTEGER PRIMARY KEY, row BLOB NOT NULL, facts BLOB);
CREATE TABLE said (key INTEGER PRIMARY KEY, texts BLOB NOT NULL);
CREATE TABLE fact (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE value (number INTEGER PRIMARY KEY, fact INTEGER NOT NULL, value TEXT NOT NULL, UNIQUE (fact, value));
CREATE TABLE has (
    fact INTEGER NOT NULL, key INTEGER NOT NULL, place INTEGER NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (fact, key, place)
) WITHOUT ROWID;
CREATE INDEX has_value ON has (value, key);
"""
# The texts are tokenized already: runs of letters and digits with a space between them. `ascii` takes everything beyond
# ASCII as a letter, and changes nothing of it (https://www.sqlite.org/fts5.html#ascii_tokenizer). Nothing is told by
# how long a text is, so that its length is not kept.
_WORDS = (
    f"CREATE VIRTUAL TABLE words USING fts5 ({', '.join(FIELDS)}, content='', columnsize=0, detail=full, "
    "prefix='2', tokenize='ascii')"
)


def make(file: sqlite3.Connection, made_of: str) -> None:
    """Make the tables in an empty file, all or none of them."""
    file.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have made them in this moment.
        if form_of(file) is None:
            for statement in (*_TABLES.strip().split(";\n"), _WORDS):
                file.execute(statement)
            file.execute("INSERT INTO made (number, of) VALUES (1, ?)", (made_of,))
            file.execute(f"PRAGMA application_id = {APPLICATION}")
            file.execute(f"PRAGMA user_version = {FORM}")
        file.execute("COMMIT")
    except sqlite3.Error:
        file.execute("ROLLBACK")
        raise


def form_of(file: sqlite3.Connection) -> int | None:
    """The form of the tables in a file; None where it is empty.

    Raises:
        sqlite3.DatabaseError: it is another program's file.
    """
    application = file.execute("PRAGMA application_id").fetchone()[0]
    if application == APPLICATION:
        form: int = file.execute("PRAGMA user_version").fetchone()[0]
        return form

    tables = file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables or application:
        raise sqlite3.DatabaseError("it is another program's")
    return None


def made_of(file: sqlite3.Connection) -> str:
    """What was known, beside the messages, when they were read."""
    found: str = file.execute("SELECT of FROM made").fetchone()[0]
    return found
