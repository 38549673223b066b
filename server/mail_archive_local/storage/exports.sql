-- Since version 2: exports, and what retention and exports that were read back need.

CREATE TABLE export (
    number     INTEGER PRIMARY KEY,
    export_id  TEXT NOT NULL UNIQUE,
    archive    INTEGER NOT NULL,
    request    TEXT NOT NULL,  -- JSON: what StartArchiveExport was given
    submitted  REAL NOT NULL,
    state      TEXT NOT NULL CHECK (
        state IN ('QUEUED', 'PREPROCESSING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')
    ),
    completed  REAL,
    error      TEXT,
    stop_asked REAL,
    delivered  INTEGER NOT NULL DEFAULT 0  -- how many of its messages are in the bucket
);
CREATE INDEX export_by_archive ON export (archive, number);

-- The messages of an export that has not ended, in the order of delivery.
CREATE TABLE export_message (
    export INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    key    INTEGER NOT NULL,
    PRIMARY KEY (export, place)
) WITHOUT ROWID;

-- Messages whose id is not made of their bytes, since another archive gave it: the SHA-256 of those bytes.
CREATE TABLE given_id (
    id     INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL
);

-- Objects of exports that have been read: an import that goes on need not fetch them again.
CREATE TABLE imported_object (
    archive INTEGER NOT NULL,
    origin  TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (archive, origin)
) WITHOUT ROWID;
