"""One message, and what came with it, as text: labelled lines and small tables, the fenced text last."""

from collections.abc import Iterator

from mail_archive_tools.answers.rendering.base import labelled, lines, render, table
from mail_archive_tools.models import ArchivedMessage, ArchivedMessageContent, ReadAttachment, ReadMessage
from mail_archive_tools.models.moments import iso
from mail_archive_tools.models.reading import (
    AttachmentSummary,
    AuthenticationResult,
    DeliveryReport,
    MessageHeaders,
    RouteHop,
)


@render.register
def _(result: ArchivedMessage) -> str:
    members = result.structured()
    notes = members.pop("Notes", [])
    return lines(*labelled(members), *notes, "Next: read_archive_message shows what it says.")


@render.register
def _(result: ArchivedMessageContent) -> str:
    kind = "HTML source" if result.body.html is not None else "Text"
    origin = " (made from HTML)" if result.text_from_html else ""
    end = result.next_offset if result.next_offset is not None else result.total_chars
    return lines(
        f"{kind}{origin} of message {result.archived_message_id}, characters {result.offset or 0} to {end} "
        f"of {result.total_chars}.",
        "The service calls its MIME structure malformed." if result.body.message_malformed else "",
        *result.notes,
        result.body.text or result.body.html or "",
        f"More: get_archive_message_content with offset={result.next_offset}" if result.next_offset else "",
    )


@render.register
def _(result: ReadMessage) -> str:
    return lines(
        f"Message {result.archived_message_id}: {result.size_bytes} bytes, SHA-256 {result.sha256}",
        *(_headers(result.headers) if result.headers else ()),
        *(_attachments(result.attachments) if result.attachments else ()),
        *(_authentication(each) for each in result.authentication or ()),
        *(_route(result.route) if result.route else ()),
        *(f"Hidden by its HTML: {each.words} words ({each.reason})" for each in result.hidden_text or ()),
        *(f"Finding ({each.about}): {each.finding}" for each in result.findings or ()),
        *(_report(result.delivery_report) if result.delivery_report else ()),
        *(f"Invitation: {'; '.join(labelled(each.structured()))}" for each in result.invitations or ()),
        *(f"Protection: {each}" for each in result.protection or ()),
        *(f"Problem: {each}" for each in result.problems or ()),
        f"Quoted lines: {result.quoted_lines}" if result.quoted_lines else "",
        *result.notes,
        _range(
            f" ({result.text_source})" if result.text_source else "",
            result.offset,
            result.next_offset,
            result.total_chars,
        ),
        result.text or "",
        f"More: read_archive_message with offset={result.next_offset}" if result.next_offset else "",
    )


@render.register
def _(result: ReadAttachment) -> str:
    return lines(
        f"Attachment of message {result.archived_message_id}",
        *_attachments([result.attachment]),
        *result.notes,
        _range("", result.offset, result.next_offset, result.total_chars) if result.text else "",
        result.text or "",
        f"More: read_archive_attachment with offset={result.next_offset}" if result.next_offset else "",
    )


def _range(source: str, start: int | None, following: int | None, total: int) -> str:
    if start is None and following is None:
        return f"Text{source}, {total} characters:"
    end = total if following is None else following
    return f"Text{source}, characters {start or 0} to {end} of {total}:"


def _headers(headers: MessageHeaders) -> Iterator[str]:
    for name, value in headers.structured().items():
        yield f"{name}: {', '.join(value) if isinstance(value, list) else value}"


def _attachments(attachments: list[AttachmentSummary]) -> Iterator[str]:
    shown = [each.structured() for each in attachments]
    names = ("AttachmentId", "Name", "Type", "DetectedType", "SizeBytes", "Inline", "Sha256")
    columns = [name for name in names if any(name in row for row in shown)]
    yield table(columns, ([str(row.get(name, "")) for name in columns] for row in shown))


def _authentication(result: AuthenticationResult) -> str:
    who = f" by {result.authserv_id}" if result.authserv_id else ""
    trust = " (unverifiable: the sender may have forged it)" if result.unverifiable else ""
    return f"{result.source}{who}{trust}: {'; '.join(result.results)}"


def _route(hops: list[RouteHop]) -> Iterator[str]:
    for number, hop in enumerate(hops, 1):
        shown = hop.ip_address and hop.ip_address not in (hop.from_ or "")
        address = f" [{hop.ip_address}]" if shown else ""
        time = f" at {iso(hop.time)}" if hop.time else ""
        delay = f" (after {hop.delay_seconds} s)" if hop.delay_seconds is not None else ""
        protocol = f" {hop.protocol}" if hop.protocol else ""
        yield f"Hop {number}: {hop.from_ or '?'}{address} to {hop.by or '?'}{protocol}{time}{delay}"


def _report(report: DeliveryReport) -> Iterator[str]:
    about = report.original_message_id or "a message without id"
    yield f"Report ({report.kind}) by {report.reporting or '?'} about {about}"
    for each in report.recipients:
        yield f"- {'; '.join(labelled(each.structured()))}"
