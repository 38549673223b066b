"""The tools that check: whether quotations stand in the mail, and what differs between two messages."""

import re
from typing import Annotated

import anyio
from anyio import to_thread
from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.calls.patience import Patience, Progress, silent
from mail_archive_tools.comparing.differences import compare
from mail_archive_tools.comparing.quotations import nearest, standing
from mail_archive_tools.errors import ArchiveError, NotThisMessage
from mail_archive_tools.mime.evidence.recognition import FIELDS
from mail_archive_tools.models import CheckedQuotations, MessageComparison
from mail_archive_tools.models.base import MessageId
from mail_archive_tools.models.checking import CheckedQuotation, Outcome, Quotation, header_name
from mail_archive_tools.models.query import WaitSeconds
from mail_archive_tools.models.reading import AttachmentSummary
from mail_archive_tools.reading.fetching.messages import Fetched
from mail_archive_tools.reading.readings import MessageReading

_MISSED_SHOWN = 20
"""Files that were not looked at, of which is said which they are."""
_NOT_ALL = ("was not read", "were not read", "was left out", "was kept")
"""How problems end where some of a text, shown or not, was too much to be looked at."""
_IN_PART = ("left out", "not opened", "not read", "cannot be read", "breaks off")
"""What the notes on a file say where its text is not all that is in it."""

_HEADERS = ("subject", "from_", "to", "cc", "date", "message_id")
"""Members of `MessageHeaders` that may be quoted."""
# As `mime/quotes.py` writes it.
_LEFT_OUT = re.compile(r"^\[\d+ quoted lines\]$", re.MULTILINE)
_ELSEWHERE: dict[str, Outcome] = {
    "hidden": "in hidden text only",
    "elsewhere": "in hidden text only",
    # Many programs show it: nobody hid it.
    "version": "in another version only",
}
"""What becomes of words that stand in no other than such a piece."""
_FOUND = ("verbatim", "nearly verbatim", "in a header field")

Quotations = Annotated[list[Quotation], Field(min_length=1, max_length=20, description="What is to be checked.")]


async def check_quotations(
    quotations: Quotations,
    wait_seconds: WaitSeconds = 45,
    *,
    access: Access,
    progress: Progress = silent,
) -> CheckedQuotations:
    """Check that quotations stand in their messages before you give them: verbatim, nearly, only in what the message
    quotes, in an attachment, hidden, or not at all, with the nearest passage."""
    checked: dict[int, CheckedQuotation] = {}
    errors: list[ArchiveError] = []
    with Patience(wait_seconds, progress) as patience:

        async def check(number: int, each: Quotation) -> None:
            checked[number] = await _check(each, access, patience, errors)
            await patience.say(f"{len(checked)} of {len(quotations)} quotations checked")

        async with anyio.create_task_group() as checks:
            for number, each in enumerate(quotations):
                checks.start_soon(check, number, each)

    results = [checked[number] for number in range(len(quotations))]
    unread = [each for each in results if each.result == "not read"]
    others = [each for each in errors if not isinstance(each, NotThisMessage)]
    if others and len(unread) == len(results):
        raise others[0]

    passed_over = any(each.not_looked_at for each in results)
    found = sum(each.result in _FOUND for each in results)
    return CheckedQuotations(
        quotations=results,
        complete=not unread and not passed_over,
        found=found,
        notes=["What is in quoted text only was written by another, earlier. What is not found is not to be quoted."],
    )


async def compare_archive_messages(a: MessageId, b: MessageId, *, access: Access) -> MessageComparison:
    """Compare two messages, of one archive or two: what differs in header fields, words, attachments and bytes; whether
    one is a copy, a reply, a changed or resent form of the other, and by what one knows."""
    one = await access.reader.message(a)
    other = await access.reader.message(b)
    # In a thread, since long texts take a while.
    return await to_thread.run_sync(compare, one, other)


async def _check(wanted: Quotation, access: Access, patience: Patience, errors: list[ArchiveError]) -> CheckedQuotation:
    """What becomes of one; why a message cannot be read is added to `errors`."""
    fetched: Fetched | None = None
    why = "There was no time left to fetch it: ask again."
    try:
        with anyio.move_on_after(max(patience.left, 0)):
            fetched = await access.reader.message(wanted.archived_message_id)
    except ArchiveError as error:
        errors.append(error)
        why = str(error)
    if fetched is None:
        return _outcome(wanted, result="not read", why=f"It could not be checked. {why}")
    reading = fetched.reading
    if reading.unread:
        why = f"No more than its header fields was read: {reading.unread}."
        return _outcome(wanted, result="not read", why=f"It could not be checked. {why}")

    others = [f"The search shows another {FIELDS[name]} than the message." for name in reading.differing]
    doubts = [*others, *_breaking_off(reading)]
    missed: list[str] = []
    found = await _standing_in(fetched, wanted.quotation, access, patience, missed)
    if found is not None:
        return _outcome(wanted, doubts=doubts or None, **found)

    near = await to_thread.run_sync(nearest, wanted.quotation, reading.text.whole)
    about: dict[str, object] = {"not_looked_at": _some(missed) or None}
    if near is not None:
        about |= {"nearest": near.passage, "likeness": near.likeness}
    doubts += _signs_of_loss(reading)
    if doubts:
        # The next call is to fetch it anew, since it may be the download that was cut.
        access.reader.messages.forget(wanted.archived_message_id)

    if reading.breaks_off:
        why = f"It could not be checked. {_breaking_off(reading)[0]}"
        return _outcome(wanted, result="not read", why=why, doubts=others or None, **about)
    return _outcome(wanted, result="not found", doubts=doubts or None, **about)


def _outcome(wanted: Quotation, **members: object) -> CheckedQuotation:
    return CheckedQuotation.model_validate({"archived_message_id": wanted.archived_message_id, **members})


async def _standing_in(
    fetched: Fetched, words: str, access: Access, patience: Patience, missed: list[str]
) -> dict[str, object] | None:
    """How and where words stand in a message, as members of an answer; None: they do not. Files that were not looked at
    are added to `missed`. Long texts are searched in a thread, since they take a while."""
    # Where quoted lines were left out stand words of ours, which nobody wrote, and nothing goes on across them.
    own = _LEFT_OUT.sub("\0", fetched.own_text)
    found = await to_thread.run_sync(standing, words, own)
    if found is not None:
        return {"result": "verbatim" if found.exactly else "nearly verbatim"}

    found = await to_thread.run_sync(standing, words, fetched.reading.text.whole)
    if found is not None:
        return {"result": "in quoted text only", "exactly": found.exactly}

    for name, value in _header_texts(fetched).items():
        found = standing(words, value)
        if found is not None:
            return {"result": "in a header field", "where": name, "exactly": found.exactly}

    for file in fetched.reading.about.attachments:
        text = await _text_of_file(file, fetched, access, patience, missed)
        if not text:
            continue
        found = await to_thread.run_sync(standing, words, text)
        if found is not None:
            return {"result": "in an attachment", "where": _named_file(file), "exactly": found.exactly}

    for piece in fetched.reading.text.hidden:
        found = await to_thread.run_sync(standing, words, piece.text)
        if found is not None:
            return {"result": _ELSEWHERE[piece.kind], "where": piece.reason, "exactly": found.exactly}

    problems = fetched.reading.about.problems or ()
    missed += [each for each in problems if each.endswith(_NOT_ALL)]
    return None


def _signs_of_loss(reading: MessageReading) -> list[str]:
    """By what words that are not found may have been lost, in a message that does not break off for certain."""
    signs: list[str] = []
    if not reading.text.whole.strip() and not reading.about.attachments:
        signs.append("The message has no text: it may be that no more than its header fields came.")
    if any(each.body_hash == "mismatch" for each in reading.about.dkim_signatures or ()):
        signs.append("Its body is not the one that was signed (DKIM): it was changed, or not all of it came.")
    return signs


def _breaking_off(reading: MessageReading) -> list[str]:
    if not reading.breaks_off:
        return []
    return [f"The message breaks off: {reading.breaks_off}."]


def _some(missed: list[str]) -> list[str]:
    left_out = len(missed) - _MISSED_SHOWN
    if left_out <= 0:
        return missed
    return [*missed[:_MISSED_SHOWN], f"… and {left_out} more"]


def _header_texts(fetched: Fetched) -> dict[str, str]:
    """The header fields that may be quoted, by the names that an answer gives them."""
    found: dict[str, str] = {}
    for name in _HEADERS:
        value = getattr(fetched.reading.about.headers, name)
        if not value:
            continue
        if isinstance(value, list):
            value = ", ".join(value)
        found[header_name(name)] = str(value)
    return found


def _named_file(file: AttachmentSummary) -> str:
    if not file.name:
        return f"attachment {file.attachment_id}"
    return f"attachment {file.attachment_id} ({file.name})"


async def _text_of_file(
    file: AttachmentSummary, fetched: Fetched, access: Access, patience: Patience, missed: list[str]
) -> str | None:
    """The text of a file; what cannot be looked at, or only in part, is added to `missed`."""
    text: str | None = None
    why = "there was no time left"
    with anyio.move_on_after(max(patience.left, 0)):
        found = await access.reader.text_of(fetched, file.attachment_id)
        text = found.text
        why = " ".join(found.notes)

    is_in_part = any(words in why for words in _IN_PART)
    if text is None or is_in_part:
        missed.append(f"{_named_file(file)}: {why}")
    return text
