"""A record beside what today's reader makes of its message: information, since readers change and records stay."""

import json
from typing import Any

from mail_archive_local.importing.record import describe
from mail_archive_local.storage.integrity.hashes import Kept

_OF_HEADERS = (
    *("From", "To", "Cc", "Subject", "Date", "MessageId", "InReplyTo", "XMailer", "XOriginalMailer", "XPriority"),
    *("HasAttachments", "ReceivedHeaders"),
)
"""The members of a row that are read from the message alone: time and envelope may have come from elsewhere."""


def differs(kept: Kept) -> bool:
    """Whether a record would be another one if its message were read today."""
    row: dict[str, Any] = json.loads(kept.api_row)
    archive_id = kept.archive_id if isinstance(kept.archive_id, str) else kept.archive_id.decode()
    anew = describe(kept.raw, archive_id, 0.0)
    read: dict[str, Any] = json.loads(anew.api_row)
    if any(row.get(name) != read.get(name) for name in _OF_HEADERS):
        return True
    # To, From, Cc and Subject as searches look at them; the two of the envelope come after.
    return [_text(each) for each in kept.searchable[:4]] != list(anew.searchable[:4])


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
