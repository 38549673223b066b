"""The kinds of value that models are made of: cleaned mail text, moments in UTC, ids."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_pascal

from mail_archive_tools.errors import ServiceFailed
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.untrusted import clean_line


class Output(BaseModel):
    """The base of all that a tool returns. Each field has a description, which is what a model reads about it."""

    model_config = ConfigDict(
        alias_generator=to_pascal,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        defer_build=True,
    )

    @classmethod
    def of(cls, **members: Any) -> Self:
        """From a response's members, by the API's names; members that a newer service adds are passed over.

        Raises:
            ServiceFailed: a member is not of the type that the API's documentation says.
        """
        try:
            return cls.model_validate(members, extra="ignore")
        except ValidationError as error:
            where = ".".join(str(step) for step in error.errors()[0]["loc"])
            raise ServiceFailed(
                f"Mail Manager's answer could not be used: its member {where} is not what the API says. "
                "Check the server's endpoint-url, then call again."
            ) from error

    def structured(self) -> dict[str, Any]:
        """The JSON object that goes out: the API's names, no nulls."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def member(description: str, **more: Any) -> Any:
    """A field that is always there. (pydantic could read docstrings instead, at 75 ms of start-up.)"""
    return Field(description=description, **more)


def optional(description: str, **more: Any) -> Any:
    """A field that is left out when there is nothing to say."""
    return Field(default=None, description=description, **more)


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone is taken to be there already."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second unless there is more: 2025-03-01T08:30:00Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000Z", "Z")


def _decoded_line(text: str) -> str:
    return clean_line(decode_words(text))


MailLine = Annotated[str, AfterValidator(clean_line)]
"""A string that came out of a mail or with it: one line, nothing invisible in it."""

HeaderLine = Annotated[str, AfterValidator(_decoded_line)]
"""A header value: RFC 2047 encoded words decoded, then cleaned."""

_DATE_TIME = {"type": "string", "format": "date-time"}

Timestamp = Annotated[
    datetime,
    AfterValidator(in_utc),
    PlainSerializer(iso, return_type=str, when_used="json"),
    WithJsonSchema(_DATE_TIME),
]
"""A moment, in UTC."""


YEARS = range(1970, 9999)
"""Years that can be asked for."""

_WHAT_A_MOMENT_IS = "not a date and time in ISO 8601 in the years 1970 to 9998, such as 2025-03-01T08:30:00Z"


def _moment(value: Any) -> datetime:
    """Text or a datetime, nothing else: a number, or a year alone, would be taken for seconds since 1970."""
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(_WHAT_A_MOMENT_IS) from None
    if not isinstance(moment, datetime) or moment.year not in YEARS:
        raise ValueError(_WHAT_A_MOMENT_IS)
    return moment


def _end_moment(value: Any) -> datetime:
    """The same; a date without a time ends with its last moment."""
    if isinstance(value, str):
        with suppress(ValueError):
            return _moment(datetime.combine(date.fromisoformat(value.strip()), time.max))
    return _moment(value)


FromMoment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(_DATE_TIME),
    Field(description="Start, inclusive: ISO 8601, in UTC unless it says a zone."),
]
ToMoment = Annotated[
    datetime,
    BeforeValidator(_end_moment),
    WithJsonSchema(_DATE_TIME),
    Field(description="End, inclusive; a date alone means to its end."),
]


def described_text(description: str) -> WithJsonSchema:
    """The schema of a text. Patterns and lengths are checked but not published: they would cost every conversation
    hundreds of bytes."""
    return WithJsonSchema({"type": "string", "description": description})


ArchiveId = Annotated[
    str,
    described_text("An archive's id: a- and letters or digits. See list_archives."),
    Field(pattern=r"^a-[A-Za-z0-9_]{1,64}$"),
]
SearchId = Annotated[str, described_text("A search's id."), Field(min_length=1, max_length=64)]
MessageId = Annotated[
    str,
    described_text("An ArchivedMessageId from a search, not a Message-ID."),
    Field(min_length=1, max_length=1024),
]
PageSize = Annotated[int, Field(ge=1, le=50, description="How many to return at most.")]
NextToken = Annotated[str, described_text("NextToken of the answer before."), Field(min_length=1, max_length=2048)]
Cursor = Annotated[str, described_text("NextCursor of the answer before."), Field(min_length=1, max_length=2048)]
