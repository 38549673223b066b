"""What a message is, apart from its text, as the members of an answer; cut to what an answer has room for."""

from collections.abc import Iterable
from typing import Any

from pydantic.alias_generators import to_pascal

from mail_archive_tools.mime.carried.calendar import Calendar, Event, read_calendar
from mail_archive_tools.mime.evidence.authentication import AuthenticationField, read_authentication
from mail_archive_tools.mime.evidence.findings import find
from mail_archive_tools.mime.evidence.lookalikes import in_unicode
from mail_archive_tools.mime.evidence.protection import read_protection
from mail_archive_tools.mime.evidence.reports import Report, read_report
from mail_archive_tools.mime.evidence.route import Hop, read_route
from mail_archive_tools.mime.fields.addresses import Mailbox
from mail_archive_tools.mime.fields.dates import MailDate
from mail_archive_tools.mime.files import File
from mail_archive_tools.mime.message import Message
from mail_archive_tools.mime.problems import Problem
from mail_archive_tools.mime.structure import Part
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

_MAX_CALENDARS = 3


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


class MessageMembers:
    """What a message is, worked out once; `members` are those of `ReadMessage` but its text."""

    def __init__(self, message: Message, envelope_from: str | None) -> None:
        self._message = message
        route = read_route(message.headers)
        hidden = message.text.hidden.most_common()
        calendars = _calendars(message)
        events = dict.fromkeys((each.method, event) for _, each in calendars for event in each.events)
        broken = [Problem(part.id, each.problem) for part, each in calendars if each.problem]
        self._report = read_report(message.root)
        self._lists: dict[str, list[Any]] = {
            "hidden_text": [HiddenText(reason=reason, words=words) for reason, words in hidden],
            "attachments": [attachment_summary(each) for each in message.files],
            "authentication": [_authentication(each) for each in read_authentication(message.headers)],
            "route": [_hop(each) for each in route],
            "findings": [
                FindingLine(about=each.kind, finding=each.sentence) for each in find(message, route, envelope_from)
            ],
            "invitations": [_invitation(method, event) for method, event in events],
            "protection": read_protection(message),
            "problems": [str(each) for each in (*message.problems, *broken)],
        }

    def members(self, share: float) -> tuple[dict[str, Any], list[str]]:
        """The members, and what was left out of them, as sentences. A smaller share shows less of each list."""
        shares = Shares(share)
        members: dict[str, Any] = {
            "headers": _headers(self._message, shares),
            **{name: shares.some(values, to_pascal(name)) for name, values in self._lists.items()},
            "delivery_report": _delivery(self._report, shares),
        }
        if len(self._message.files) > len(members["attachments"] or ()):
            last = self._message.files[-1].id
            shares.left_out.append(f"read_archive_attachment reads the others too; the last is {last}.")

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
        date=_date(message.date) if message.date else None,
        message_id=message.message_id,
        in_reply_to=shares.some(message.in_reply_to, "InReplyTo"),
        references=shares.some(message.references, "References"),
        list_id=message.headers.text("list-id"),
    )


def _date(date: MailDate) -> str:
    if date.moment is None:
        return f"{date.text} (no date)"
    return date.moment.isoformat() if date.zone_known else f"{date.moment:%Y-%m-%dT%H:%M:%S} (no zone)"


def _shown(mailbox: Mailbox) -> str:
    group = f" (of group {mailbox.group})" if mailbox.group else ""
    domain = in_unicode(mailbox.domain)
    unicode = f" (in Unicode: {domain})" if domain != mailbox.domain else ""
    return f"{mailbox}{unicode}{group}"


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


def _delivery(report: Report | None, shares: Shares) -> DeliveryReport | None:
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


def _calendars(message: Message) -> list[tuple[Part, Calendar]]:
    parts = [part for part in message.root.walk() if part.content_type == "text/calendar"]
    return [(part, read_calendar(part.content())) for part in parts[:_MAX_CALENDARS]]


def _invitation(method: str | None, event: Event) -> Invitation:
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
