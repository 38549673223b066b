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
from mail_archive_tools.mime.quotes import own_and_quoted, quoted_lines
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
    text = _text(message)
    told = context.told or {}
    other = differing(told, message.headers)
    moment = message.date.moment if message.date else None
    described = {
        "text": text,
        "row": _row(message),
        "has_header_section": has_header_section(message.headers),
        "compared": None if context.told is None else compared(told),
        "differing": other,
        "moment": moment.isoformat() if moment else None,
        "in_reply_to": message.in_reply_to[:LISTED],
        "references": message.references[:LISTED],
        "file_names": [file.name for file in message.files if file.name],
        "about": _about(message, context, whole, other),
    }
    if not whole:
        return {**described, "languages": [], "minhash": "", "breaks_off": None}

    broken = message.breaks_off
    own, _ = own_and_quoted(text["whole"], text["quoted"])
    return {
        **described,
        "languages": languages(own),
        "minhash": minhash(text["whole"]),
        "breaks_off": str(broken) if broken else None,
    }


def _row(message: Message) -> Json:
    """The header fields that a search's row has, by its names."""
    row: Json = {}
    for name, field in _ROW.items():
        value = message.headers.text(field)
        if value is not None:
            row[name] = value
    return row


def _text(message: Message) -> Json:
    """The text as answers show it, the lines of it that repeat earlier mail, and how it was written; None: the same."""
    written = message.text.text
    whole = clean_text(written)
    hidden = [{"kind": each.kind, "reason": each.reason, "text": clean_text(each.text)} for each in message.text.unseen]
    return {
        "whole": whole,
        "written": written if written != whole else None,
        "quoted": quoted_lines(whole),
        "source": message.text.source,
        "hidden": hidden,
        "other_words": message.text.other_words,
    }


def _about(message: Message, context: Context, whole: bool, other: list[str]) -> Json:
    """The members of `About`."""
    headers = message.headers
    route = read_route(headers)
    checks = read_authentication(headers, context.trusted_ids, context.received_from)
    links = read_links(message, context)
    signatures = read_signatures(message.raw, headers, context.keys) if whole else []
    passed = passed_on(headers, context.envelope_from)
    findings = find(message, route, checks, signatures, context, links, other, passed)
    calendars = _calendars(message)
    report = read_report(message.root)

    lists: dict[str, list[Any]] = {}
    lists["hidden_text"] = _hidden_text(message)
    lists["attachments"] = [_attachment(each) for each in message.files]
    lists["authentication"] = [_authentication(each) for each in checks]
    lists["route"] = [_hop(each) for each in route]
    lists["findings"] = [{"name": each.name, "about": each.about, "finding": each.sentence} for each in findings]
    lists["invitations"] = _invitations(calendars)
    lists["protection"] = read_protection(message)
    lists["dkim_signatures"] = [_signature(each, bool(passed)) for each in signatures]
    lists["links"] = [_link(each) for each in links.hosts]
    lists["image_hosts"] = [f"{_host(host)} ({count})" for host, count in links.images.items()]
    lists["problems"] = _problems(message, calendars, links)
    return {
        "headers": _headers(message),
        **{name: values[:LISTED] for name, values in lists.items()},
        "delivery_report": _delivery(report) if report else None,
    }


def _hidden_text(message: Message) -> list[Json]:
    """How many words are hidden for which reason, the most frequent one first."""
    return [{"reason": reason, "words": words} for reason, words in message.text.hidden.most_common()]


def _problems(message: Message, calendars: list[tuple[Part, Calendar]], links: Links) -> list[str]:
    problems = list(message.problems)
    problems += [Problem(part.id, calendar.problem) for part, calendar in calendars if calendar.problem]
    if links.cut:
        problems.append(Problem("links", f"not all were looked for: {links.cut}"))
    return [str(each) for each in problems]


def _signature(signature: Signature, is_passed_on: bool) -> Json:
    """What is said of each signature: what nearly all have is left out."""
    return {
        "domain": signature.domain,
        "selector": signature.selector or None,
        "source": _unless("DKIM-Signature", signature.field),
        "body_hash": _unless("not signed", signature.body_hash),
        "signature": signature.state,
        "note": _note(signature, is_passed_on),
    }


def _unless(usual: str, value: str) -> str | None:
    return None if value == usual else value


def _note(signature: Signature, is_passed_on: bool) -> str | None:
    if signature.unsigned:
        # By the tag l= (RFC 6376, 3.5 and 8.2).
        return f"the last {signature.unsigned} bytes of the body are not signed: anybody may have added them"
    if signature.body_hash == "mismatch" and is_passed_on:
        return "it came through a mailing list or was resent, which often changes a body"
    return signature.why or None


def _link(host: LinkedHost) -> Json:
    kinds = list(host.kinds)
    return {
        "host": _host(host.host),
        "count": host.count if host.count > 1 else None,
        "kinds": None if kinds == ["text"] else kinds,
        "words": list(host.words) or None,
    }


def _host(host: str) -> str:
    unicode = in_unicode(host)
    if unicode == host:
        return host
    return f"{host} (in Unicode: {unicode})"


def _attachment(file: File) -> Json:
    # A type that says nothing (RFC 2046, 4.5.1) does not differ from what is found.
    is_worth_saying = file.type_differs or file.declared_type == "application/octet-stream"
    return {
        "attachment_id": file.id,
        "name": file.name,
        "type": file.declared_type,
        "detected_type": file.detected_type if is_worth_saying else None,
        "size_bytes": file.size,
        "sha256": file.sha256,
        "inline": file.inline or None,
    }


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
    if not date.zone_known:
        return f"{date.moment:%Y-%m-%dT%H:%M:%S} (no zone)"
    return date.moment.isoformat()


def _shown(mailbox: Mailbox) -> str:
    shown = str(mailbox)
    domain = in_unicode(mailbox.domain)
    if domain != mailbox.domain:
        shown += f" (in Unicode: {domain})"
    if mailbox.group:
        shown += f" (of group {mailbox.group})"
    return shown


def _authentication(field: AuthenticationField) -> Json:
    results = []
    for each in field.results[:_RESULTS]:
        properties = " ".join(f"{name}={value}" for name, value in each.properties.items())
        results.append(f"{each.method}={each.result} {properties}".strip())

    source = field.name
    if field.instance is not None:
        # Of a set of ARC, which has a number (RFC 8617, 4.2.1).
        source += f" i={field.instance}"
    return {
        "authserv_id": field.authserv_id,
        "source": source,
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
    # Of reports on delivery (RFC 3464, 2.2.2), on reading (RFC 8098, 3.2.1) and of abuse (RFC 5965, 3.1).
    reporting = fields.get("reporting-mta") or fields.get("reporting-ua") or fields.get("user-agent")
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
        "reporting": reporting,
        "original_message_id": report.message_id,
        "recipients": recipients,
    }


def _calendars(message: Message) -> list[tuple[Part, Calendar]]:
    parts = [part for part in message.root.walk() if part.content_type == "text/calendar"]
    return [(part, read_calendar(part.content())) for part in parts[:_MAX_CALENDARS]]


def _invitations(calendars: list[tuple[Part, Calendar]]) -> list[Json]:
    """The events, each once: many a mail has the same calendar as a part and as a file."""
    events: dict[tuple[str | None, Event], None] = {}
    for _, calendar in calendars:
        for event in calendar.events:
            events[calendar.method, event] = None
    return [_invitation(method, event) for method, event in events]


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
