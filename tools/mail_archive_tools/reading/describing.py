"""What a message is, as JSON: all that a worker tells the server of it. What it holds is checked and cleaned there."""

from typing import Any

from mail_archive_tools.mime.carried.calendar import Calendar, Event, read_calendar
from mail_archive_tools.mime.evidence.authentication import AuthenticationField, read_authentication
from mail_archive_tools.mime.evidence.context import NOTHING_KNOWN, Context
from mail_archive_tools.mime.evidence.dkim import Signature, read_signatures
from mail_archive_tools.mime.evidence.findings import find
from mail_archive_tools.mime.evidence.links import LinkedHost, Links, read_links
from mail_archive_tools.mime.evidence.lookalikes import in_unicode
from mail_archive_tools.mime.evidence.passing_on import passed_on
from mail_archive_tools.mime.evidence.protection import read_protection
from mail_archive_tools.mime.evidence.recognition import compared, differing, has_header_section
from mail_archive_tools.mime.evidence.route import Hop, read_route
from mail_archive_tools.mime.fields.addresses import Mailbox
from mail_archive_tools.mime.fields.dates import MailDate
from mail_archive_tools.mime.files import File
from mail_archive_tools.mime.message import Message
from mail_archive_tools.mime.problems import Problem
from mail_archive_tools.mime.quotes import without_quotes
from mail_archive_tools.mime.reports import Report, read_report
from mail_archive_tools.mime.structure import Part
from mail_archive_tools.reading.wording import languages, minhash
from mail_archive_tools.untrusted import clean_text

LISTED = 1_000
"""Members of a list that are told."""

_MAX_CALENDARS = 3
_ATTENDEES = 25
_RESULTS = 10
_ROW = {
    "From": "from",
    "To": "to",
    "Cc": "cc",
    "Subject": "subject",
    "Date": "date",
    "MessageId": "message-id",
    "InReplyTo": "in-reply-to",
}

Json = dict[str, Any]


def describe(message: Message, context: Context = NOTHING_KNOWN, whole: bool = True) -> Json:
    """The members of `MessageReading`; of a message that is not `whole` nothing is said of its body."""
    date = message.date
    text = _text(message)
    told = context.told or {}
    other = differing(told, message.headers)
    broken = message.breaks_off if whole else None
    return {
        "text": text,
        "row": {name: value for name, field in _ROW.items() if (value := message.headers.text(field)) is not None},
        "has_header_section": has_header_section(message.headers),
        "compared": None if context.told is None else compared(told),
        "differing": other,
        "moment": date.moment.isoformat() if date and date.moment else None,
        "in_reply_to": message.in_reply_to[:LISTED],
        "references": message.references[:LISTED],
        "file_names": [file.name for file in message.files if file.name],
        "about": _about(message, context, whole, other),
        "languages": languages(text["own"] or text["whole"]) if whole else [],
        "minhash": minhash(text["whole"]) if whole else "",
        "breaks_off": str(broken) if broken else None,
    }


def _text(message: Message) -> Json:
    """The text as answers show it: whole, without what it quotes, and as it was written; None: the same as whole."""
    written = message.text.text
    whole = clean_text(written)
    own, quoted_lines = without_quotes(whole)
    return {
        "whole": whole,
        # What is cleaned stays so where lines are left out of it; what is shown is cleaned once more.
        "own": own if quoted_lines else None,
        "written": written if written != whole else None,
        "quoted_lines": quoted_lines,
        "source": message.text.source,
    }


def _about(message: Message, context: Context, whole: bool, other: list[str]) -> Json:
    route = read_route(message.headers)
    checks = read_authentication(message.headers, context.trusted_ids, context.received_from)
    calendars = _calendars(message)
    events = dict.fromkeys((each.method, event) for _, each in calendars for event in each.events)
    broken = [Problem(part.id, each.problem) for part, each in calendars if each.problem]
    report = read_report(message.root)
    links = read_links(message, context)
    is_passed_on = bool(passed_on(message.headers, context.envelope_from))
    signatures = read_signatures(message.raw, message.headers, context.keys) if whole else []
    findings = find(message, route, checks, signatures, context, links, other)
    lists: dict[str, list[Any]] = {
        "hidden_text": [{"reason": reason, "words": words} for reason, words in message.text.hidden.most_common()],
        "attachments": [_attachment(each) for each in message.files],
        "authentication": [_authentication(each) for each in checks],
        "route": [_hop(each) for each in route],
        "findings": [{"about": each.about, "finding": each.sentence} for each in findings],
        "invitations": [_invitation(method, event) for method, event in events],
        "protection": read_protection(message),
        "dkim_signatures": [_signature(each, is_passed_on) for each in signatures],
        "links": [_link(each) for each in links.hosts],
        "image_hosts": [f"{_host(host)} ({count})" for host, count in links.images.items()],
        "problems": [str(each) for each in (*message.problems, *broken, *_not_looked_at(links))],
    }
    return {
        "headers": _headers(message),
        **{name: values[:LISTED] for name, values in lists.items()},
        "delivery_report": _delivery(report) if report else None,
    }


def _signature(signature: Signature, is_passed_on: bool) -> Json:
    note = signature.why or None
    if signature.unsigned:
        note = f"the last {signature.unsigned} bytes of the body are not signed: anybody may have added them"
    elif signature.body_hash == "mismatch" and is_passed_on:
        note = "it came through a mailing list or was resent, which often changes a body"
    return {
        "domain": signature.domain,
        "selector": signature.selector or None,
        "source": signature.field if signature.field != "DKIM-Signature" else None,
        "body_hash": signature.body_hash if signature.body_hash != "not signed" else None,
        "signature": signature.state,
        "note": note,
    }


def _link(host: LinkedHost) -> Json:
    return {
        "host": _host(host.host),
        "count": host.count if host.count > 1 else None,
        "kinds": list(host.kinds) if list(host.kinds) != ["text"] else None,
        "words": list(host.words) or None,
    }


def _host(host: str) -> str:
    unicode = in_unicode(host)
    return host if unicode == host else f"{host} (in Unicode: {unicode})"


def _not_looked_at(links: Links) -> list[Problem]:
    return [Problem("links", f"not all were looked for: {links.cut}")] if links.cut else []


def _attachment(file: File) -> Json:
    return {
        "attachment_id": file.id,
        "name": file.name,
        "type": file.declared_type,
        "detected_type": file.detected_type if file.type_differs or _says_nothing(file) else None,
        "size_bytes": file.size,
        "sha256": file.sha256,
        "inline": file.inline or None,
    }


def _says_nothing(file: File) -> bool:
    return file.declared_type == "application/octet-stream"


def _headers(message: Message) -> Json:
    def addresses(name: str) -> list[str]:
        return [_shown(each) for each in message.addresses(name)[:LISTED]]

    return_path = message.headers.first("return-path")
    return {
        "from_": addresses("from"),
        "sender": addresses("sender"),
        "reply_to": addresses("reply-to"),
        "return_path": return_path.unfolded if return_path else None,
        "to": addresses("to"),
        "cc": addresses("cc"),
        "bcc": addresses("bcc"),
        "subject": message.subject,
        "date": _date(message.date) if message.date else None,
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to[:LISTED],
        "references": message.references[:LISTED],
        "list_id": message.headers.text("list-id"),
        "resent_from": addresses("resent-from"),
    }


def _date(date: MailDate) -> str:
    if date.moment is None:
        return f"{date.text} (no date)"
    return date.moment.isoformat() if date.zone_known else f"{date.moment:%Y-%m-%dT%H:%M:%S} (no zone)"


def _shown(mailbox: Mailbox) -> str:
    group = f" (of group {mailbox.group})" if mailbox.group else ""
    domain = in_unicode(mailbox.domain)
    unicode = f" (in Unicode: {domain})" if domain != mailbox.domain else ""
    return f"{mailbox}{unicode}{group}"


def _authentication(field: AuthenticationField) -> Json:
    results = []
    for each in field.results[:_RESULTS]:
        properties = " ".join(f"{name}={value}" for name, value in each.properties.items())
        results.append(f"{each.method}={each.result} {properties}".strip())

    return {
        "authserv_id": field.authserv_id,
        "source": field.name if field.instance is None else f"{field.name} i={field.instance}",
        "results": results,
        "trusted": field.trusted or None,
    }


def _hop(hop: Hop) -> Json:
    return {
        "from_": hop.from_host,
        "ip_address": hop.from_ip,
        "by": hop.by,
        "protocol": hop.protocol,
        "time": hop.time.isoformat() if hop.time else None,
        "delay_seconds": round(hop.delay) if hop.delay is not None else None,
    }


def _delivery(report: Report) -> Json:
    fields = report.fields
    recipients = [
        {
            "recipient": each.recipient,
            "action": each.action,
            "status": each.status,
            "diagnostic": each.diagnostic,
            "remote_mta": each.remote_mta,
        }
        for each in report.recipients[:LISTED]
    ]
    return {
        "kind": report.kind,
        "reporting": fields.get("reporting-mta") or fields.get("reporting-ua") or fields.get("user-agent"),
        "original_message_id": report.message_id,
        "recipients": recipients,
    }


def _calendars(message: Message) -> list[tuple[Part, Calendar]]:
    parts = [part for part in message.root.walk() if part.content_type == "text/calendar"]
    return [(part, read_calendar(part.content())) for part in parts[:_MAX_CALENDARS]]


def _invitation(method: str | None, event: Event) -> Json:
    return {
        "method": method,
        "summary": event.summary,
        "start": event.start,
        "end": event.end,
        "location": event.location,
        "organizer": event.organizer,
        "attendees": list(event.attendees[:_ATTENDEES]) or None,
        "status": event.status,
        "recurrence": event.recurrence,
    }
