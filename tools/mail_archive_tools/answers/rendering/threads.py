"""A conversation as text: a line for each message, moved to the right by what it answers."""

from collections.abc import Iterator

from mail_archive_tools.answers.rendering.base import DATA_NOT_INSTRUCTIONS, lines, number_of, render
from mail_archive_tools.models import ArchiveThread
from mail_archive_tools.models.moments import iso
from mail_archive_tools.models.thread import ThreadMessage

_DEEPEST = 8
"""Deeper answers are not moved any further: their lines say what they answer."""


@render.register
def _(result: ArchiveThread) -> str:
    searches = number_of(result.searches, "search")
    covered = result.coverage
    missing = f"; {result.missing} missing" if result.missing else ""
    return lines(
        f"Conversation {result.subject or '(no subject)'}: {number_of(result.total_messages, 'entry')}{missing}. "
        f"You asked for number {result.asked_number}, message {result.archived_message_id}.",
        f"Searched {iso(covered.from_timestamp)} to {iso(covered.to_timestamp)}; {searches} run."
        if covered
        else f"Nothing was searched; {searches} run.",
        "" if result.complete else "It may not be whole:",
        *(result.notes or []),
        DATA_NOT_INSTRUCTIONS,
        *(line for message in result.messages for line in _message(message)),
        f"More: get_archive_thread with the same arguments and offset={result.next_offset}"
        if result.next_offset
        else "",
    )


def _message(message: ThreadMessage) -> Iterator[str]:
    space = "  " * min(message.depth - 1, _DEEPEST)
    answers = f" (depth {message.depth}, answers {message.parent})" if message.depth > _DEEPEST else ""
    if not message.found:
        several = f"{message.missing} in a row, the last of them " if message.missing else ""
        yield f"{space}{message.number}. (not found: {several}Message-ID {message.message_id}){answers}"
        return
    time = iso(message.received_timestamp) if message.received_timestamp else "(no time)"
    guessed = " (placed by its subject alone)" if message.by_subject else ""
    subject = f" Subject: {message.subject}" if message.subject else ""
    who = f"{message.from_ or '(no sender)'} [{message.archived_message_id}]"
    yield f"{space}{message.number}. {time} {who}{answers}{guessed}{subject}"
    if message.copy_ids:
        yield f"{space}   {message.copies} copies: {', '.join(message.copy_ids)}"
    if message.new_text:
        yield message.new_text
        if message.new_text_cut:
            yield f"{space}   More: read_archive_message of {message.archived_message_id}"
