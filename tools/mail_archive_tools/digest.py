"""What a message is, apart from its text, as the members of an answer; cut to what an answer has room for."""

from collections.abc import Iterable
from typing import Any

from mail_archive_tools.mime.addresses import Mailbox
from mail_archive_tools.mime.authentication import AuthenticationField, read_authentication
from mail_archive_tools.mime.calendar import Event, read_calendar
from mail_archive_tools.mime.files import File
from mail_archive_tools.mime.findings import find
from mail_archive_tools.mime.message import Message
from mail_archive_tools.mime.protection import read_protection
from mail_archive_tools.mime.reports import Report, read_report
from mail_archive_tools.mime.route import Hop, read_route
from mail_archive_tools.models.reading import (
    AttachmentSummary,
    AuthenticationResult,
    DeliveryReport,
    FindingLine,
    HiddenText,
    Invitation,
    MessageHeaders,
    RecipientReport,
    RouteHop,
)

_LISTED = 25
"""Members of a list that are shown, when there is room."""

_MAX_CALENDARS = 5


class Shares:
    """How much of each list is shown, and what was left out. A smaller `share` shows less."""

    def __init__(self, share: float) -> None:
        self._limit = max(2, int(_LISTED * share))
        self.left_out: list[str] = []

    def some(self, values: Iterable[Any], name: str) -> list[Any] | None:
        """The first of the values; None where there are none."""
        listed = list(values)
        if len(listed) > self._limit:
            self.left_out.append(f"{name}: {self._limit} of {len(listed)} are shown.")
        return listed[: self._limit] or None


def digest(message: Message, envelope_from: str | None, share: float) -> tuple[dict[str, Any], list[str]]:
    """The members of `ReadMessage` but those of its text, and what was left out of them, as sentences."""
    shares = Shares(share)
    route = read_route(message.headers)
    attachments = shares.some(map(attachment_summary, message.files), "Attachments")
    members = {
        "headers": _headers(message, shares),
        "hidden_text": shares.some(
            (HiddenText(reason=reason, words=words) for reason, words in message.text.hidden.most_common()),
            "HiddenText",
        ),
        "attachments": attachments,
        "authentication": shares.some(map(_authentication, read_authentication(message.headers)), "Authentication"),
        "route": shares.some(map(_hop, route), "Route"),
        "findings": shares.some(
            (FindingLine(about=each.kind, finding=each.sentence) for each in find(message, route, envelope_from)),
            "Findings",
        ),
        "delivery_report": _report(read_report(message.root), shares),
        "invitations": shares.some(map(_invitation, _events(message)), "Invitations"),
        "protection": shares.some(read_protection(message), "Protection"),
        "problems": shares.some(map(str, message.problems), "Problems"),
    }
    if len(message.files) > len(attachments or ()):
        shares.left_out.append(f"read_archive_attachment reads the others too; the last is {message.files[-1].id}.")
    return members, shares.left_out


def attachment_summary(file: File) -> AttachmentSummary:
    return AttachmentSummary(
        attachment_id=file.id,
        name=file.name,
        type=file.declared_type,
        detected_type=file.detected_type if file.type_differs or _says_nothing(file) else None,
        size_bytes=file.size,
        sha256=file.sha256,
        inline=file.inline or None,
    )


def _says_nothing(file: File) -> bool:
    return file.declared_type == "application/octet-stream"


def _headers(message: Message, shares: Shares) -> MessageHeaders:
    def addresses(name: str) -> list[str] | None:
        return shares.some(map(_shown, message.addresses(name)), name.title())

    date = message.date
    moment = date.moment if date else None
    shown = (
        moment.isoformat()
        if moment and date and date.zone_known
        else f"{moment:%Y-%m-%dT%H:%M:%S} (no zone)"
        if moment
        else None
    )
    return_path = message.headers.first("return-path")
    return MessageHeaders(
        from_=addresses("from"),
        sender=addresses("sender"),
        reply_to=addresses("reply-to"),
        return_path=return_path.unfolded if return_path else None,
        to=addresses("to"),
        cc=addresses("cc"),
        bcc=addresses("bcc"),
        subject=message.subject,
        date=shown or (f"{date.text} (no date)" if date else None),
        message_id=message.message_id,
        in_reply_to=shares.some(message.in_reply_to, "InReplyTo"),
        references=shares.some(message.references, "References"),
        list_id=message.headers.text("list-id"),
    )


def _shown(mailbox: Mailbox) -> str:
    return f"{mailbox} (of group {mailbox.group})" if mailbox.group else str(mailbox)


def _authentication(field: AuthenticationField) -> AuthenticationResult:
    results = []
    for each in field.results[:10]:
        properties = " ".join(f"{name}={value}" for name, value in each.properties.items())
        results.append(f"{each.method}={each.result} {properties}".strip())
    return AuthenticationResult(
        authserv_id=field.authserv_id,
        source=field.name if field.instance is None else f"{field.name} i={field.instance}",
        results=results,
        unverifiable=field.unverifiable or None,
    )


def _hop(hop: Hop) -> RouteHop:
    return RouteHop(
        from_=hop.from_host,
        ip_address=hop.from_ip,
        by=hop.by,
        protocol=hop.protocol,
        time=hop.time,
        delay_seconds=round(hop.delay) if hop.delay is not None else None,
    )


def _report(report: Report | None, shares: Shares) -> DeliveryReport | None:
    if report is None:
        return None
    recipients = (
        RecipientReport(
            recipient=each.recipient,
            action=each.action,
            status=each.status,
            diagnostic=each.diagnostic,
            remote_mta=each.remote_mta,
        )
        for each in report.recipients
    )
    reporting = (
        report.fields.get("reporting-mta") or report.fields.get("reporting-ua") or report.fields.get("user-agent")
    )
    return DeliveryReport(
        kind=report.kind,
        reporting=reporting,
        original_message_id=report.message_id,
        recipients=shares.some(recipients, "DeliveryReport") or [],
    )


def _events(message: Message) -> list[tuple[str | None, Event]]:
    """The events of the message's calendars, each once: many are sent as an alternative and as a file too."""
    found: dict[tuple[str | None, Event], None] = {}
    calendars = [part for part in message.root.walk() if part.content_type == "text/calendar"]
    for part in calendars[:_MAX_CALENDARS]:
        calendar = read_calendar(part.content())
        found.update({(calendar.method, event): None for event in calendar.events})
    return list(found)


def _invitation(found: tuple[str | None, Event]) -> Invitation:
    method, event = found
    return Invitation(
        method=method,
        summary=event.summary,
        start=event.start,
        end=event.end,
        location=event.location,
        organizer=event.organizer,
        attendees=list(event.attendees[:_LISTED]) or None,
        status=event.status,
        recurrence=event.recurrence,
    )
