"""The kinds of value that models are made of: cleaned mail text, moments in UTC, ids."""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_pascal

from mail_archive_tools.errors import ServiceFailed
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.models.addressed import clean_mailbox, clean_mailboxes
from mail_archive_tools.untrusted import NOT_INSTRUCTIONS, clean_line


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
            # The first of what is wrong: values are left out, since they may be a mail's.
            where = ".".join(str(step) for step in error.errors()[0]["loc"])
            raise ServiceFailed(
                f"Mail Manager's answer could not be used: its member {where} is not what the API says. "
                "Check the server's endpoint-url, then call again."
            ) from error

    def structured(self) -> dict[str, Any]:
        """The JSON object that goes out: the API's names, no nulls."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class FromMail(Output):
    """The base of answers that hold what strangers wrote: the first thing that a model reads is how to take it."""

    warning: str = Field(default=NOT_INSTRUCTIONS, description="How to take what mails say.")


class Drawn(FromMail):
    """The base of answers that a picture may go out with."""

    _picture: bytes | None = PrivateAttr(default=None)

    @property
    def picture(self) -> bytes | None:
        """A PNG, where one was asked for."""
        return self._picture

    def with_picture(self, png: bytes) -> Self:
        """The same, with a picture."""
        made = self.model_copy()
        made._picture = png
        return made


def member(description: str, **more: Any) -> Any:
    """A field that is always there. (pydantic could read docstrings instead, at 75 ms of start-up.)"""
    return Field(description=description, **more)


def optional(description: str, **more: Any) -> Any:
    """A field that is left out when there is nothing to say."""
    return Field(default=None, description=description, **more)


def _decoded_line(text: str) -> str:
    return clean_line(decode_words(text))


def _decoded_mailboxes(text: str) -> str:
    return clean_mailboxes(decode_words(text))


MailLine = Annotated[str, AfterValidator(clean_line)]
"""A string that came out of a mail or with it: one line, nothing invisible in it."""

MailboxLine = Annotated[str, AfterValidator(clean_mailbox)]
"""One mailbox, or an address alone: one line, every visible character of the address in it."""

MailboxesLine = Annotated[str, AfterValidator(_decoded_mailboxes)]
"""The value of an address field: RFC 2047 encoded words decoded, cleaned, the addresses whole."""

HeaderLine = Annotated[str, AfterValidator(_decoded_line)]
"""A header value: RFC 2047 encoded words decoded, then cleaned."""


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
