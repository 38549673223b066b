"""Rows of one message: archived once for each recipient, or both when it was sent and when it was received. Pure.

A Message-ID alone proves nothing, since any sender can write another message's: the author, the subject, the date and
whether there are attachments must be the same as well, or a forgery could hide behind the message that it imitates.
"""

from collections.abc import Iterable

from mail_archive_tools.mime.fields.subjects import base_subject
from mail_archive_tools.service.shapes import Row


def same_message(row: Row) -> tuple[object, ...] | None:
    """What all rows of one message have in common; None for one without Message-ID, of which no other is a copy."""
    message_id = row.get("MessageId", "").strip()
    if not message_id:
        return None
    subject = base_subject(row.get("Subject", ""))
    return (message_id, row.get("From", ""), subject, row.get("Date", ""), row.get("HasAttachments"))


def group_copies(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each message, in the order of their first ones."""
    groups: list[list[Row]] = []
    known: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        same = same_message(row)
        if same is not None and same in known:
            known[same].append(row)
            continue
        groups.append([row])
        if same is not None:
            known[same] = groups[-1]
    return groups
