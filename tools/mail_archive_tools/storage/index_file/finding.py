"""Questions answered by the tables of the index."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from mail_archive_tools.index.engine import Counted, FoundEntry, FoundPart, Looked
from mail_archive_tools.index.entry import Labels
from mail_archive_tools.index.question import Question
from mail_archive_tools.storage.index_file.conditions import (
    Sql,
    add_header_fields,
    matching,
    of_filters,
    without_words,
)
from mail_archive_tools.storage.index_file.keys import first_key, last_key, second_of
from mail_archive_tools.storage.index_file.packing import unpack_row
from mail_archive_tools.words.questions import seen_only

_KEYS_AT_ONCE = 500
BETWEEN_RECIPIENTS = "\n"
CUT, FILES_CUT = 1, 2
"""What of a message is cut: its text, and what its files say."""


def find(file: sqlite3.Connection, archive: int, question: Question, limit: int) -> FoundPart:
    """The first messages: so many, and all of the last one's second."""
    sql = matching(question, archive)
    direction = "DESC" if question.newest_first else "ASC"
    first = sql.select(file, "m.key", f"ORDER BY m.key {direction} LIMIT ?", limit)
    keys = [key for (key,) in first]

    reached = question.first if question.newest_first else question.last
    if len(keys) == limit:
        reached = second_of(keys[-1])
        of_last = sql.select(
            file, "m.key", "AND m.key BETWEEN ? AND ?", first_key(archive, reached), last_key(archive, reached)
        )
        keys = list(dict.fromkeys([*keys, *[key for (key,) in of_last]]))

    hidden = _hidden_keys(file, archive, question, keys)
    return FoundPart([_entry(file, key, key in hidden) for key in keys], reached)


def looked(file: sqlite3.Connection, archive: int, question: Question) -> Looked:
    """What was looked at for an answer to a question."""
    conditions = question.conditions
    messages = _count(file, of_filters(question, archive))
    if not conditions.ask_content:
        return Looked(messages)

    # Of those that never came, not even the header fields are known.
    unread = _count(file, of_filters(question, archive), "AND m.unread IS NOT NULL AND m.size_bytes IS NULL")
    if conditions.ask_body:
        by_headers = of_filters(question, archive)
        add_header_fields(by_headers, conditions)
        unread += _count(file, by_headers, "AND m.unread IS NOT NULL AND m.size_bytes IS NOT NULL")
    return Looked(messages, unread, _count_cut(file, archive, question))


def counted(file: sqlite3.Connection, archive: int, question: Question, limit: int) -> Counted | None:
    """What is counted of each message that is found; None where there are more than `limit`."""
    sql = matching(question, archive)
    columns = f"m.key, m.id, m.millisecond, m.copy, m.sender, m.subject, m.recipients, {_NUMBERS}"
    rows = sql.select(file, columns, "LIMIT ?", limit + 1).fetchall()
    if len(rows) > limit:
        return None
    texts = _texts(file, rows)
    recipients = {number: _recipients(text) for number, text in texts.items()}
    labels = [_labels(row, texts, recipients) for row in rows]
    keys = [row[0] for row in rows]
    hidden = _hidden_keys(file, archive, question, keys)
    unread = sql.select(file, "m.id, m.unread", "AND m.unread IS NOT NULL").fetchall()
    return Counted(labels, {row[1] for row in rows if row[0] in hidden}, dict(unread))


def _labels(row: Any, texts: dict[int, str], recipients: dict[int, tuple[str, ...]]) -> Labels:
    _, archived_message_id, millisecond, copy, sender, subject, to, *numbers = row
    attachment, source, message_id, answered, is_answer = numbers
    return Labels(
        archived_message_id, millisecond, copy, texts[sender], texts[subject], recipients[to], attachment, source,
        message_id, answered, bool(is_answer),
    )  # fmt: skip


def values(file: sqlite3.Connection, archive: int, question: Question, fact: str) -> dict[str, tuple[str, ...]]:
    """The values of a fact, by the ids of the messages that are found and have some."""
    sql = matching(question, archive)
    ids = dict(sql.select(file, "m.key, m.id").fetchall())
    query = (
        "SELECT h.key, v.value FROM has h JOIN value v ON v.number = h.value "
        "WHERE h.fact = (SELECT number FROM fact WHERE name = ?) AND h.key BETWEEN ? AND ? ORDER BY h.key, h.place"
    )
    found: dict[str, list[str]] = {}
    for key, value in file.execute(query, (fact, sql.first, sql.last)):
        archived_message_id = ids.get(key)
        if archived_message_id is not None:
            found.setdefault(archived_message_id, []).append(value)
    return {each: tuple(of_it) for each, of_it in found.items()}


def one(file: sqlite3.Connection, query: str, values_of_it: tuple[Any, ...]) -> Any:
    """The first column of the first row that a query finds; None where it finds none."""
    found = file.execute(query, values_of_it).fetchone()
    if found is None:
        return None
    return found[0]


def _count(file: sqlite3.Connection, sql: Sql, rest: str = "") -> int:
    found: int = sql.select(file, "count(*)", rest).fetchone()[0]
    return found


def _count_cut(file: sqlite3.Connection, archive: int, question: Question) -> int:
    """How many messages have none of the words in what is there of them, which is not all."""
    words = question.conditions.words
    if not words:
        return 0

    # What files say matters to those who look for words in it.
    kinds = CUT
    if any("files" in each.fields for each in words):
        kinds |= FILES_CUT
    is_cut = f"AND m.is_cut & {kinds}"
    cut = _count(file, matching(without_words(question), archive), is_cut)
    if not cut:
        return 0
    return cut - _count(file, matching(question, archive), is_cut)


def _hidden_keys(file: sqlite3.Connection, archive: int, question: Question, keys: list[int]) -> set[int]:
    """Those of the messages found that have the words nowhere but in what their readers do not see."""
    words = question.conditions.words
    seen = tuple(map(seen_only, words))
    if seen == words or not keys:
        return set()

    range_of_keys = replace(question, first=second_of(min(keys)), last=second_of(max(keys)))
    narrowed = replace(range_of_keys, conditions=replace(question.conditions, words=seen))
    visible = {key for (key,) in matching(narrowed, archive).select(file, "m.key")}
    return set(keys) - visible


_NUMBERS = "m.attachment, m.source, m.message_id, m.answered, m.is_answer"


def _texts(file: sqlite3.Connection, rows: list[Any]) -> dict[int, str]:
    """The texts that rows name by their numbers: senders, subjects, and lists of recipients."""
    numbers = {number for row in rows for number in row[4:7]}
    texts: dict[int, str] = {}
    wanted = sorted(numbers)
    for start in range(0, len(wanted), _KEYS_AT_ONCE):
        some = wanted[start : start + _KEYS_AT_ONCE]
        marks = ", ".join("?" * len(some))
        texts.update(file.execute(f"SELECT number, value FROM value WHERE number IN ({marks})", some))
    return texts


def _recipients(joined: str) -> tuple[str, ...]:
    return tuple(joined.split(BETWEEN_RECIPIENTS))


def _entry(file: sqlite3.Connection, key: int, is_hidden: bool) -> FoundEntry:
    row, facts = file.execute("SELECT row, facts FROM shown WHERE key = ?", (key,)).fetchone()
    return FoundEntry(unpack_row(row), facts, is_hidden)
