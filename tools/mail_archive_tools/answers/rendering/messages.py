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
_FILE_COLUMNS = ("AttachmentId", "Name", "Type", "DetectedType", "SizeBytes", "Inline", "Sha256")
_ID = re.compile(r"[\w./:+=-]+", re.ASCII)
"""What ids have in them."""


@line_by_line
def _archived(result: ArchivedMessage) -> Iterator[str]:
    members = result.structured()
    yield members.pop("Warning")
    notes = members.pop("Notes", [])

    ours = {name: members.pop(name) for name in _OURS if name in members}
    yield from labelled(ours)
    # What is left came out of the message, or with it.
    if members:
        yield from_mail(labelled(members))
    yield from notes
    yield "Next: read_archive_message shows what it says."


@line_by_line
def _content(result: ArchivedMessageContent) -> Iterator[str]:
    yield result.warning
    yield _which_part(result)
    if result.body.message_malformed:
        yield "The service calls its MIME structure malformed."
    yield from result.notes or ()

    text = result.body.text or result.body.html
    if text:
        yield text
    yield from _more("get_archive_message_content", result.next_offset)


def _which_part(result: ArchivedMessageContent) -> str:
    if not result.total_chars:
        # What there is none of, a note says.
        return f"Message {result.archived_message_id}:"

    kind = "HTML source"
    if result.body.html is None:
        kind = "Text"
    if result.text_from_html:
        kind += " (made from HTML)"

    end = result.next_offset
    if end is None:
        end = result.total_chars
    part = f"characters {result.offset or 0} to {end} of {result.total_chars}"
    return f"{kind} of message {result.archived_message_id}, {part}."


@line_by_line
def _read(result: ReadMessage) -> Iterator[str]:
    yield result.warning
    yield from _ours(result)
    lines = _theirs(result)
    if lines:
        yield from_mail(lines)
    yield from _more("read_archive_message", result.next_offset)


@line_by_line
def _read_several(result: ReadMessages) -> Iterator[str]:
    yield result.warning
    yield from result.notes or ()

    within = list(_messages(result))
    for each in result.not_shown or ():
        if _is_plain(each):
            # The server's own words: between the marks they would pass for a mail's.
            yield _not_shown(each)
        else:
            # What was given for an id may be a mail's words.
            within.append(_not_shown(each))

    if within:
        yield from_mail(within)


def _not_shown(each: NotShown) -> str:
    if each.archived_message_id in each.why:
        return f"Not shown: {each.why}"
    return f"Not shown: message {each.archived_message_id}: {each.why}"


def _is_plain(each: NotShown) -> bool:
    """Whether the id that was asked for has nothing in it but what ids have."""
    return _ID.fullmatch(each.archived_message_id) is not None


def _messages(result: ReadMessages) -> Iterator[str]:
    same_text = ""
    if NEW_TEXT_GOES_ON in (result.notes or ()):
        same_text = ' and sections=["new_text"]'

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
        title = "Text"
        if message.text_source:
            title += f" ({message.text_source})"
        part = _characters(message.offset, message.next_offset, message.total_chars)
        lines += [f"{title}, {part}:", unfenced(message.text)]
    if message.unseen_text:
        part = _characters(message.offset, message.next_offset, message.total_chars)
        lines += [f"Not in the text that is shown, {part}:", unfenced(message.unseen_text)]
    return lines


@line_by_line
def _read_file(result: ReadAttachment) -> Iterator[str]:
    yield result.warning
    yield f"Attachment of message {result.archived_message_id}"
    lines = [_attachments([result.attachment]), *(result.notes or ())]
    if result.text:
        part = _characters(result.offset, result.next_offset, result.total_chars)
        lines += [f"Text, {part}:", unfenced(result.text)]
    yield from_mail(lines)
    yield from _more("read_archive_attachment", result.next_offset)


def _about(result: ShownMessage) -> Iterator[str]:
    """What is said of a message beside its text."""
    if result.headers:
        yield from _header_lines(result.headers)
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
        yield f"Finding ({finding.about}, {finding.name}): {finding.finding}"
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


def _characters(start: int | None, following: int | None, total: int) -> str:
    """Which part of a text is shown."""
    if start is None and following is None:
        return f"{total} characters"
    end = following
    if following is None:
        end = total
    return f"characters {start or 0} to {end} of {total}"


def _header_lines(headers: MessageHeaders) -> Iterator[str]:
    for name, value in headers.structured().items():
        if isinstance(value, list):
            yield f"{name}: {', '.join(value)}"
        else:
            yield f"{name}: {value}"


def _attachments(attachments: list[AttachmentSummary]) -> str:
    rows = [each.structured() for each in attachments]
    present = {name for row in rows for name in row}
    columns = [name for name in _FILE_COLUMNS if name in present]
    return table(columns, ([str(row.get(name, "")) for name in columns] for row in rows))


def _authentications(results: list[AuthenticationResult]) -> Iterator[str]:
    """Those that are trusted, and under one mark the others."""
    others: list[str] = []
    for each in results:
        if each.trusted:
            yield f"Trusted: {_authentication(each)}"
        else:
            others.append(_authentication(each))
    if others:
        yield f"Not trusted, the sender may have written it: {' | '.join(others)}"


def _authentication(result: AuthenticationResult) -> str:
    source = result.source
    if result.authserv_id:
        source += f" by {result.authserv_id}"
    return f"{source}: {'; '.join(result.results)}"


def _signature(signature: DkimSignature) -> str:
    # By the tags of the field: the domain and the selector of its key (RFC 6376, 3.5).
    line = f"{signature.source or 'DKIM-Signature'} of d={signature.domain}"
    if signature.selector:
        line += f", s={signature.selector}"
    line += ": "

    if signature.body_hash:
        line += f"body hash: {signature.body_hash}; "
    line += f"signature: {signature.signature or 'not verified, its key is not known'}"
    if signature.note:
        line += f" ({signature.note})"
    return line


def _links(links: list[LinkHost]) -> Iterator[str]:
    """A table of the hosts that links lead to, and a line for those that are only written."""
    written: list[str] = []
    rows: list[tuple[str, ...]] = []
    for each in links:
        if each.kinds:
            words = "; ".join(each.words or ())
            rows.append((each.host, str(each.count or 1), ", ".join(each.kinds), words))
        elif each.count:
            written.append(f"{each.host} ({each.count})")
        else:
            written.append(each.host)

    if written:
        yield f"Hosts written in it: {', '.join(written)}"
    if rows:
        yield table(("LinkHost", "Count", "Kinds", "Words"), rows)


def _hop(hop: RouteHop) -> str:
    line = hop.from_ or "?"
    # A host without a name says its address in brackets in its place (RFC 5321, 4.1.3).
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
