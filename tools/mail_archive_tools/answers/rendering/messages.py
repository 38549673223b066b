"""One message, and what came with it, as text: labelled lines and small tables between marks, its text last."""

import re
from collections.abc import Iterator

from mail_archive_tools.answers.rendering.base import from_mail, labelled, line_by_line, marked, table
from mail_archive_tools.models import ArchivedMessage, ArchivedMessageContent, ReadAttachment, ReadMessage, ReadMessages
from mail_archive_tools.models.moments import iso
from mail_archive_tools.models.reading import (
    NEW_TEXT_GOES_ON,
    AttachmentSummary,
    AuthenticationResult,
    DeliveryReport,
    DkimSignature,
    LinkHost,
    MessageHeaders,
    NotShown,
    RouteHop,
    ShownMessage,
)
from mail_archive_tools.untrusted import unfenced

_OURS = ("ArchivedMessageId", "MessageDownloadLink")
"""Members of a message that no stranger wrote."""
_ID = re.compile(r"[\w./:+=-]+", re.ASCII)


@line_by_line
def _message(result: ArchivedMessage) -> Iterator[str]:
    members = result.structured()
    yield members.pop("Warning")
    notes = members.pop("Notes", [])
    ours: dict[str, str] = {name: members.pop(name) for name in _OURS if name in members}
    yield from labelled(ours)
    if members:
        yield from_mail(labelled(members))
    yield from notes
    yield "Next: read_archive_message shows what it says."


@line_by_line
def _content(result: ArchivedMessageContent) -> Iterator[str]:
    yield result.warning
    kind = "Text" if result.body.html is None else "HTML source"
    if result.text_from_html:
        kind += " (made from HTML)"
    end = result.total_chars if result.next_offset is None else result.next_offset
    if result.total_chars:
        yield (
            f"{kind} of message {result.archived_message_id}, characters {result.offset or 0} to {end} "
            f"of {result.total_chars}."
        )
    else:
        # What there is none of, a note says.
        yield f"Message {result.archived_message_id}:"
    if result.body.message_malformed:
        yield "The service calls its MIME structure malformed."
    yield from result.notes or ()
    if text := result.body.text or result.body.html:
        yield text
    yield from _more("get_archive_message_content", result.next_offset)


@line_by_line
def _read(result: ReadMessage) -> Iterator[str]:
    yield result.warning
    yield from _ours(result)
    if lines := _theirs(result):
        yield from_mail(lines)
    yield from _more("read_archive_message", result.next_offset)


@line_by_line
def _several(result: ReadMessages) -> Iterator[str]:
    yield result.warning
    yield from result.notes or ()
    not_shown = result.not_shown or []
    # The server's own words: between the marks they would pass for a mail's.
    yield from (_not_shown(each) for each in not_shown if _is_plain(each))
    # What was given for an id may be a mail's words.
    within = [*_each_of(result), *(_not_shown(each) for each in not_shown if not _is_plain(each))]
    if within:
        yield from_mail(within)


def _not_shown(each: NotShown) -> str:
    named = "" if each.archived_message_id in each.why else f"message {each.archived_message_id}: "
    return f"Not shown: {named}{each.why}"


def _is_plain(each: NotShown) -> bool:
    """Whether the id that was asked for has nothing in it but what ids have."""
    return _ID.fullmatch(each.archived_message_id) is not None


def _each_of(result: ReadMessages) -> Iterator[str]:
    same_text = ' and sections=["new_text"]' if NEW_TEXT_GOES_ON in (result.notes or ()) else ""
    for message in result.messages:
        yield from _ours(message)
        # Each line marked, so that none can pass for the begin of another message.
        yield from marked(_theirs(message))
        if message.next_offset:
            more = f"read_archive_message of {message.archived_message_id} with offset={message.next_offset}"
            yield f"More: {more}{same_text}"


def _ours(message: ShownMessage) -> Iterator[str]:
    """What no stranger wrote of a message."""
    yield f"Message {message.archived_message_id}: {message.size_bytes} bytes, SHA-256 {message.sha256}"
    if message.quoted_lines:
        yield f"Quoted lines: {message.quoted_lines}"
    yield from message.notes or ()


def _theirs(message: ShownMessage) -> list[str]:
    """What is said of a message, its text last."""
    lines = list(_about(message))
    if message.text:
        source = f" ({message.text_source})" if message.text_source else ""
        text_range = _range(source, message.offset, message.next_offset, message.total_chars)
        lines += [text_range, unfenced(message.text)]
    return lines


@line_by_line
def _attachment(result: ReadAttachment) -> Iterator[str]:
    yield result.warning
    yield f"Attachment of message {result.archived_message_id}"
    lines = [_attachments([result.attachment]), *(result.notes or ())]
    if result.text:
        lines += [_range("", result.offset, result.next_offset, result.total_chars), unfenced(result.text)]
    yield from_mail(lines)
    yield from _more("read_archive_attachment", result.next_offset)


def _about(result: ShownMessage) -> Iterator[str]:
    """What is said of a message beside its text."""
    if result.headers:
        yield from _headers(result.headers)
    if result.attachments:
        yield _attachments(result.attachments)
    yield from _authentications(result.authentication or [])
    yield from map(_signature, result.dkim_signatures or ())
    for number, hop in enumerate(result.route or (), 1):
        yield f"Hop {number}: {_hop(hop)}"
    for hidden in result.hidden_text or ():
        yield f"Hidden by its HTML: {hidden.words} words ({hidden.reason})"
    yield from _links(result.links or [])
    if result.image_hosts:
        yield f"Pictures from: {', '.join(result.image_hosts)}"
    for finding in result.findings or ():
        yield f"Finding ({finding.about}): {finding.finding}"
    if result.delivery_report:
        yield from _report(result.delivery_report)
    for invitation in result.invitations or ():
        yield f"Invitation: {'; '.join(labelled(invitation.structured()))}"
    for protection in result.protection or ():
        yield f"Protection: {protection}"
    for problem in result.problems or ():
        yield f"Problem: {problem}"


def _more(tool: str, next_offset: int | None) -> Iterator[str]:
    """How to go on."""
    if next_offset:
        yield f"More: {tool} with offset={next_offset}"


def _range(source: str, start: int | None, following: int | None, total: int) -> str:
    if start is None and following is None:
        return f"Text{source}, {total} characters:"
    end = total if following is None else following
    return f"Text{source}, characters {start or 0} to {end} of {total}:"


def _headers(headers: MessageHeaders) -> Iterator[str]:
    for name, value in headers.structured().items():
        yield f"{name}: {', '.join(value) if isinstance(value, list) else value}"


def _attachments(attachments: list[AttachmentSummary]) -> str:
    shown = [each.structured() for each in attachments]
    names = ("AttachmentId", "Name", "Type", "DetectedType", "SizeBytes", "Inline", "Sha256")
    columns = [name for name in names if any(name in row for row in shown)]
    return table(columns, ([str(row.get(name, "")) for name in columns] for row in shown))


def _authentications(results: list[AuthenticationResult]) -> Iterator[str]:
    """Those that are trusted, and under one mark the others."""
    yield from (f"Trusted: {_authentication(each)}" for each in results if each.trusted)
    if others := [_authentication(each) for each in results if not each.trusted]:
        yield f"Not trusted, the sender may have written it: {' | '.join(others)}"


def _authentication(result: AuthenticationResult) -> str:
    by = f" by {result.authserv_id}" if result.authserv_id else ""
    return f"{result.source}{by}: {'; '.join(result.results)}"


def _signature(signature: DkimSignature) -> str:
    selector = f", s={signature.selector}" if signature.selector else ""
    note = f" ({signature.note})" if signature.note else ""
    found = f"body hash: {signature.body_hash}" if signature.body_hash else ""
    verified = f"signature: {signature.signature or 'not verified, its key is not known'}"
    what = "; ".join(each for each in (found, verified) if each)
    return f"{signature.source or 'DKIM-Signature'} of d={signature.domain}{selector}: {what}{note}"


def _links(links: list[LinkHost]) -> Iterator[str]:
    """A table of the hosts that links lead to, and a line for those that are only written."""
    if written := [each for each in links if not each.kinds]:
        counted = (f"{each.host} ({each.count})" if each.count else each.host for each in written)
        yield f"Hosts written in it: {', '.join(counted)}"
    if linked := [each for each in links if each.kinds]:
        rows = ((each.host, str(each.count or 1), ", ".join(each.kinds or ()), "; ".join(each.words or ()))
                for each in linked)  # fmt: skip
        yield table(("LinkHost", "Count", "Kinds", "Words"), rows)


def _hop(hop: RouteHop) -> str:
    line = hop.from_ or "?"
    # Many hosts say their address as their name.
    if hop.ip_address and hop.ip_address not in line:
        line += f" [{hop.ip_address}]"
    line += f" to {hop.by or '?'}"
    if hop.protocol:
        line += f" {hop.protocol}"
    if hop.time:
        line += f" at {iso(hop.time)}"
    if hop.delay_seconds is not None:
        line += f" (after {hop.delay_seconds} s)"
    return line


def _report(report: DeliveryReport) -> Iterator[str]:
    about = report.original_message_id or "a message without id"
    yield f"Report ({report.kind}) by {report.reporting or '?'} about {about}"
    for each in report.recipients:
        yield f"- {'; '.join(labelled(each.structured()))}"
