"""Since when an archive holds mail: a search need not begin before it."""

import math
import time
from datetime import UTC, datetime

import anyio

from mail_archive_tools.calls.waiting import in_time
from mail_archive_tools.errors import AccessDenied, ServiceFailed
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.retention import longest_kept

KNOWN_SECONDS = 10.0
"""How long an answer of GetArchive stands: for the pages of one question, and not for long, since an
archive that is a copy may be filled with mail that is older than what it had."""


class Lifetimes:
    """The beginnings of one identity's archives, each asked for once in a while."""

    def __init__(self, client: MailManager) -> None:
        self._client = client
        self._known: dict[str, tuple[datetime | None, float]] = {}
        self._asking = anyio.Lock()

    async def begins(self, archive_id: str) -> datetime | None:
        """The moment that no message of the archive is older than: its creation, or what its retention leaves. None
        where that is not known, so that all of a range has to be searched: the right to ask is not everybody's.

        Raises:
            ArchiveError: there is no such archive, or the service cannot be reached.
        """
        async with in_time(self._asking):
            begins, expires_at = self._known.get(archive_id, (None, 0.0))
            if time.monotonic() < expires_at:
                return begins

            try:
                begins = await self._ask(archive_id)
            except ServiceFailed:
                # All of the range is searched then; the next call asks anew.
                return None
            self._known[archive_id] = (begins, time.monotonic() + KNOWN_SECONDS)
            return begins

    async def _ask(self, archive_id: str) -> datetime | None:
        try:
            archive = await self._client.get_archive(archive_id)
        except AccessDenied:
            return None

        limits: list[datetime] = []
        created = archive.get("CreatedTimestamp")
        if created is not None:
            limits.append(created)
        kept = longest_kept(archive.get("Retention", {}).get("RetentionPeriod", ""))
        if kept is not None:
            limits.append(datetime.now(UTC) - kept)

        if not limits:
            return None
        # Whole seconds, as searches are; the earlier one where there is a fraction.
        return datetime.fromtimestamp(math.floor(max(limits).timestamp()), UTC)
