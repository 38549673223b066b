"""Messages as an index takes them, made up."""

from datetime import UTC, datetime
from typing import Any

from mail_archive_tools.counting.labels import labels_of
from mail_archive_tools.index.entry import Entry
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.words.texts import Texts

ARCHIVE = "a-one"
_OF_ENTRY = ("values", "numbers", "is_cut", "files_are_cut", "unread")


def row(name: str, second: float, **members: Any) -> Row:
    found: Any = {
        "ArchivedMessageId": name,
        "ReceivedTimestamp": datetime.fromtimestamp(second, UTC),
        "From": "Ann <ann@a.example>",
        "To": "ben@b.example",
        "Subject": name,
        "MessageId": f"<{name}@a.example>",
        "HasAttachments": False,
        **members,
    }
    made: Row = found
    return made


def entry(name: str, second: float, own: str = "", **members: Any) -> Entry:
    """One that was read; `texts` and what `_OF_ENTRY` names are the entry's, all others its row's."""
    of_entry = {key: members.pop(key) for key in _OF_ENTRY if key in members}
    texts = members.pop("texts", Texts(own=own))
    of_row = row(name, second, **members)
    of_entry.setdefault("numbers", {"size_bytes": 1_000})
    return Entry(of_row, labels_of(of_row), texts=texts, **of_entry)
