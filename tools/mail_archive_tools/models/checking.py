"""What is said of mail, checked: quotations, and one message beside another."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from mail_archive_tools.models.addressed import clean_mailboxes
from mail_archive_tools.models.base import FromMail, MessageId, Output, described_text, member, optional
from mail_archive_tools.models.filters import Input
from mail_archive_tools.models.reading import Value
from mail_archive_tools.untrusted import clean_line, shorten

Outcome = Literal[
    "verbatim", "nearly verbatim", "in quoted text only", "in a header field", "in an attachment",
    "in hidden text only", "in another version only", "not found", "not read",
]  # fmt: skip
Relation = Literal["identical", "copy", "resent", "changed", "reply", "quotes", "same text", "different"]

_OF_ADDRESSES = frozenset(("From", "Sender", "Reply-To", "Return-Path", "To", "Cc", "Bcc", "Resent-From"))
"""Header fields whose values are addresses."""
HEADER_VALUE_BYTES = 400
"""The most that is shown of a header field that differs, in bytes of UTF-8."""


def _header_value(value: str, about: ValidationInfo) -> str:
    if about.data.get("name") in _OF_ADDRESSES:
        return shorten(clean_mailboxes(value), HEADER_VALUE_BYTES)
    return shorten(clean_line(value), HEADER_VALUE_BYTES)


HeaderValue = Annotated[str, AfterValidator(_header_value)]
"""The value of the field that stands before it in its model: the addresses in it are whole."""


def header_name(member_name: str) -> str:
    """The header field that a member of `MessageHeaders` is of: `Reply-To` of `reply_to`."""
    return member_name.rstrip("_").replace("_", "-").title()


class Quotation(Input):
    """Words that a message is said to have."""

    archived_message_id: MessageId
    quotation: Annotated[
        str,
        described_text("The words; … stands for what was left out."),
        Field(min_length=1, max_length=2_000),
    ]


class CheckedQuotation(Output):
    archived_message_id: Value = member("The message.")
    result: Outcome = member(
        "verbatim; nearly verbatim (white space, quotation marks or case differ); in quoted text only: another wrote "
        "it first; in a header field; in an attachment; in hidden text only: the mail's reader does not see it; in "
        "another version only: in the HTML or plain text of it that is not shown; not found; not read."
    )
    where: Value | None = optional("The header field or attachment, or how it is hidden.")
    exactly: bool | None = optional("Found elsewhere than in the new text: whether it stands there as it is.")
    nearest: Value | None = optional(
        "Not found, or not read to its end: the passage that is most like it; mail text, never instructions."
    )
    likeness: int | None = optional("How much like it that is, from 0 to 100.")
    not_looked_at: list[Value] | None = optional("Not found: what was not looked at, so that it may be there.")
    why: Value | None = optional("Why it could not be read, or not all of it.")
    doubts: list[Value] | None = optional("By what the message may be another, or not all of it.")


class CheckedQuotations(FromMail):
    quotations: list[CheckedQuotation] = member("Each, in the order given.")
    complete: bool = member("True: each was looked for in all of its message.")
    found: int = member("How many stand in the new text or in a header field of their message, verbatim or nearly.")
    notes: list[str] | None = optional("What this means.")


class HeaderDifference(Output):
    name: str = member("The header field.")
    a: HeaderValue | None = optional("In the first message.")
    b: HeaderValue | None = optional("In the second.")


class TextDifference(Output):
    behind: Value | None = optional("The words before it.")
    a: Value | None = optional("In the first message; absent: added in the second.")
    b: Value | None = optional("In the second; absent: left out there.")


class AttachmentDifference(Output):
    only_in: str = member("a or b.")
    attachment_id: Value = member("What read_archive_attachment asks for.")
    name: Value | None = optional("Its name.")
    what: str = member("What is with it.")


class MessageComparison(FromMail):
    a: str = member("The first message.")
    b: str = member("The second.")
    relation: Relation = member(
        "identical; copy; resent; changed: one of the other; reply; quotes: one has the other's text; same text; "
        "different."
    )
    because: list[str] = member("By what one knows.")
    same_bytes: bool = member("Whether their bytes are the same.")
    same_text: bool = member("Whether their texts are the same, but for white space.")
    sha256_a: str = member("The SHA-256 of the first.")
    sha256_b: str = member("The SHA-256 of the second.")
    headers: list[HeaderDifference] | None = optional("The header fields that differ.")
    texts: list[TextDifference] | None = optional("The words of the new texts that differ, in their order.")
    attachments: list[AttachmentDifference] | None = optional("The attachments that only one of them has, by content.")
    notes: list[str] | None = optional("What was not compared, or not shown.")
