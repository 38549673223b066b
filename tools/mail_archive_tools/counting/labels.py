"""What is counted of a row: names as a person reads them, and numbers that tell values from others. Pure."""

from functools import lru_cache

from mail_archive_tools.index.entry import Labels, stable_number
from mail_archive_tools.mime.fields.addresses import Mailbox, read_addresses, read_authors
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.mime.fields.message_ids import answered_ids, message_ids
from mail_archive_tools.mime.fields.subjects import base_subject, is_answer
from mail_archive_tools.searching.gathering.copies import same_message
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.untrusted import clean_line, shorten

NOBODY = "(no address)"
NO_SUBJECT = "(no subject)"
NO_TIME = -(2**62)
"""The millisecond of a row that says no time."""
NAME_BYTES = 1_000
"""How much of a value tells it from others, in bytes of UTF-8."""
_RECIPIENTS = 200
"""Recipients of one row that are counted at most."""


def labels_of(row: Row) -> Labels:
    """What is counted of a row."""
    same = same_message(row)
    copy = 0
    if same is not None:
        copy = stable_number(same)
    return Labels(
        archived_message_id=row.get("ArchivedMessageId", ""),
        millisecond=_millisecond(row),
        copy=copy,
        sender=_sender(row.get("From", "")),
        subject=_subject(row.get("Subject", "")),
        recipients=tuple(_recipients(row)),
        attachment=_attachment(row.get("HasAttachments")),
        source=_source(row),
        message_id=_id(message_ids(row.get("MessageId", ""))),
        answered=_id(answered_ids(row.get("InReplyTo", ""))),
        is_answer=is_answer(row.get("Subject", "")),
    )


def _millisecond(row: Row) -> int:
    """When it was received, in milliseconds since 1970."""
    moment = row.get("ReceivedTimestamp")
    if moment is None:
        return NO_TIME
    return int(moment.timestamp() * 1000)


def _id(found: list[str]) -> int:
    """What tells the first Message-ID from others; 0: there is none."""
    if not found:
        return 0
    return stable_number(found[0])


@lru_cache(maxsize=2_000)
def _sender(value: str) -> str:
    return next(map(_name, read_authors(value)), NOBODY)


@lru_cache(maxsize=2_000)
def _subject(value: str) -> str:
    return shorten(clean_line(base_subject(value)), NAME_BYTES) or NO_SUBJECT


def _attachment(has_attachments: bool | None) -> int:
    """0: without, 1: with, -1: the row does not say."""
    if has_attachments is None:
        return -1
    return int(has_attachments)


def _recipients(row: Row) -> list[str]:
    """Those of To and Cc, or of the envelope where the headers name nobody: each once."""
    named = [*_mailboxes(row.get("To", "")), *_mailboxes(row.get("Cc", ""))]
    if not named:
        named = [each.lower() for each in row.get("Envelope", {}).get("To", [])]
    if not named:
        return [NOBODY]

    shown = [shorten(clean_line(each), NAME_BYTES) for each in named[:_RECIPIENTS]]
    return list(dict.fromkeys(shown))


@lru_cache(maxsize=2_000)
def _mailboxes(value: str) -> tuple[str, ...]:
    # A group without members has a name alone: "undisclosed-recipients:;" (RFC 5322, 3.4).
    return tuple(_name(mailbox) for mailbox in read_addresses(value) if mailbox.address)


def _name(mailbox: Mailbox) -> str:
    written = decode_words(mailbox.address or mailbox.name)
    return shorten(clean_line(written).lower(), NAME_BYTES) or NOBODY


def _source(row: Row) -> int:
    """0: received, 1: sent, -1: the row does not say. By the ARN of what archived it: a rule set, or a configuration
    set's archive; mail archived before there was one has an ingress point, if it was received."""
    arn = row.get("SourceArn", "")
    if "rule-set/" in arn or row.get("IngressPointId"):
        return 0
    if arn:
        return 1
    return -1
