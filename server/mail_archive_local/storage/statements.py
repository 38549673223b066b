"""A search as SQL: the trigram index proposes candidates, the header values decide. Pure."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from mail_archive_local.storage import row_keys as keys

_LONGEST_PROBE = 12
"""How many trigrams of a value are looked up at most."""


class TextCondition(NamedTuple):
    """A header holds any of these folded values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """What a search looks for; both ends of the time range belong to it."""

    archive: int
    first_second: int
    last_second: int
    include: tuple[TextCondition, ...] = ()
    unless: tuple[TextCondition, ...] = ()
    include_attachments: tuple[bool, ...] = ()
    unless_attachments: tuple[bool, ...] = ()


def select(query: Query) -> tuple[str, list[Any]]:
    """The SQL that gives the keys of the newest messages that match, and its values, the limit left to be added."""
    wheres: list[str] = []
    values: list[Any] = []
    match = " AND ".join(filter(None, map(_trigram_match, query.include)))
    tables, key = "searchable s", "s.id"
    if match:
        # CROSS has SQLite look into the index first, whatever it thinks (https://www.sqlite.org/optoverview.html).
        tables, key = "trigram t CROSS JOIN searchable s ON s.id = t.rowid", "t.rowid"
        wheres.append("trigram MATCH ?")
        values.append(match)

    wheres.append(f"{key} BETWEEN ? AND ?")
    values.append(keys.first_key(query.archive, query.first_second))
    values.append(keys.last_key(query.archive, query.last_second))
    for negation, conditions in (("", query.include), ("NOT ", query.unless)):
        for condition in conditions:
            holds = " OR ".join([f'instr(s."{condition.column}", ?) > 0'] * len(condition.values))
            wheres.append(f"{negation}({holds})")
            values.extend(condition.values)
    for negation, flags in (("", query.include_attachments), ("NOT ", query.unless_attachments)):
        for flag in flags:
            wheres.append(f"{negation}(SELECT has_attachments = ? FROM message m WHERE m.id = s.id)")
            values.append(flag)

    where = " AND ".join(wheres)
    return f"SELECT {key} FROM {tables} WHERE {where} ORDER BY {key} DESC LIMIT ?", values


def _trigram_match(condition: TextCondition) -> str:
    """An FTS5 expression that every match of the condition fulfils; empty where a value has no three letters."""
    if any(len(value) < 3 for value in condition.values):
        return ""
    probes = [f"({_probe(condition.column, value)})" for value in condition.values]
    return f"({' OR '.join(probes)})"


def _probe(column: str, value: str) -> str:
    """A few trigrams of the value, spread over it: enough to be rare, few enough to be quick."""
    last = len(value) - 3
    count = min(last + 1, _LONGEST_PROBE)
    gaps = max(count - 1, 1)
    starts = sorted({round(index * last / gaps) for index in range(count)})

    # In a string of FTS5, a quotation mark is written twice (https://www.sqlite.org/fts5.html#fts5_strings).
    quoted = (value[start : start + 3].replace('"', '""') for start in starts)
    return " AND ".join(f'"{column}" : "{trigram}"' for trigram in quoted)
