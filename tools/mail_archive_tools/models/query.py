"""The arguments of the tools that search over a range of any length."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, create_model

from mail_archive_tools.models.facts.table import FACTS, SHOWN
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


class _WordsHere(Input):
    """What the service cannot search. All but sender, subject and message_id takes the index of content, or reads each
    message found: slow the first time."""

    sender: Annotated[Words, texts("Patterns of all of From: * or ?.")] | None = None
    subject: Annotated[Words, texts("Patterns of all of it.")] | None = None
    message_id: Annotated[Words, texts("Patterns of it, without < and >.")] | None = None
    body: Annotated[Words, texts("Words of the text; any: invoice, a phrase, invoic*, *voic* (slow).")] | None = None
    body_all: Annotated[Words, texts("All.")] | None = None
    body_not: Annotated[Words, texts("None.")] | None = None
    own_text: Annotated[Words, texts("Any, not quoted.")] | None = None
    quoted_text: Annotated[Words, texts("Any, quoted.")] | None = None
    attachment_text: Annotated[Words, texts("Any, in attachments.")] | None = None

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


_JSON_TYPES: dict[type, str] = {int: "integer", float: "number"}


def _leave_out(schema: dict[str, Any]) -> None:
    """No default: what is left out asks for nothing."""
    schema.pop("default", None)


def _members_of_facts() -> dict[str, Any]:
    """A member for each fact that can be asked for."""
    members: dict[str, Any] = {}
    for fact in FACTS:
        if fact.asked is not None:
            members[fact.name] = (Annotated[Words, texts(fact.asked.says)] | None, None)
        for bound in fact.bounds:
            # The limit and the default are not published: they would cost every conversation some hundred bytes.
            schema = {"type": _JSON_TYPES[bound.takes], "description": bound.says}
            members[bound.member] = (
                Annotated[bound.takes, Field(ge=0), WithJsonSchema(schema)],
                Field(0, json_schema_extra=_leave_out),
            )
    return members


if TYPE_CHECKING:

    class FilterHere(_WordsHere):
        """Its other members are those of the facts that can be asked for."""

        def __init__(self, **members: Any) -> None: ...

else:
    FilterHere = create_model("FilterHere", __base__=_WordsHere, **_members_of_facts())
    FilterHere.__doc__ = _WordsHere.__doc__


def _any_case(value: object) -> object:
    """The names of earlier versions: copies are folded, or nothing is."""
    if isinstance(value, bool):
        return "copies" if value else "no"
    return value


Deduplicate = Annotated[Literal["copies", "similar", "no"], BeforeValidator(_any_case)]


def one_of(names: Collection[str]) -> Any:
    """A text that is one of these, told in the schema as a `Literal` is."""

    def known(name: str) -> str:
        if name not in names:
            raise ValueError(f"it is none of {', '.join(names)}")
        return name

    return Annotated[str, AfterValidator(known), WithJsonSchema({"enum": list(names), "type": "string"})]


if TYPE_CHECKING:
    Shown = str
else:
    Shown = one_of([fact.name for fact in SHOWN])
"""What a message shows once it is read, by the names that `filter_here` has for it."""

WaitSeconds = Annotated[float, Field(ge=0, le=50, description="How long to wait; hosts give up after 60 s.")]
