"""Whether what was read can be relied on: of what is kept beyond this process, one in a hundred is read again.

A worker that one mail has taken over may lie about those that it reads next. The second reading is done by a worker
that has read nothing else, so that no other mail can have taken it over.
"""

import logging
import secrets
from weakref import WeakKeyDictionary

from mail_archive_tools.sandbox.pool import Batch

READ_AGAIN = 100
"""One in so many is read again. Which one cannot be foreseen."""

_log = logging.getLogger(__name__)


class Proving:
    """What was kept of each batch."""

    def __init__(self, one_in: int = READ_AGAIN) -> None:
        self.one_in = one_in
        self._ids: WeakKeyDictionary[Batch, list[str]] = WeakKeyDictionary()

    def is_next(self) -> bool:
        """Whether the message that was just read is to be read again."""
        return secrets.randbelow(self.one_in) == 0

    def kept(self, batch: Batch, archived_message_id: str) -> None:
        self._ids.setdefault(batch, []).append(archived_message_id)

    def discard(self, batch: Batch) -> list[str]:
        """The messages whose facts are not to be kept, since one of their batch was read otherwise by another worker.
        That is logged."""
        ids = self._ids.pop(batch, [])
        _log.warning(
            "A message was read otherwise by a worker that had read nothing else: one of its batch may have taken its "
            "worker over. What was kept of the batch (archive %s, %d messages) was discarded, and is read anew.",
            batch.archive_id or "not known",
            len(ids),
        )
        return ids
