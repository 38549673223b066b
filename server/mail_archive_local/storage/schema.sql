-- One local archive folder. Times are seconds since 1970 UTC.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE archive (
    number            INTEGER PRIMARY KEY,  -- the high bits of its messages' ids
    archive_id        TEXT NOT NULL UNIQUE,
    name              TEXT NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('ACTIVE', 'PENDING_DELETION')),
    retention         TEXT NOT NULL,
    retention_changed REAL,
    kms_key_arn       TEXT,
    tags              TEXT NOT NULL DEFAULT '[]',  -- JSON, as CreateArchive took them
    client_token      TEXT,
    created           REAL NOT NULL,
    updated           REAL NOT NULL,
    deleted           REAL
);
CREATE UNIQUE INDEX archive_active_name ON archive (name) WHERE state = 'ACTIVE';

CREATE TABLE message (
    id                  INTEGER PRIMARY KEY,  -- archive, second and place in it: newest last (see keys.py)
    archived_message_id TEXT NOT NULL UNIQUE,
    has_attachments     INTEGER NOT NULL,
    api_row             TEXT NOT NULL,  -- JSON: the Row of GetArchiveSearchResults
    metadata            TEXT NOT NULL   -- JSON: the Metadata of GetArchiveMessage
);

CREATE TABLE raw (
    id    INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);

-- What searches look at: decoded and case-folded header values.
CREATE TABLE searchable (
    id            INTEGER PRIMARY KEY,
    "to"          TEXT NOT NULL,
    "from"        TEXT NOT NULL,
    cc            TEXT NOT NULL,
    subject       TEXT NOT NULL,
    envelope_to   TEXT NOT NULL,
    envelope_from TEXT NOT NULL
);

-- Which messages hold three given letters in a row, per header; `searchable` then says whether they hold it all.
CREATE VIRTUAL TABLE trigram USING fts5 (
    "to", "from", cc, subject, envelope_to, envelope_from,
    content = 'searchable', content_rowid = 'id', detail = column, tokenize = 'trigram case_sensitive 1'
);

CREATE TABLE search (
    number    INTEGER PRIMARY KEY,
    search_id TEXT NOT NULL UNIQUE,
    archive   INTEGER NOT NULL,
    request   TEXT NOT NULL,  -- JSON: what StartArchiveSearch was given
    submitted REAL NOT NULL,
    running   REAL NOT NULL,
    completed REAL NOT NULL,
    cancelled REAL,
    found     TEXT NOT NULL   -- JSON: ids of the messages found, newest first
);
CREATE INDEX search_by_archive ON search (archive, number);
