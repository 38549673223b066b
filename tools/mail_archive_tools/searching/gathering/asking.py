"""What `filter_here` asks for, as conditions that an index answers, and as tests of what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.index.question import (
    Conditions,
    NumberCondition,
    RowCondition,
    RowMember,
    ValueCondition,
    bare_id,
)
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.facts.table import BY_NAME, FACTS, Bound, Fact
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.words.globs import Test, folded, test_of
from mail_archive_tools.words.questions import How, WordCondition, read_sought
from mail_archive_tools.words.texts import BODY

VALUE_CHARS = 10_000
"""How much of a header value patterns are matched against."""

FactsTest = Callable[[Facts], bool]
RowTest = Callable[[Row], bool]

_ROW_MEMBERS: dict[str, RowMember] = {"sender": "From", "subject": "Subject", "message_id": "MessageId"}
_WORD_MEMBERS: dict[str, tuple[tuple[str, ...], How]] = {
    "body": (BODY, "any"),
    "body_all": (BODY, "all"),
    "body_not": (BODY, "none"),
    "own_text": (("own",), "any"),
    "quoted_text": (("quoted",), "any"),
    "attachment_text": (("files",), "any"),
}
"""The members that ask for words: where these are looked for, and how many of them have to be there."""


def conditions_of(wanted: FilterHere) -> Conditions:
    """
    Raises:
        InvalidArgument: a value has nothing in it that could be matched.
    """
    _refuse_blank(wanted)
    asked = dict(wanted)
    rows = [RowCondition(member, tuple(asked[name])) for name, member in _ROW_MEMBERS.items() if asked[name]]

    values: list[ValueCondition] = []
    numbers: list[NumberCondition] = []
    for fact in FACTS:
        if fact.asked is not None and asked[fact.name]:
            patterns = tuple(asked[fact.name])
            values.append(ValueCondition(fact.name, patterns, fact.asked.kind, not fact.of_header_fields))
        numbers += [_number_of(bound, asked[bound.member]) for bound in fact.bounds if asked[bound.member]]

    words = [_words_of(name, asked[name]) for name in _WORD_MEMBERS if asked[name]]
    return Conditions(tuple(rows), tuple(values), tuple(numbers), tuple(words))


class FactsTests(NamedTuple):
    """Tests of what a message shows: those of its header fields and size, and those that take its body."""

    of_header_fields: list[FactsTest]
    of_body: list[FactsTest]

    def __bool__(self) -> bool:
        return bool(self.of_header_fields or self.of_body)


def facts_tests(conditions: Conditions) -> FactsTests:
    """The tests of what a message shows, one for each condition."""
    tests = FactsTests([], [])
    for condition in conditions.values:
        test = _value_test(condition, BY_NAME[condition.fact])
        if condition.of_body:
            tests.of_body.append(test)
        else:
            tests.of_header_fields.append(test)
    tests.of_header_fields.extend(map(_number_test, conditions.numbers))
    return tests


def row_tests(conditions: Conditions) -> list[RowTest]:
    """The tests of a row's header fields."""
    return [_row_test(condition) for condition in conditions.rows]


def _number_of(bound: Bound, value: float) -> NumberCondition:
    limit = value * bound.unit
    if bound.is_upper:
        return NumberCondition(bound.number, most=limit - 1)
    if bound.is_strict:
        return NumberCondition(bound.number, least=limit + 1)
    return NumberCondition(bound.number, least=limit)


def _words_of(name: str, values: list[str]) -> WordCondition:
    fields, how = _WORD_MEMBERS[name]
    member = f"filter_here.{name}"
    return WordCondition(fields, tuple([read_sought(each, member) for each in values]), how)


def _number_test(condition: NumberCondition) -> FactsTest:
    def is_within(facts: Facts) -> bool:
        number: float | None = getattr(facts, condition.name)
        if number is None:
            return False
        if condition.least is not None and number < condition.least:
            return False
        return condition.most is None or number <= condition.most

    return is_within


def _value_test(condition: ValueCondition, fact: Fact) -> FactsTest:
    """Whether one of the values passes one of the tests."""
    tests = [test_of(each, condition.kind) for each in condition.patterns]

    def passes(facts: Facts) -> bool:
        values: Iterable[str] = fact.asked.values(facts) if fact.asked else ()
        for value in values:
            shown = folded(value)
            if any(test(shown) for test in tests):
                return True
        return False

    return passes


def _row_test(condition: RowCondition) -> RowTest:
    member = condition.member
    if member == "MessageId":
        ids = [test_of(bare_id(each)) for each in condition.patterns]
        return lambda row: _any(ids, bare_id(row.get("MessageId", "")))
    tests = [test_of(each) for each in condition.patterns]
    return lambda row: _any(tests, row.get(member, ""))


def _any(tests: list[Test], value: str) -> bool:
    """Whether one of the tests passes."""
    shown = folded(decode_words(value))[:VALUE_CHARS]
    return any(test(shown) for test in tests)


def _refuse_blank(wanted: FilterHere) -> None:
    for name, values in wanted:
        if not isinstance(values, list):
            continue
        if not all(bare_id(folded(value)) for value in values):
            raise InvalidArgument(
                f"filter_here.{name} has a value with nothing in it that could be matched. Leave it out."
            )
