"""Our search words as the API's ArchiveFilters. Pure."""

from typing import Any

from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models.filters import ArchiveFilters, SearchWords
from mail_archive_tools.untrusted import clean_line

Filters = dict[str, Any]
"""What StartArchiveSearch takes as Filters; None where everything matches."""

_ATTRIBUTES = {
    "sender": "FROM",
    "recipient": "TO",
    "cc": "CC",
    "subject": "SUBJECT",
    "envelope_sender": "ENVELOPE_FROM",
    "envelope_recipient": "ENVELOPE_TO",
}
PARTICIPATION = ("FROM", "TO", "CC")
"""The header fields that name a participant."""


def filters_of(words: SearchWords, exclude: SearchWords | None = None) -> tuple[Filters | None, ...]:
    """The Filters of the searches that find `words` without `exclude`: one search, or with `participant` one for each
    field that may name one, since all conditions of a search must hold."""
    include = _conditions(words)
    unless = _conditions(exclude) if exclude else []
    if exclude and exclude.participant:
        # Any of these is enough to leave a message out, so they need no search of their own.
        unless += [contains(attribute, exclude.participant) for attribute in PARTICIPATION]

    if not words.participant:
        return (all_of(include, unless),)
    return tuple(all_of([*include, contains(attribute, words.participant)], unless) for attribute in PARTICIPATION)


def all_of(include: list[Filters], unless: list[Filters] | None = None) -> Filters | None:
    """The Filters that hold where all of `include` do and none of `unless`; None without any condition."""
    filters = {"Include": include, "Unless": unless}
    return {name: conditions for name, conditions in filters.items() if conditions} or None


def contains(attribute: str, values: list[str]) -> Filters:
    """The condition that an attribute of the API contains any of these values."""
    return {"StringExpression": {"Evaluate": {"Attribute": attribute}, "Operator": "CONTAINS", "Values": list(values)}}


def request_filters(filters: ArchiveFilters | None) -> Filters | None:
    """The Filters that a caller spelled out.

    Raises:
        InvalidArgument: a condition has both expressions, or none.
    """
    if filters is None:
        return None
    for condition in [*(filters.include or []), *(filters.unless or [])]:
        if (condition.string_expression is None) == (condition.boolean_expression is None):
            raise InvalidArgument(
                "Each condition of filters has either string_expression or boolean_expression: give exactly one."
            )

    return filters.request()


def _conditions(words: SearchWords) -> list[Filters]:
    """A condition for each kind of word but `participant`."""
    conditions = []
    for name, attribute in _ATTRIBUTES.items():
        values = getattr(words, name)
        if values:
            conditions.append(contains(attribute, values))
    if words.has_attachments is not None:
        operator = "IS_TRUE" if words.has_attachments else "IS_FALSE"
        expression = {"Evaluate": {"Attribute": "HAS_ATTACHMENTS"}, "Operator": operator}
        conditions.append({"BooleanExpression": expression})

    return conditions


def said_of(filters: Filters | None) -> str:
    """What Filters of the API ask, for a person: `FROM contains "a" or "b"; not SUBJECT contains "c"`."""
    if filters is None:
        return "none: all messages"
    said = [_said_of_condition(each) for each in filters.get("Include", [])]
    said += [f"not {_said_of_condition(each)}" for each in filters.get("Unless", [])]
    return "; ".join(said)


def _said_of_condition(condition: Filters) -> str:
    if "BooleanExpression" in condition:
        expression = condition["BooleanExpression"]
        return f"{expression['Evaluate']['Attribute']} {expression['Operator']}"
    expression = condition["StringExpression"]
    values = " or ".join(f'"{clean_line(value)}"' for value in expression["Values"])
    return f"{expression['Evaluate']['Attribute']} contains {values}"
