"""Our search words as the API's ArchiveFilters. Pure."""

from typing import Any

from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models.filters import (
    ArchiveFilters,
    BooleanExpression,
    BooleanToEvaluate,
    FilterCondition,
    SearchWords,
    StringExpression,
    StringToEvaluate,
)

ATTRIBUTES = {
    "sender": "FROM",
    "recipient": "TO",
    "cc": "CC",
    "subject": "SUBJECT",
    "envelope_sender": "ENVELOPE_FROM",
    "envelope_recipient": "ENVELOPE_TO",
}


def archive_filters(words: SearchWords, exclude: SearchWords | None = None) -> ArchiveFilters | None:
    """What finds `words` without `exclude`; None when both are empty, and everything matches."""
    include, unless = _conditions(words), _conditions(exclude) if exclude else []
    if not include and not unless:
        return None
    return ArchiveFilters(include=include or None, unless=unless or None)


def search_filters(exclude: SearchWords | None, **words: Any) -> dict[str, Any] | None:
    """The API's Filters for the arguments of a tool, named as in `SearchWords`; None when nothing is asked for."""
    return request_filters(archive_filters(SearchWords(**words), exclude))


def contains(attribute: str, values: list[str]) -> FilterCondition:
    """The condition that an attribute of the API contains any of these values."""
    evaluate = StringToEvaluate.model_validate({"attribute": attribute})
    return FilterCondition(string_expression=StringExpression(evaluate=evaluate, operator="CONTAINS", values=values))


def request_filters(filters: ArchiveFilters | None) -> dict[str, Any] | None:
    """The API's Filters.

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


def _conditions(words: SearchWords) -> list[FilterCondition]:
    conditions = [
        contains(attribute, values) for name, attribute in ATTRIBUTES.items() if (values := getattr(words, name))
    ]
    if words.has_attachments is not None:
        conditions.append(
            FilterCondition(
                boolean_expression=BooleanExpression(
                    evaluate=BooleanToEvaluate(attribute="HAS_ATTACHMENTS"),
                    operator="IS_TRUE" if words.has_attachments else "IS_FALSE",
                )
            )
        )
    return conditions
