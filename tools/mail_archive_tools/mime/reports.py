"""Reports about mail: delivery status (RFC 3464), disposition notifications (RFC 8098), abuse feedback (RFC 5965)."""

from dataclasses import dataclass, field

from mail_archive_tools.mime.fields.headers import Headers, read_headers
from mail_archive_tools.mime.structure import Part

MAX_RECIPIENTS = 100
"""Recipients read of one report."""

_KINDS = {
    "message/delivery-status": "delivery-status",
    # The same of mail with addresses in UTF-8 (RFC 6533).
    "message/global-delivery-status": "delivery-status",
    "message/disposition-notification": "disposition-notification",
    "message/feedback-report": "feedback-report",
}
_FIELD_CHARS = 1_000
_MAX_FIELDS = 50


@dataclass(frozen=True)
class RecipientStatus:
    """What became of one recipient. `action` is failed, delayed, delivered, relayed or expanded."""

    recipient: str | None
    action: str | None
    status: str | None
    diagnostic: str | None
    remote_mta: str | None


@dataclass(frozen=True)
class Report:
    """What a report says of a message that was sent."""

    kind: str
    fields: dict[str, str]
    """What it says of that message as a whole."""
    recipients: tuple[RecipientStatus, ...] = ()
    message_id: str | None = None
    """The Message-ID of that message."""
    problem: str | None = field(default=None)


def read_report(root: Part) -> Report | None:
    """The report that a message is; None where it is none. Never raises."""
    for part in root.walk():
        kind = _KINDS.get(part.content_type)
        if kind is not None:
            return _read(kind, part.content(), _original_id(root))
    return None


def _read(kind: str, data: bytes, message_id: str | None) -> Report:
    groups = _groups(data)
    if not groups:
        return Report(kind, {}, message_id=message_id)

    first, *others = groups
    # A disposition notification is about one recipient, and has one group of fields (RFC 8098, 3.1). The first group
    # of a delivery status is about the message, each other one about a recipient (RFC 3464, 2.1).
    if kind == "disposition-notification":
        recipients = [_disposition(first)]
    else:
        recipients = [_recipient(group) for group in others[:MAX_RECIPIENTS]]
    return Report(kind, _texts(first), tuple(recipients), message_id)


def _groups(data: bytes) -> list[Headers]:
    """The groups of fields in a report, each ended by an empty line."""
    found: list[Headers] = []
    position = 0
    while position < len(data) and len(found) <= MAX_RECIPIENTS:
        headers = read_headers(data, position)
        if headers.fields:
            found.append(headers)
        if headers.body_start > position:
            position = headers.body_start
            continue

        # What is no header field is passed over, a line at a time.
        line_end = data.find(b"\n", position)
        if line_end < 0:
            break
        position = line_end + 1

    return found


def _texts(headers: Headers) -> dict[str, str]:
    return {each.name: _bare(each.text) or "" for each in headers.fields[:_MAX_FIELDS]}


def _recipient(headers: Headers) -> RecipientStatus:
    return RecipientStatus(
        recipient=_addressed(headers),
        action=_limited(headers.text("action")),
        status=_limited(headers.text("status")),
        diagnostic=_bare(headers.text("diagnostic-code")),
        remote_mta=_bare(headers.text("remote-mta")),
    )


def _disposition(headers: Headers) -> RecipientStatus:
    return RecipientStatus(
        recipient=_addressed(headers),
        action=_limited(headers.text("disposition")),
        status=None,
        diagnostic=_limited(headers.text("error")),
        remote_mta=None,
    )


def _addressed(headers: Headers) -> str | None:
    return _bare(headers.text("final-recipient") or headers.text("original-recipient"))


def _bare(value: str | None) -> str | None:
    """`rfc822; a@b.example` without its type."""
    if not value:
        return None
    typed = value.partition(";")[2].strip()
    return _limited(typed or value)


def _limited(value: str | None) -> str | None:
    if not value:
        return None
    return value[:_FIELD_CHARS]


def _original_id(root: Part) -> str | None:
    """The Message-ID of the message that a report gives back, whole or its header section."""
    for part in root.walk():
        if part.content_type in ("text/rfc822-headers", "message/global-headers"):
            headers = read_headers(part.content())
        elif part.is_message and part.children:
            headers = part.children[0].headers
        else:
            continue

        message_id = headers.first("message-id")
        if message_id is not None:
            return message_id.unfolded.strip("<> ")[:_FIELD_CHARS]

    return None
