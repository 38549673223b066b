"""A conversation as text: a line for each message, moved to the right by what it answers."""

from collections.abc import Iterator

from mail_archive_tools.answers.rendering.base import from_mail, line_by_line, marked, number_of
from mail_archive_tools.models import ArchiveThread
from mail_archive_tools.models.moments import iso
from mail_archive_tools.models.thread import ThreadMessage
from mail_archive_tools.untrusted import unfenced

_DEEPEST = 8
"""Deeper answers are not moved any further: their lines say what they answer."""


@line_by_line
def _thread(result: ArchiveThread) -> Iterator[str]:
    yield result.warning
    entries = number_of(result.total_messages, "entry")
    if result.missing:
        entries += f"; {result.missing} missing"

    yield (
        f"Conversation: {entries}. You asked for number {result.asked_number}, message {result.archived_message_id}."
    )
    yield _searched(result)
    if not result.complete:
        yield "It may not be whole:"
    yield from result.notes or ()

    yield from_mail(_conversation(result))
    if result.next_offset:
        yield f"More: get_archive_thread with the same arguments and offset={result.next_offset}"


def _conversation(result: ArchiveThread) -> Iterator[str]:
    yield f"Subject: {result.subject or '(no subject)'}"
    for message in result.messages:
        yield from _entry_lines(message)


def _searched(result: ArchiveThread) -> str:
    searches = number_of(result.searches, "search")
    covered = result.coverage
    if covered is None:
        return f"Nothing was searched; {searches} run."
    return f"Searched {iso(covered.from_timestamp)} to {iso(covered.to_timestamp)}; {searches} run."


def _entry_lines(message: ThreadMessage) -> Iterator[str]:
    space = "  " * min(message.depth - 1, _DEEPEST)
    if not message.found:
        yield f"{space}{message.number}. {_gap(message)}{_answers(message)}"
        return

    yield f"{space}{message.number}. {_line(message)}"
    if message.copy_ids:
        yield f"{space}   {message.copies} copies: {', '.join(message.copy_ids)}"
    if message.new_text:
        # Each line marked, so that none can pass for an entry.
        for line in marked([unfenced(message.new_text)]):
            yield f"{space}   {line}"
    if message.ends_like:
        yield f"{space}   (and the end of {message.ends_like}.)"
    if message.new_text_cut:
        yield f"{space}   More: read_archive_message of {message.archived_message_id}"


def _gap(message: ThreadMessage) -> str:
    several = ""
    if message.missing:
        several = f"{message.missing} in a row, the last of them "
    return f"(not found: {several}Message-ID {message.message_id})"


def _line(message: ThreadMessage) -> str:
    time = "(no time)"
    if message.received_timestamp:
        time = iso(message.received_timestamp)

    line = f"{time} {message.from_ or '(no sender)'} [{message.archived_message_id}]{_answers(message)}"
    if message.by_subject:
        line += " (placed by its subject alone)"
    if message.stands_in:
        line += f" (stands in {message.stands_in})"
    if message.attachments:
        line += f" Attachments: {'; '.join(message.attachments)}"
    elif message.has_attachments:
        line += " Attachments: yes"
    if message.subject:
        line += f" Subject: {message.subject}"
    return line


def _answers(message: ThreadMessage) -> str:
    """What a message answers, where its place does not show it."""
    if message.depth <= _DEEPEST:
        return ""
    return f" (depth {message.depth}, answers {message.parent})"
