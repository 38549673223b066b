"""Hashes for messages that a version before put in without."""

import hashlib

from mail_archive_local.storage.putting import Unhashed
from mail_archive_local.storage.row_keys import message_id_of
from mail_archive_local.storage.store import Store


def hash_the_rest(store: Store) -> int:
    """Give the messages of an archive of a version before the hashes that they do not have; returns how many got one.
    One that is no longer what was put in gets none, and is noted as damaged."""
    return store.hash_the_rest(_is_whole)


def _is_whole(message: Unhashed) -> bool:
    kept = message.kept
    if message.sha256 is not None:
        return hashlib.sha256(kept.raw).digest() == message.sha256
    # Its id is made of its bytes.
    return message_id_of(kept.raw, str(kept.archive_id)) == kept.archived_message_id
