"""Facts of messages as an index has them."""

from contextlib import suppress

from mail_archive_tools.errors import IndexUnusable
from mail_archive_tools.index.engine import Index
from mail_archive_tools.storage.kept_facts import FactsKept, Nowhere


class FactsOfIndex(Nowhere):
    """Those of one archive; of messages that the index does not have, those that are kept elsewhere."""

    def __init__(self, index: Index, archive_id: str, otherwise: FactsKept) -> None:
        self._index = index
        self._archive_id = archive_id
        self._otherwise = otherwise

    def get(self, archived_message_id: str) -> bytes | None:
        with suppress(IndexUnusable):
            packed = self._index.facts(self._archive_id, archived_message_id)
            if packed is not None:
                return packed
        return self._otherwise.get(archived_message_id)
