"""The arguments of the tools that search over a range of any length."""

from typing import Annotated, Any, Literal, TypedDict

from pydantic import BeforeValidator, Field

from mail_archive_tools.models.filters import HasAttachments, Input, SearchWords, Words, texts

Sender = Annotated[Words, texts("In From: parts of the name or the address.")]
Recipient = Annotated[Words, texts("In To alone, not Cc: parts of a name or an address.")]
Cc = Annotated[Words, texts("In Cc: parts of a name or an address.")]
Participant = Annotated[
    Words, texts("In From, To or Cc: parts of a name or an address. Takes three searches for each one, merged.")
]
Subject = Annotated[Words, texts("In the subject: parts of it.")]
EnvelopeSender = Annotated[Words, texts("In SMTP MAIL FROM: parts of the address.")]
EnvelopeRecipient = Annotated[Words, texts("In SMTP RCPT TO, Bcc too: parts of an address.")]
Attachments = Annotated[HasAttachments, Field(description="yes: with attachments only. no: without only.")]


class WordArguments(TypedDict, total=False):
    """The members of `SearchWords` as arguments of a tool, each beside the others; a tool takes them as `**words`."""

    sender: Sender | None
    recipient: Recipient | None
    cc: Cc | None
    participant: Participant | None
    subject: Subject | None
    envelope_sender: EnvelopeSender | None
    envelope_recipient: EnvelopeRecipient | None
    has_attachments: Attachments


WORDS_FOLLOW = "to_timestamp"
"""The argument that those of `WordArguments` are listed behind."""


class Exclude(SearchWords):
    """The same words by name: what any of them matches is left out."""


class FilterHere(Input):
    """What the service cannot search: matched by this server on what the words find. All of it must match. All but
    sender, subject and message_id reads each message found: slow the first time."""

    sender: Annotated[Words, texts("Patterns of the whole From: * for any characters, ? for one.")] | None = None
    subject: Annotated[Words, texts("Patterns of the whole subject.")] | None = None
    message_id: Annotated[Words, texts("Patterns of the Message-ID, without < and >.")] | None = None
    body: Annotated[Words, texts("Parts of the text or of attachments' names.")] | None = None
    attachment_name: Annotated[Words, texts("Patterns of an attachment's name, such as *.zip.")] | None = None
    attachment_type: Annotated[Words, texts("Patterns of its type, declared or shown, such as text/html.")] | None = (
        None
    )
    larger_than: Annotated[int, Field(ge=0, description="The raw message has more bytes; 0: any.")] = 0
    smaller_than: Annotated[int, Field(ge=0, description="The raw message has fewer bytes; 0: any.")] = 0
    authentication: (
        Annotated[Words, texts("Patterns of results, such as dmarc=fail; trusted ones where there are.")] | None
    ) = None
    reply_to_domain: Annotated[Words, texts("Patterns of the domain that answers go to.")] | None = None
    link_host: Annotated[Words, texts("Patterns of a host that it links to; a domain: those below it too.")] | None = (
        None
    )
    finding: Annotated[Words, texts("Names, such as brand-name, or parts.")] | None = None
    language: Annotated[Words, texts("Of its text: codes such as de or zh.")] | None = None
    date_differs: Annotated[
        float, Field(ge=0, description="Date and receipt are at least so many hours apart; 0: any.")
    ] = 0

    @property
    def asks(self) -> bool:
        """Whether anything is asked for. Frameworks that must send every member send those that are not meant as
        nothing, or as 0."""
        return any(value for _, value in self)

    @property
    def asked(self) -> dict[str, Any] | None:
        """All that is asked for, to tell one search from another by it; None where that is nothing."""
        if not self.asks:
            return None
        return self.model_dump()


def _any_case(value: object) -> object:
    """The names of earlier versions: copies are folded, or nothing is."""
    if isinstance(value, bool):
        return "copies" if value else "no"
    return value


Deduplicate = Annotated[Literal["copies", "similar", "no"], BeforeValidator(_any_case)]

Shown = Literal[
    "size", "date_differs", "authentication", "from_domain", "reply_to_domain", "return_path_domain", "link_host",
    "form_host", "image_host", "attachment", "language", "finding", "hidden_words", "problem", "body_hash", "sha256",
]  # fmt: skip
"""What a message shows once it is read, by the names that `filter_here` has for it."""

WaitSeconds = Annotated[float, Field(ge=0, le=50, description="How long to wait; hosts give up after 60 s.")]
