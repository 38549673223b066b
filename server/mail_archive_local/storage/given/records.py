"""The record of one message beside its hash: what is written elsewhere as evidence is what was put in."""

from typing import Any

from mail_archive_local.storage.failures import MessageDamaged
from mail_archive_local.storage.integrity.hashes import Kept, as_bytes, as_text, message_hash
from mail_archive_local.storage.store import MessageRecord, Store

_RECORD = """
SELECT a.archive_id, m.archived_message_id, m.api_row, m.metadata,
  s."to", s."from", s.cc, s.subject, s.envelope_to, s.envelope_from, m.has_attachments, h.sha256
FROM message m
LEFT JOIN searchable s ON s.id = m.id
LEFT JOIN archive a ON a.number = ?
LEFT JOIN message_hash h ON h.id = m.id
WHERE m.id = ?
"""


def whole_record(store: Store, archive: int, key: int, raw: bytes | None) -> MessageRecord | None:
    """What is kept of the message with that key and those bytes; None where there is no such message. One
    that a version before put in has no hash until the next import, and is taken as it is.

    Raises:
        MessageDamaged: it is not what was put in.
    """
    with store.reading() as db, as_bytes(db):
        row = db.execute(_RECORD, (archive, key)).fetchone()
    if row is None:
        return None

    *texts, has_attachments, noted = row
    message_id = as_text(texts[1])
    if raw is None or not _is_what_was_hashed(key, texts, has_attachments, raw, noted):
        raise MessageDamaged(
            f"The record of message {message_id} of the local archive at {store.folder} is not what was put in: its "
            f"SHA-256 is another. `mail-archive-mcp verify {store.folder}` says all that is damaged; the next import "
            "of the mail that it was made of puts it in anew."
        )

    return MessageRecord(key, message_id, texts[2].decode("utf-8", "replace"), texts[3].decode("utf-8", "replace"))


def _is_what_was_hashed(key: int, texts: list[Any], has_attachments: Any, raw: bytes, noted: bytes | None) -> bool:
    # A column that lost its type was damaged: SQLite keeps any type in any column.
    if not isinstance(has_attachments, int):
        return False
    if not all(isinstance(text, bytes) for text in texts):
        return False
    if noted is None:
        return True

    archive_id, message_id, api_row, metadata, *searchable = texts
    kept = Kept(archive_id, key, message_id, has_attachments, api_row, metadata, searchable, raw)
    return message_hash(kept) == noted
