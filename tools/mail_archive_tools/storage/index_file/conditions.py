"""A question as SQL on the tables of the index. Pure, but for what of a question only Python can tell of a value."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from mail_archive_tools.index.contains import fold
from mail_archive_tools.index.question import (
    Conditions,
    Filters,
    NumberCondition,
    Question,
    RowCondition,
    ValueCondition,
    bare_id,
)
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.storage.index_file.keys import first_key, last_key
from mail_archive_tools.storage.index_file.packing import storable, unpack_row, unpack_texts
from mail_archive_tools.words.globs import folded, test_of
from mail_archive_tools.words.questions import Part, Phrase, WordCondition
from mail_archive_tools.words.texts import Sayings

_COLUMNS = {
    "FROM": "from_", "TO": "to_", "CC": "cc", "SUBJECT": "subject", "ENVELOPE_FROM": "envelope_from",
    "ENVELOPE_TO": "envelope_to",
}  # fmt: skip
_NUMBERS = ("size_bytes", "date_distance")
VALUE_CHARS = 10_000
"""How much of a header field's value patterns are matched against."""

Tell = Callable[[Any], bool]


class Sql:
    """Conditions on the table `message m` that all hold, and the values that stand in them. `match` is an expression of
    FTS5 that holds as well. `functions` are what SQL cannot say, and a connection is to have."""

    def __init__(self, question: Question, archive: int) -> None:
        self.match = ""
        self._wheres: list[str] = []
        self._values: list[Any] = []
        self._functions: dict[str, Tell] = {}
        self.first = first_key(archive, question.first)
        self.last = last_key(archive, question.last)
        if question.begin is not None:
            self.add("m.millisecond >= ?", question.begin)
        if question.end is not None:
            self.add("m.millisecond <= ?", question.end)

    def add(self, where: str, *values: Any) -> None:
        self._wheres.append(where)
        self._values.extend(values)

    def function(self, tell: Tell) -> str:
        """The name of a function of one value."""
        name = f"tell_{len(self._functions)}"
        self._functions[name] = tell
        return name

    def select(self, file: sqlite3.Connection, what: str, rest: str = "", *values: Any) -> sqlite3.Cursor:
        """What of the messages, whose key is `m.key`; `rest` stands behind the conditions."""
        for name, tell in self._functions.items():
            file.create_function(name, 1, tell, deterministic=True)

        # The keys of FTS5's rows are in the order of time, too: it gives those of a range, in either order.
        source, key = "message m", "m.key"
        bounds: list[Any] = [self.first, self.last]
        wheres = [f"{key} BETWEEN ? AND ?", *self._wheres]
        if self.match:
            source, key = "words w JOIN message m ON m.key = w.rowid", "w.rowid"
            wheres = ["w.words MATCH ?", f"{key} BETWEEN ? AND ?", *self._wheres]
            bounds.insert(0, self.match)
        query = f"SELECT {what} FROM {source} WHERE {' AND '.join(wheres)} {rest.replace('m.key', key)}"
        return file.execute(query, (*bounds, *self._values, *values))


def of_filters(question: Question, archive: int) -> Sql:
    """Which messages of a range the Filters find."""
    sql = Sql(question, archive)
    wheres: list[str] = []
    values: list[Any] = []
    for filters in question.alternatives:
        if not filters:
            # It finds all messages.
            return sql
        where, of_these = _of_filters(filters)
        wheres.append(where)
        values += of_these
    sql.add(f"({' OR '.join(wheres)})", *values)
    return sql


def matching(question: Question, archive: int) -> Sql:
    """Which messages a question finds; the cheapest conditions first."""
    sql = of_filters(question, archive)
    add_header_fields(sql, question.conditions)
    for values in question.conditions.values:
        if values.of_body:
            _add_values(sql, values)
    _add_words(sql, question.conditions.words)
    return sql


def add_header_fields(sql: Sql, conditions: Conditions) -> None:
    """Add what header fields and size tell of a message."""
    for number in conditions.numbers:
        _add_number(sql, number)
    for row in conditions.rows:
        _add_row_condition(sql, row)
    for values in conditions.values:
        if not values.of_body:
            _add_values(sql, values)


def without_words(question: Question) -> Question:
    """The question without what it asks of words."""
    return replace(question, conditions=replace(question.conditions, words=()))


def _of_filters(filters: Filters) -> tuple[str, list[Any]]:
    wheres: list[str] = []
    values: list[Any] = []
    for name, negation in (("Include", ""), ("Unless", "NOT ")):
        for condition in filters.get(name, ()):
            where, of_condition = _of_condition(condition)
            wheres.append(f"{negation}{where}")
            values += of_condition
    return f"({' AND '.join(wheres)})", values


def _of_condition(condition: Filters) -> tuple[str, list[Any]]:
    """A condition of the API."""
    boolean = condition.get("BooleanExpression")
    if boolean is not None:
        return "m.attachment = ?", [int(boolean["Operator"] == "IS_TRUE")]

    expression = condition["StringExpression"]
    column = _COLUMNS[expression["Evaluate"]["Attribute"]]
    wanted = [storable(fold(value)) for value in expression["Values"]]
    holds = " OR ".join([f"instr(h.{column}, ?) > 0"] * len(wanted))
    return f"EXISTS (SELECT 1 FROM header h WHERE h.key = m.key AND ({holds}))", wanted


def _add_row_condition(sql: Sql, condition: RowCondition) -> None:
    if condition.member != "MessageId":
        tests = [test_of(pattern) for pattern in condition.patterns]
        name = sql.function(_passing(tests, lambda value: folded(decode_words(value))[:VALUE_CHARS]))
        _add_having(sql, condition.member, name)
        return

    tests = [test_of(bare_id(pattern)) for pattern in condition.patterns]
    name = sql.function(_passing(tests, _message_id_of))
    sql.add(f"EXISTS (SELECT 1 FROM shown s WHERE s.key = m.key AND {name}(s.row))")


def _message_id_of(packed: bytes) -> str:
    written = unpack_row(packed).get("MessageId", "")
    return folded(decode_words(bare_id(written)))[:VALUE_CHARS]


def _add_number(sql: Sql, condition: NumberCondition) -> None:
    if condition.name not in _NUMBERS:
        raise ValueError(f"the index knows no number {condition.name}")
    if condition.least is not None:
        sql.add(f"m.{condition.name} >= ?", condition.least)
    if condition.most is not None:
        sql.add(f"m.{condition.name} <= ?", condition.most)


def _add_values(sql: Sql, condition: ValueCondition) -> None:
    tests = [test_of(pattern, condition.kind) for pattern in condition.patterns]
    _add_having(sql, condition.fact, sql.function(_passing(tests, folded)))


def _passing(tests: list[Callable[[str], bool]], show: Callable[[Any], str]) -> Tell:
    def passes(value: Any) -> bool:
        shown = show(value)
        return any(test(shown) for test in tests)

    return passes


def _add_having(sql: Sql, fact: str, function: str) -> None:
    """Add that a value of a fact passes a function. Each value is tested once, however many messages have it."""
    passing = f"SELECT number FROM value WHERE fact = (SELECT number FROM fact WHERE name = ?) AND {function}(value)"
    sql.add(f"m.key IN (SELECT key FROM has WHERE value IN ({passing}))", fact)


def _add_words(sql: Sql, conditions: Iterable[WordCondition]) -> None:
    expressions: list[str] = []
    for condition in conditions:
        if condition.takes_parts:
            _add_read_condition(sql, condition)
        elif condition.how == "none":
            # FTS5 has no negation that stands alone. What was not read is known to lack no word.
            match = _expression(condition)
            sql.add("m.unread IS NULL AND m.key NOT IN (SELECT rowid FROM words WHERE words MATCH ?)", match)
        else:
            expressions.append(f"({_expression(condition)})")
    sql.match = " AND ".join(expressions)


def _add_read_condition(sql: Sql, condition: WordCondition) -> None:
    """Add what takes a look at the texts: parts of words."""

    def holds(packed: bytes) -> bool:
        return Sayings(unpack_texts(packed)).fulfil(condition)

    name = sql.function(holds)
    sql.add(f"m.unread IS NULL AND EXISTS (SELECT 1 FROM said WHERE said.key = m.key AND {name}(said.texts))")


def _expression(condition: WordCondition) -> str:
    """A condition as FTS5 has it."""
    joint = " AND " if condition.how == "all" else " OR "
    fields = " ".join(condition.fields)
    phrases = [f"({{{fields}}} : {_phrase(each)})" for each in condition.sought if not isinstance(each, Part)]
    return joint.join(phrases)


def _phrase(phrase: Phrase) -> str:
    """Its words are letters and digits alone, so that no quotation mark is among them."""
    words = f'"{" ".join(phrase.words)}"'
    if phrase.is_prefix:
        return f"{words} *"
    return words
