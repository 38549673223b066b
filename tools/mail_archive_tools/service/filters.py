"""Our search words as the API's ArchiveFilters. Pure."""

from typing import Any

from mail_archive_tools.calls.quoting import quoted
from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models.filters import ArchiveFilters, SearchWords

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
    unless = []
    if exclude:
        unless = _conditions(exclude)
        # Any of these is enough to leave a message out, so they need no search of their own.
        unless += _participations(exclude)

    participations = _participations(words)
    if not participations:
        return (all_of(include, unless),)
    return tuple(all_of([*include, participation], unless) for participation in participations)


def _participations(words: SearchWords) -> list[Filters]:
    """A condition for each header field that may name the participant."""
    if not words.participant:
        return []
    return [contains(attribute, words.participant) for attribute in PARTICIPATION]


def all_of(include: list[Filters], unless: list[Filters] | None = None) -> Filters | None:
    """The Filters that hold where all of `include` do and none of `unless`; None without any condition."""
    filters = {"Include": include, "Unless": unless}
    return {name: conditions for name, conditions in filters.items() if conditions} or None


def contains(attribute: str, values: list[str]) -> Filters:
    """The condition that an attribute of the API contains any of these values."""
    return {"StringExpression": {"Evaluate": {"Attribute": attribute}, "Operator": "CONTAINS", "Values": list(values)}}


def request_filters(filters: ArchiveFilters | None) -> Filters | None:
    """The Filters that a caller spelled out; None where they have no condition.

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

    asked = filters.request()
    return all_of(asked.get("Include", []), asked.get("Unless", []))


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


def said_of(filters: Filters | None) -> tuple[str, ...]:
    """What Filters of the API ask, for a person, a line for each condition: `FROM contains "a" or "b"`, `SUBJECT
    contains neither "c" nor "d"`, `HAS_ATTACHMENTS is true`."""
    if filters is None:
        return ()

    included = (_said_of_condition(each, "is", "contains", " or ") for each in filters.get("Include", []))
    left_out = (_said_of_left_out(each) for each in filters.get("Unless", []))
    return (*included, *left_out)


def _said_of_left_out(condition: Filters) -> str:
    """What a condition says of those that it leaves out."""
    values = condition.get("StringExpression", {}).get("Values", ())
    if len(values) > 1:
        return _said_of_condition(condition, "is not", "contains neither", " nor ")
    return _said_of_condition(condition, "is not", "does not contain", "")


def _said_of_condition(condition: Filters, being: str, containing: str, between: str) -> str:
    if "BooleanExpression" in condition:
        expression = condition["BooleanExpression"]
        attribute = expression["Evaluate"]["Attribute"]
        return f"{attribute} {being} {_TRUTHS[expression['Operator']]}"

    expression = condition["StringExpression"]
    attribute = expression["Evaluate"]["Attribute"]
    values = between.join(map(quoted, expression["Values"]))
    return f"{attribute} {containing} {values}"


_TRUTHS = {"IS_TRUE": "true", "IS_FALSE": "false"}
