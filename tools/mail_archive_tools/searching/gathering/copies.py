"""Rows of one message: archived once for each recipient, or both when it was sent and when it was received. Pure.

A Message-ID alone proves nothing, since any sender can write another message's: the author, the subject, the date and
whether there are attachments must be the same as well, or a forgery could hide behind the message that it imitates.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from mail_archive_tools.mime.fields.subjects import base_subject
from mail_archive_tools.service.shapes import Row

_Item = TypeVar("_Item")


def same_message(row: Row) -> tuple[object, ...] | None:
    """What all rows of one message have in common; None for one without Message-ID, of which no other is a copy."""
    message_id = row.get("MessageId", "").strip()
    if not message_id:
        return None
    subject = base_subject(row.get("Subject", ""))
    return (message_id, row.get("From", ""), subject, row.get("Date", ""), row.get("HasAttachments"))


def group_copies(items: Iterable[_Item], row_of: Callable[[_Item], Row]) -> list[list[_Item]]:
    """What there is of each message, in the order of its first ones."""
    groups: list[list[_Item]] = []
    known: dict[tuple[object, ...], list[_Item]] = {}
    for item in items:
        same = same_message(row_of(item))
        if same is not None and same in known:
            known[same].append(item)
            continue
        groups.append([item])
        if same is not None:
            known[same] = groups[-1]

    return groups
