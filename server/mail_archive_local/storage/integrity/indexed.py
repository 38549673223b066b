"""The index against the messages: that it has each of their words of three letters, and no other.

FTS5's own check looks at how the index is built, and compares checksums; it combines those by XOR, so that two entries
that are wrong in the same way look right. Here the entries of each word are added up, with their keys and columns.
"""

from collections.abc import Sequence
from sqlite3 import SQLITE_INTERRUPT, Connection, DatabaseError

from mail_archive_local.storage.reading import DISK

COLUMNS = ("to", "from", "cc", "subject", "envelope_to", "envelope_from")
"""What searches look at, in the order of the table."""

_WEIGHTS = {name: weight for weight, name in enumerate(COLUMNS, 1)}
_OF_COLUMN = " ".join(f"WHEN '{name}' THEN {weight}" for name, weight in _WEIGHTS.items())
_SUMS = (
    "SELECT term, sum(weight), sum(weight * (doc & 4294967295)), sum(weight * (doc >> 32)) "
    f"FROM (SELECT term, doc, CASE col {_OF_COLUMN} END AS weight FROM temp.entry) GROUP BY term"
)
_LOW_BITS, _ALL_BITS = 32, 100
_COMPARE = "INSERT INTO {}.trigram (trigram, rank) VALUES ('integrity-check', 1)"
_TABLES = ("data", "idx", "docsize", "config")
"""What FTS5 keeps an index in, of a table that is not its own (https://www.sqlite.org/fts5.html)."""


class Expected:
    """The sums that the entries of an index should have, by their words."""

    def __init__(self) -> None:
        self._sums: dict[bytes, int] = {}

    def add(self, key: int, searchable: Sequence[str | bytes]) -> None:
        """Add what is to be indexed of a message."""
        sums = self._sums
        for weight, text in enumerate(searchable, 1):
            letters = _letters(text)
            entry = _entry(weight, weight * key)
            for word in {letters[start : start + 3] for start in range(len(letters) - 2)}:
                term = word.encode("utf-8", "surrogateescape")
                sums[term] = sums.get(term, 0) + entry

    def is_in(self, db: Connection, schema: str) -> bool:
        """Whether the index is built as it should be, and has these sums. The connection reads texts as bytes."""
        try:
            _look_at_structure(db, schema)
            db.execute("DROP TABLE IF EXISTS temp.entry")
            db.execute(f"CREATE VIRTUAL TABLE temp.entry USING fts5vocab('{schema}', 'trigram', 'instance')")

            left = dict(self._sums)
            for term, weights, low, high in db.execute(_SUMS):
                if left.pop(term, None) != _entry(weights, low + (high << _LOW_BITS)):
                    return False
        except TypeError:
            # A sum of what is no number is none.
            return False
        except DatabaseError as error:
            if error.sqlite_errorcode == SQLITE_INTERRUPT:
                raise
            return False
        return not left


def _letters(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    return text.decode("utf-8", "surrogateescape")


def _entry(weights: int, keys: int) -> int:
    return (weights << _ALL_BITS) + keys


def _look_at_structure(db: Connection, schema: str) -> None:
    """Have FTS5 look at it. SQLite takes that for a statement that writes: where the folder is only read, a copy in
    memory is looked at.

    Raises:
        DatabaseError: it is not built as it should be.
    """
    if schema == DISK:
        _copy_index(db)
        schema = "temp"
    db.execute(_COMPARE.format(schema))


def _copy_index(db: Connection) -> None:
    """The index in memory, beside a view of what it is of."""
    (definition,) = db.execute(f"SELECT sql FROM {DISK}.sqlite_master WHERE name = 'trigram'").fetchone()
    text = _letters(definition)
    db.execute("DROP TABLE IF EXISTS temp.trigram")
    db.execute("DROP VIEW IF EXISTS temp.searchable")
    db.execute(f"CREATE TEMP VIEW searchable AS SELECT * FROM {DISK}.searchable")
    db.execute(text.replace("TABLE trigram", "TABLE temp.trigram", 1))
    for name in _TABLES:
        db.execute(f"DELETE FROM temp.trigram_{name}")
        db.execute(f"INSERT INTO temp.trigram_{name} SELECT * FROM {DISK}.trigram_{name}")
