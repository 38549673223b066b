"""An index filled from a local archive's folder, or through the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread

from mail_archive_server.backends import dkim_keys_of, open_access
from mail_archive_server.indexes import made_of
from mail_archive_tools.errors import NotFound, Unreadable
from mail_archive_tools.indexing.indexer import Fetch, Indexer, by_link
from mail_archive_tools.indexing.tally import IndexTally
from mail_archive_tools.storage.index_file.index_file import IndexFile

if TYPE_CHECKING:
    from mail_archive_local import ArchiveFolder
    from mail_archive_server.settings import Settings
    from mail_archive_tools.reading.fetching.messages import Fetched
    from mail_archive_tools.reading.reader import Reader
    from mail_archive_tools.service.shapes import Row


async def fill(
    settings: Settings,
    place: Path,
    archive_id: str,
    between: tuple[datetime, datetime],
    *,
    at_once: int,
    report: Callable[[IndexTally], None],
    stopped: Callable[[], bool],
) -> IndexTally:
    """Put in what an archive holds of a range. Of a local archive that is the user's own, messages are read where they
    lie.

    Raises:
        IndexUnusable: it cannot be written.
        ArchiveError: the archive cannot be searched. What was put in is kept.
    """
    access = open_access(settings)
    index = IndexFile(place, made_of(settings, dkim_keys_of(settings)), writes=True)
    begin, end = between
    try:
        with _fetcher(settings) as fetch:
            indexer = Indexer(access, index, report, stopped, fetch, at_once)
            return await indexer.complete(archive_id, begin, end)
    finally:
        index.close()


class _fetcher:
    """How messages are had: of a folder's owner, from the folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder: ArchiveFolder | None = None

    def __enter__(self) -> Fetch:
        local = self._settings.local
        # A user of identity.json may not be allowed to read all of it.
        if local is None or self._settings.profile is not None:
            return by_link

        from mail_archive_local import ArchiveFolder

        self._folder = ArchiveFolder(local, looking=True)
        return self._of_folder

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.close()

    async def _of_folder(self, reader: Reader, row: Row) -> Fetched:
        from mail_archive_local import LocalArchiveError

        assert self._folder is not None
        archived_message_id = row["ArchivedMessageId"]
        try:
            found = await to_thread.run_sync(self._folder.message, archived_message_id)
        except LocalArchiveError as error:
            raise Unreadable(str(error)) from error
        if found is None:
            raise NotFound(f"There is no message {archived_message_id}.")

        raw, noted = found
        # The row has the time as the API gives it.
        metadata = {**noted.get("Metadata", {}), "Timestamp": row["ReceivedTimestamp"]}
        told = reader.told.of(archived_message_id)
        return await reader.read_with(archived_message_id, raw, {**noted, "Metadata": metadata}, told)
