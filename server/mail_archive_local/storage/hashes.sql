-- Since version 3: a SHA-256 of each row that an answer is made of (see hashes.py).

CREATE TABLE message_hash (
    id     INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL,
    later  REAL  -- when it was made, where that was after the message was put in
);

CREATE TABLE row_hash (
    "table" TEXT NOT NULL,
    number  INTEGER NOT NULL,  -- of the row; 0: of all rows together
    sha256  BLOB NOT NULL,
    PRIMARY KEY ("table", number)
) WITHOUT ROWID;
