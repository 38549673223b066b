"""Which messages of a local archive are meant: all, or what the words of `search_archive` find, oldest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mail_archive_local.operations.searches import query_of
from mail_archive_local.storage.given.records import whole_record
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.row_keys import second_of
from mail_archive_local.storage.store import Store
from mail_archive_tools.models.filters import SearchWords
from mail_archive_tools.models.moments import iso
from mail_archive_tools.service.filters import filters_of

# No message of an archive was received before or after.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2400, 1, 1, tzinfo=UTC)
_ALL = 1 << 40


@dataclass(frozen=True)
class Selected:
    """A message that is meant: `second` is when it was received, since 1970."""

    archived_message_id: str
    second: int
    raw: bytes
    row: str
    """JSON, as a search's results have it."""


@dataclass(frozen=True)
class Selection:
    """Words and a range; what is absent asks nothing."""

    words: SearchWords
    exclude: SearchWords | None = None
    begin: datetime | None = None
    end: datetime | None = None

    def asked(self) -> dict[str, Any]:
        """What is asked, in the words of `search_archive`."""
        members: dict[str, Any] = self.words.model_dump(exclude_none=True, by_alias=False)
        if self.exclude is not None:
            members["exclude"] = self.exclude.model_dump(exclude_none=True, by_alias=False)
        if self.begin is not None:
            members["from_timestamp"] = iso(self.begin)
        if self.end is not None:
            members["to_timestamp"] = iso(self.end)
        return members

    def ids(self, store: Store, archive: ArchiveRecord) -> Iterator[str]:
        """The ids of the messages, in the order of receipt."""
        for key in self._keys(store, archive):
            message = store.message_with_key(key)
            if message is not None:
                yield message.archived_message_id

    def messages(self, store: Store, archive: ArchiveRecord) -> Iterator[Selected]:
        """The messages, in the order of receipt; those of one second in the order of their keys.

        Raises:
            MessageDamaged: the bytes or the record of one are not what was put in.
        """
        for key in self._keys(store, archive):
            raw = store.raw_message(key)
            # It may have been deleted for its age since its key was found.
            message = whole_record(store, archive.number, key, raw)
            if message is not None and raw is not None:
                yield Selected(message.archived_message_id, second_of(key), raw, message.api_row)

    def _keys(self, store: Store, archive: ArchiveRecord) -> list[int]:
        keys: set[int] = set()
        # Words may be more than one search of the API can ask for.
        for filters in filters_of(self.words, self.exclude):
            request: dict[str, Any] = {"FromTimestamp": self.begin or _FIRST, "ToTimestamp": self.end or _LAST}
            if filters:
                request["Filters"] = filters
            keys.update(store.find(query_of(archive.number, request), _ALL))

        # A key begins with the second of receipt.
        return sorted(keys)
