"""What the tools that search over any range are asked with."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from mail_archive_tools.models.filters import Input, SearchWords, Words

Sender = Annotated[Words, Field(description="Parts of the From header (name or address).")]
Recipient = Annotated[Words, Field(description="Parts of the To header.")]
Cc = Annotated[Words, Field(description="Parts of the Cc header.")]
Subject = Annotated[Words, Field(description="Parts of the subject.")]
EnvelopeSender = Annotated[Words, Field(description="Parts of the SMTP sender's address.")]
EnvelopeRecipient = Annotated[Words, Field(description="Parts of an SMTP recipient's address.")]
# Its members are those of the tool itself: publishing them again would cost every conversation 300 bytes.
Exclude = Annotated[
    SearchWords,
    WithJsonSchema(
        {"type": "object", "description": "The same words by name: messages that match any of them are left out."}
    ),
]
WaitSeconds = Annotated[float, Field(ge=0, le=50, description="Hosts give up after 60 s.")]


class FilterHere(Input):
    """What the service cannot search: matched by this server against what a search found. Any of a list may match,
    all lists must."""

    sender: Words | None = None
    subject: Words | None = None
    message_id: Words | None = None
    body: Words | None = None
