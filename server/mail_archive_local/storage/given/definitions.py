"""Triggers, views, and tables that are not defined as this program makes them. They could answer what they like, or
never end.
"""

import re
import sqlite3
import sys
from functools import cache
from typing import NamedTuple

from mail_archive_local.storage.reading import SCRIPTS, statements

_COMMENT = re.compile(r"""('[^']*'|"[^"]*")|--[^\n]*""")
_SPACE = re.compile(r"""('[^']*'|"[^"]*")|\s+""")
_NAME_CHARACTERS, _NAMED = 80, 3


class Definition(NamedTuple):
    """A row of `sqlite_master`, its statement without comments."""

    kind: str
    name: str
    table: str
    sql: str

    def __str__(self) -> str:
        """As it is named in a sentence, whatever stands in it."""
        return ascii(f"{self.kind} {self.name}")[1:-1][:_NAME_CHARACTERS]


def _statistics(number: int, columns: str) -> Definition:
    name = f"sqlite_stat{number}"
    return Definition("table", name, name, f"CREATE TABLE {name}({columns})")


_STATISTICS = {
    _statistics(1, "tbl,idx,stat"),
    _statistics(2, "tbl,idx,sampleno,sample"),
    _statistics(3, "tbl,idx,neq,nlt,ndlt,sample"),
    _statistics(4, "tbl,idx,neq,nlt,ndlt,sample"),
}
"""What ANALYZE makes (https://www.sqlite.org/fileformat2.html, 2.6): it says what is fast, not what is in it."""


def harden(db: sqlite3.Connection) -> None:
    """Have a database's own definitions run no function that could harm; from Python 3.12, no trigger and no view."""
    db.execute("PRAGMA trusted_schema = OFF")
    if sys.version_info >= (3, 12):
        db.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        db.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, False)
        db.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_VIEW, False)


def why_strange(db: sqlite3.Connection, schema: str) -> str:
    """What is there that is not defined as it was made, as part of a sentence; "" where there is nothing."""
    others = sorted(map(str, _defined(db, schema) - _made() - _STATISTICS))
    if not others:
        return ""
    some = ", ".join(others[:_NAMED])
    if len(others) == 1:
        return f"{some} is not defined as it was made"
    if len(others) > _NAMED:
        some = f"{some} and {len(others) - _NAMED:,} more"
    return f"{some} are not defined as they were made"


def missing(db: sqlite3.Connection, schema: str) -> list[str]:
    """What was made and is not there."""
    here = {(each.kind, each.name) for each in _defined(db, schema)}
    return sorted(str(each) for each in _made() if (each.kind, each.name) not in here)


@cache
def _made() -> frozenset[Definition]:
    """All that this version makes."""
    with sqlite3.connect(":memory:") as empty:
        for script in SCRIPTS:
            for statement in statements(script):
                empty.execute(statement)
        made = _defined(empty, "main")
    empty.close()
    return made


def _defined(db: sqlite3.Connection, schema: str) -> frozenset[Definition]:
    rows = db.execute(f"SELECT type, name, tbl_name, sql FROM {schema}.sqlite_master")
    return frozenset(Definition(str(kind), str(name), str(table), _plain(sql)) for kind, name, table, sql in rows)


def _plain(sql: object) -> str:
    """A statement without comments, each space as one; what stands in quotation marks stays as it is."""
    without_comments = _COMMENT.sub(lambda found: found[1] or "", str(sql))
    return _SPACE.sub(lambda found: found[1] or " ", without_comments)
