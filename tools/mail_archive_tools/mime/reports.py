"""Reports about mail: delivery status (RFC 3464), disposition notifications (RFC 8098), abuse feedback (RFC 5965)."""

from dataclasses import dataclass, field

from mail_archive_tools.mime.fields.headers import Headers, read_headers
from mail_archive_tools.mime.structure import Part

MAX_RECIPIENTS = 100
"""Recipients read of one report."""

_KINDS = {
    "message/delivery-status": "delivery-status",
    "message/global-delivery-status": "delivery-status",
    "message/disposition-notification": "disposition-notification",
    "message/feedback-report": "feedback-report",
}
_FIELD_CHARS = 1_000


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
    """`fields` are what it says of the message as a whole; `message_id` is that of the message it is about."""

    kind: str
    fields: dict[str, str]
    recipients: tuple[RecipientStatus, ...] = ()
    message_id: str | None = None
    problem: str | None = field(default=None)


def read_report(root: Part) -> Report | None:
    """The report that a message is; None where it is none. Never raises."""
    for part in root.walk():
        if kind := _KINDS.get(part.content_type):
            groups = _groups(part.content())
            first = _texts(groups[0]) if groups else {}
            recipients = tuple(_recipient(group) for group in groups[1 : MAX_RECIPIENTS + 1])
            if kind == "disposition-notification" and groups:
                recipients = (_disposition(groups[0]),)
            return Report(kind, first, recipients, _original_id(root))

    return None


def _groups(data: bytes) -> list[Headers]:
    """The groups of fields in a report, each ended by an empty line."""
    found: list[Headers] = []
    position = 0
    while position < len(data) and len(found) <= MAX_RECIPIENTS:
        headers = read_headers(data, position)
        if headers.fields:
            found.append(headers)
        if headers.body_start <= position:
            following = data.find(b"\n", position)
            position = following + 1 if following >= 0 else len(data)
        else:
            position = headers.body_start

    return found


def _texts(headers: Headers) -> dict[str, str]:
    return {each.name: _bare(each.text) or "" for each in headers.fields[:50]}


def _recipient(headers: Headers) -> RecipientStatus:
    return RecipientStatus(
        recipient=_bare(headers.text("final-recipient") or headers.text("original-recipient")),
        action=_limited(headers.text("action")),
        status=_limited(headers.text("status")),
        diagnostic=_bare(headers.text("diagnostic-code")),
        remote_mta=_bare(headers.text("remote-mta")),
    )


def _disposition(headers: Headers) -> RecipientStatus:
    return RecipientStatus(
        recipient=_bare(headers.text("final-recipient") or headers.text("original-recipient")),
        action=_limited(headers.text("disposition")),
        status=None,
        diagnostic=_limited(headers.text("error")),
        remote_mta=None,
    )


def _bare(value: str | None) -> str | None:
    """`rfc822; a@b.example` without its type."""
    return _limited(value.partition(";")[2].strip() or value) if value else None


def _limited(value: str | None) -> str | None:
    return value[:_FIELD_CHARS] if value else None


def _original_id(root: Part) -> str | None:
    """The Message-ID of the message that a report gives back, whole or its header section."""
    for part in root.walk():
        if part.content_type in ("text/rfc822-headers", "message/global-headers"):
            headers = read_headers(part.content())
        elif part.is_message and part.children:
            headers = part.children[0].headers
        else:
            continue
        if found := headers.first("message-id"):
            return found.unfolded.strip("<> ")[:_FIELD_CHARS]

    return None
