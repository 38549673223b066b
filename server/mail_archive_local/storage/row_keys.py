"""A message's key: archive number, second of receipt and place within that second, in one 63-bit integer.

Keys sort by time within an archive, so a time range is a range of keys and "the newest twenty" is where the
index ends. Its ArchivedMessageId is made of its bytes, so that it tells whether they are still the same.
"""

import hashlib

# A rowid is a signed integer of 64 bits (https://www.sqlite.org/lang_createtable.html#rowid); none here is negative.
_SECOND_BITS = 35
_PLACE_BITS = 18
_SECONDS_BEFORE_1970 = 1 << (_SECOND_BITS - 2)

ARCHIVE_SHIFT = _SECOND_BITS + _PLACE_BITS
"""How many bits of a key stand below its archive's number."""
MAX_ARCHIVE = (1 << (63 - ARCHIVE_SHIFT)) - 1
PLACES = 1 << _PLACE_BITS
"""Messages that one archive can hold for one second."""

_ID_LENGTH = 26


def first_key(archive: int, second: int) -> int:
    """The lowest key of that second in that archive."""
    latest = (1 << _SECOND_BITS) - 1
    # What is before or after all that a key can say counts as its first or last second.
    bounded = min(max(second + _SECONDS_BEFORE_1970, 0), latest)
    return (archive << _SECOND_BITS | bounded) << _PLACE_BITS


def last_key(archive: int, second: int) -> int:
    """The highest key of that second in that archive."""
    return first_key(archive, second) + PLACES - 1


def archive_of(key: int) -> int:
    """The archive number in a key."""
    return key >> ARCHIVE_SHIFT


def second_of(key: int) -> int:
    """The second of receipt in a key, since 1970."""
    without_place = key >> _PLACE_BITS
    return without_place % (1 << _SECOND_BITS) - _SECONDS_BEFORE_1970


def message_id_of(raw: bytes, archive_id: str) -> str:
    """The archived message id: of the bytes and the archive alone, so that a second import finds the first."""
    # No id of an archive has a NUL: what belongs to it, and what to the message, is told apart.
    whole = hashlib.sha256(archive_id.encode() + b"\0" + raw)
    return whole.hexdigest()[:_ID_LENGTH]


def are_as_put_in(raw: bytes, archived_message_id: str, archive_id: str, given_sha256: bytes | None) -> bool:
    """Whether the bytes of a message are those that were put in: by the SHA-256 that its id is made of, or by the one
    that was noted, where the id is another archive's and says nothing of them."""
    if given_sha256 is not None:
        return hashlib.sha256(raw).digest() == given_sha256
    return message_id_of(raw, archive_id) == archived_message_id
