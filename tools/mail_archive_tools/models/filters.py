"""What a search looks for: in the API's shape (ArchiveFilters) and in ours (SearchWords)."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_pascal

from mail_archive_tools.models.base import optional
from mail_archive_tools.untrusted import clean_line, shorten

MAX_CONDITIONS = 10
"""Conditions that Include and Unless may each have."""

SHOWN_VALUE_BYTES = 100
"""How much of a value is shown: 200 of them, of 2,048 characters each, would be no answer."""


def _either_case(name: str) -> AliasChoices:
    return AliasChoices(name, to_pascal(name))


class Input(BaseModel):
    """The base of what a tool takes in one piece."""

    # Snake case is what the tools ask for; the API's own spelling is understood as well.
    model_config = ConfigDict(
        alias_generator=AliasGenerator(validation_alias=_either_case, serialization_alias=to_pascal),
        populate_by_name=True,
        serialize_by_alias=True,
        frozen=True,
        defer_build=True,
        extra="forbid",
    )


StringAttribute = Literal["TO", "FROM", "CC", "SUBJECT", "ENVELOPE_TO", "ENVELOPE_FROM"]
Substring = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
"""What a value contains, without regard to case."""


def texts(description: str) -> WithJsonSchema:
    """The schema of a list of texts. The limits are checked but not published: a dozen copies of them would cost every
    conversation a kilobyte."""
    return WithJsonSchema({"type": "array", "items": {"type": "string"}, "description": description})


class StringToEvaluate(Input):
    attribute: StringAttribute = Field(description="The header or envelope value.")


class StringExpression(Input):
    evaluate: StringToEvaluate = Field(description="What is looked at.")
    operator: Literal["CONTAINS"] = Field(description="How it is compared.")
    values: list[Substring] = Field(min_length=1, max_length=10, description="Any of these, upper or lower case.")


class BooleanToEvaluate(Input):
    attribute: Literal["HAS_ATTACHMENTS"] = Field(description="The property.")


class BooleanExpression(Input):
    evaluate: BooleanToEvaluate = Field(description="What is looked at.")
    operator: Literal["IS_TRUE", "IS_FALSE"] = Field(description="What it should be.")


class FilterCondition(Input):
    """Exactly one of the two."""

    string_expression: StringExpression | None = optional("A value that contains text.")
    boolean_expression: BooleanExpression | None = optional("Instead: a property that holds or not.")


class ArchiveFilters(Input):
    include: list[FilterCondition] | None = optional("All of these must hold.", max_length=MAX_CONDITIONS)
    unless: list[FilterCondition] | None = optional("None of these may hold.", max_length=MAX_CONDITIONS)

    def request(self) -> dict[str, Any]:
        """The API's Filters."""
        return self.model_dump(by_alias=True, exclude_none=True)


def _cleaned_filters(filters: ArchiveFilters) -> ArchiveFilters:
    """The filters with values that are safe and short enough to show: another program may have set them."""
    cleaned: dict[str, list[FilterCondition]] = {}
    for name, conditions in filters:
        if conditions is not None:
            cleaned[name] = [_cleaned_condition(each) for each in conditions]
    return ArchiveFilters.model_validate(cleaned)


def _cleaned_condition(condition: FilterCondition) -> FilterCondition:
    expression = condition.string_expression
    if expression is None:
        return condition
    values = [shorten(clean_line(value), SHOWN_VALUE_BYTES) for value in expression.values]
    cleaned = expression.model_copy(update={"values": values})
    return condition.model_copy(update={"string_expression": cleaned})


ShownFilters = Annotated[ArchiveFilters, AfterValidator(_cleaned_filters)]
"""Filters as a search has them, for display."""


def listed(value: Any) -> Any:
    """One word is a list of one: models tend to leave the brackets away."""
    if isinstance(value, str):
        return [value]
    return value


Words = Annotated[list[Substring], BeforeValidator(listed), Field(min_length=1, max_length=10)]
"""Substrings, compared without regard to case; any of them may match."""


_THREE_WAYS = {"yes": True, "no": False, "any": None}


def _three_ways(value: Any) -> Any:
    """Words for frameworks that make every argument required: a mere boolean has no way to say neither."""
    if isinstance(value, str):
        return _THREE_WAYS.get(value, value)
    return value


HasAttachments = Annotated[
    bool | None,
    BeforeValidator(_three_ways),
    WithJsonSchema({"type": "string", "enum": ["any", "yes", "no"]}),
]
"""True, False, or None for either."""


class SearchWords(Input):
    """The words of `search_archive`: each field a list of substrings, of which any may match."""

    sender: Annotated[Words, texts("In From.")] | None = None
    recipient: Annotated[Words, texts("In To.")] | None = None
    cc: Annotated[Words, texts("In Cc.")] | None = None
    participant: Annotated[Words, texts("In From, To or Cc.")] | None = None
    subject: Annotated[Words, texts("In the subject.")] | None = None
    envelope_sender: Annotated[Words, texts("In SMTP MAIL FROM.")] | None = None
    envelope_recipient: Annotated[Words, texts("In SMTP RCPT TO.")] | None = None
    has_attachments: HasAttachments = optional("yes or no.")
